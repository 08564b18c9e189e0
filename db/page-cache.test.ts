import t from 'tap'
import { at } from './index-contract.ts'
import { newInfo } from './info.ts'
import { PageCache } from './page-cache.ts'

const INFO = newInfo({ account: 'a', container: 'c' }, at(1), 0)

t.test('a page that was asked for twice is not rendered again until something changes', async (t) => {
  const cache = new PageCache()
  let rendered = 0
  const ask = async (info = INFO, question = 'q'): Promise<string> => {
    const render = async (): Promise<Buffer> => {
      rendered += 1
      return Buffer.from(String(rendered))
    }
    return String(await cache.page(info, [question], render))
  }
  t.same([await ask(), await ask(), await ask(), await ask()], ['1', '2', '2', '2'])
  t.same([await ask(INFO, 'other'), await ask()], ['3', '2'])
  const changed = { ...INFO, sequence: 1 }
  t.same([await ask(changed), await ask(changed), await ask(changed)], ['4', '5', '5'])
  t.equal(await ask({ ...INFO, name: { account: 'b' } }), '6')
  t.equal(await ask({ ...changed, createdAt: at(9) }), '7')
})

t.test('memory is bounded: the page that was asked for longest ago goes first', async (t) => {
  const cache = new PageCache()
  const large = Buffer.alloc(6 * 1024 * 1024)
  const ask = async (question: string): Promise<boolean> => {
    let rendered = false
    await cache.page(INFO, [question], async () => {
      rendered = true
      return large
    })
    return rendered
  }
  const twice = async (question: string): Promise<void> => {
    await ask(question)
    await ask(question)
  }
  await twice('a')
  await twice('b')
  t.equal(await ask('a'), false)
  await twice('c')
  t.equal(await ask('a'), false)
  t.equal(await ask('b'), true)
})

t.test('a page with rows that expire is right from when it was made to the first end of one', async (t) => {
  const cache = new PageCache()
  const ask = async (atSeconds: number): Promise<string> => {
    const rendered = { body: Buffer.from(String(atSeconds)), rightUntil: 200 }
    return String(await cache.pageAt(INFO, ['q'], atSeconds, async () => rendered))
  }
  t.same([await ask(100), await ask(101), await ask(150)], ['100', '101', '101'])
  t.equal(await ask(99), '99', 'the clock was ahead')
  t.equal(await ask(200), '200')
})

import t from 'tap'
import { at } from './index-contract.ts'
import { newInfo } from './info.ts'
import { PageCache } from './page-cache.ts'

const INFO = newInfo({ account: 'a', container: 'c' }, at(1), 0)

t.test('a page is rendered once while nothing changes, and again after a change', async (t) => {
  const cache = new PageCache()
  let rendered = 0
  const render = async (): Promise<Buffer> => {
    rendered += 1
    return Buffer.from(String(rendered))
  }
  t.equal(String(await cache.page(INFO, ['q'], render)), '1')
  t.equal(String(await cache.page(INFO, ['q'], render)), '1')
  t.equal(String(await cache.page(INFO, ['other'], render)), '2')
  t.equal(String(await cache.page({ ...INFO, sequence: 1 }, ['q'], render)), '3')
  t.equal(String(await cache.page({ ...INFO, name: { account: 'b' } }, ['q'], render)), '4')
  t.equal(String(await cache.page({ ...INFO, createdAt: at(9), sequence: 1 }, ['q'], render)), '5')
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
  t.same([await ask('a'), await ask('b'), await ask('a')], [true, true, false])
  t.equal(await ask('c'), true)
  t.equal(await ask('a'), false)
  t.equal(await ask('b'), true)
})

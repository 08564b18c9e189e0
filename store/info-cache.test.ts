import t from 'tap'
import { VirtualClock } from '#base/virtual-clock.ts'
import { InfoCache, type Known, type SharedCache, type Unknown } from './info-cache.ts'

type Info = { readonly value: number }

class SharedTwin implements SharedCache {
  readonly items = new Map<string, string>()

  async get(key: string): Promise<string | undefined> {
    return this.items.get(key)
  }

  async add(key: string, value: string): Promise<void> {
    if (!this.items.has(key)) this.items.set(key, value)
  }

  async forget(key: string): Promise<void> {
    this.items.delete(key)
  }
}

function start(shared?: SharedCache): {
  clock: VirtualClock
  cache: InfoCache<Info>
  loads: () => number
  load: () => Promise<Known<Info>>
} {
  const clock = new VirtualClock()
  const cache = new InfoCache<Info>({ clock, kind: 'container', livesMs: 60_000, shared, entriesMax: 3 })
  let count = 0
  const load = async (): Promise<Known<Info>> => ({ kind: 'exists', info: { value: (count += 1) } })
  return { clock, cache, load, loads: () => count }
}

t.test('what was looked up is known for a minute', async (t) => {
  const { clock, cache, load } = start()
  t.same(await cache.get('k', load), { kind: 'exists', info: { value: 1 } })
  await clock.advance(59_999)
  t.same(await cache.get('k', load), { kind: 'exists', info: { value: 1 } })
  await clock.advance(1)
  t.equal(cache.held('k'), undefined)
  t.same(await cache.get('k', load), { kind: 'exists', info: { value: 2 } })
})

t.test('absence is believed a tenth as long', async (t) => {
  const { clock, cache } = start()
  await cache.get('k', async () => ({ kind: 'absent' }))
  await clock.advance(5999)
  t.same(cache.held('k'), { kind: 'absent' })
  await clock.advance(1)
  t.equal(cache.held('k'), undefined)
})

t.test('what nobody could tell is not kept', async (t) => {
  const { cache, load } = start()
  t.match(await cache.get('k', async () => ({ kind: 'unavailable', reason: 'all dead' })), {
    kind: 'unavailable',
  })
  t.match(await cache.get('k', load), { kind: 'exists' })
})

t.test('callers at the same time share one look-up', async (t) => {
  const { cache, load, loads } = start()
  await Promise.all([cache.get('k', load), cache.get('k', load), cache.get('k', load)])
  t.equal(loads(), 1)
})

t.test('what is forgotten while it is looked up is given, but not kept', async (t) => {
  const { cache, load } = start(new SharedTwin())
  let arrive: (known: Known<Info> | Unknown) => void = () => {}
  const reading = cache.get('k', () => new Promise((resolve) => (arrive = resolve)))
  await new Promise((resolve) => setImmediate(resolve))
  await cache.forget('k')
  arrive({ kind: 'exists', info: { value: 99 } })
  t.match(await reading, { info: { value: 99 } })
  t.match(await cache.get('k', load), { info: { value: 1 } })
})

t.test('a look-up that rejects is not remembered', async (t) => {
  const { cache, load } = start()
  await t.rejects(
    cache.get('k', async () => await Promise.reject(new Error('bug'))),
    /bug/,
  )
  t.match(await cache.get('k', load), { kind: 'exists' })
})

t.test('the shared cache is asked first, and told', async (t) => {
  const shared = new SharedTwin()
  const one = start(shared)
  const other = start(shared)
  await one.cache.get('k', one.load)
  t.same([...shared.items.keys()], ['container/k'])
  t.match(await other.cache.get('k', other.load), { info: { value: 1 } })
  t.equal(other.loads(), 0)
  await other.cache.forget('k')
  t.equal(shared.items.size, 0)
})

t.test('the least recently used leaves first', async (t) => {
  const { cache, load } = start()
  for (const key of ['a', 'b', 'c']) await cache.get(key, load)
  cache.held('a')
  await cache.get('d', load)
  t.ok(cache.held('a'))
  t.equal(cache.held('b'), undefined)
  cache.keep('e', { kind: 'absent' })
  cache.forgetHere('e')
  t.equal(cache.held('e'), undefined)
})

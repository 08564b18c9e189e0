import fc from 'fast-check'
import t from 'tap'
import { type Timestamp, ticksOf, timestampFromTicks } from '#base/timestamp.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import { type HighWaterStore, HybridClock } from './hybrid-clock.ts'

class MarkStore implements HighWaterStore {
  mark: Timestamp | undefined
  saves = 0
  broken = false

  async load(): Promise<Timestamp | undefined> {
    return this.mark
  }

  async save(mark: Timestamp): Promise<void> {
    this.saves += 1
    if (this.broken) throw new Error('disk on fire')
    this.mark = mark
  }
}

function wallTicks(clock: VirtualClock): number {
  return Math.floor(clock.wallMs() * 100)
}

t.test('timestamps follow the wall clock, each later than the one before', async (t) => {
  const clock = new VirtualClock()
  const times = await HybridClock.open(clock, new MarkStore())
  const first = await times.next()
  const second = await times.next()
  t.equal(ticksOf(first), wallTicks(clock))
  t.equal(ticksOf(second), wallTicks(clock) + 1)
  await clock.advance(5000)
  t.equal(ticksOf(await times.next()), wallTicks(clock))
})

t.test(
  'processes with lanes of their own never give the same time, whatever they learn of each other',
  async (t) => {
    const clock = new VirtualClock()
    const opened = [0, 1, 2, 31].map((lane) => HybridClock.open(clock, new MarkStore(), undefined, lane))
    const clocks = await Promise.all(opened)
    const given = new Map<number, Timestamp[]>()
    for (let turn = 0; turn < 200; turn += 1) {
      const seen: Timestamp[] = []
      for (const [at, times] of clocks.entries()) {
        const next = await times.next()
        const before = given.get(at) ?? []
        t.ok(before.every((one) => one < next))
        given.set(at, [...before, next])
        seen.push(next)
      }
      // All go on after the same.
      for (const times of clocks) for (const one of seen) times.observe(one)
      if (turn % 10 === 0) await clock.advance(1)
    }
    const all = [...given.values()].flat()
    t.equal(new Set(all).size, all.length)
  },
)

t.test('a wall clock that jumps back does not take the timestamps with it', async (t) => {
  const clock = new VirtualClock()
  const times = await HybridClock.open(clock, new MarkStore())
  const before = await times.next()
  clock.jumpWall(-3_600_000)
  t.ok((await times.next()) > before)
})

t.test('whatever happens, time never goes back, not across restarts either', async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 10_000 }) }),
    fc.record({ kind: fc.constant('jump' as const), ms: fc.integer({ min: -10_000, max: 10_000 }) }),
    fc.record({ kind: fc.constant('take' as const), count: fc.integer({ min: 1, max: 50 }) }),
    fc.record({
      kind: fc.constant('observe' as const),
      ahead: fc.integer({ min: -100_000, max: 5_000_000 }),
    }),
    fc.record({ kind: fc.constant('restart' as const) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const clock = new VirtualClock()
      const store = new MarkStore()
      let times = await HybridClock.open(clock, store)
      let last = ''
      for (const one of steps) {
        if (one.kind === 'advance') await clock.advance(one.ms)
        else if (one.kind === 'jump') clock.jumpWall(one.ms)
        else if (one.kind === 'restart') times = await HybridClock.open(clock, store)
        else if (one.kind === 'observe') times.observe(timestampFromTicks(wallTicks(clock) + one.ahead))
        else {
          for (let at = 0; at < one.count; at += 1) {
            const next = await times.next()
            if (next <= last) return false
            last = next
          }
        }
      }
      return true
    }),
    { numRuns: 100 },
  )
})

t.test('the next timestamp is later than one that was seen, unless that is absurd', async (t) => {
  const clock = new VirtualClock()
  const times = await HybridClock.open(clock, new MarkStore())
  const seen = timestampFromTicks(wallTicks(clock) + 30 * 100_000)
  times.observe(seen)
  t.ok((await times.next()) > seen)
  times.observeHeader(timestampFromTicks(wallTicks(clock) + 3600 * 100_000))
  times.observeHeader('no time')
  times.observeHeader(undefined)
  t.ok(ticksOf(await times.next()) < wallTicks(clock) + 31 * 100_000)
  const sound = timestampFromTicks(wallTicks(clock) + 40 * 100_000)
  times.observeHeader(sound)
  times.observeHeader(seen)
  t.ok((await times.next()) > sound, 'what was absurd hides nothing')
})

t.test(
  'what a wrong clock gave counts no more when most hosts have the time of the wall clock',
  async (t) => {
    const clock = new VirtualClock()
    const store = new MarkStore()
    const weekMs = 7 * 86_400_000
    clock.jumpWall(weekMs)
    const ahead = await (await HybridClock.open(clock, store)).next()
    clock.jumpWall(-weekMs)
    const times = await HybridClock.open(clock, store)
    t.ok((await times.next()) > ahead, 'by itself it never goes back')
    times.rewind()
    const last = await times.next()
    t.ok(ticksOf(last) <= wallTicks(clock) + 1)
    times.rewind()
    t.ok((await times.next()) > last, 'a clock in order goes on')
    t.ok((await (await HybridClock.open(clock, store)).next()) > last, 'after a restart too')
  },
)

t.test('the disk is asked now and then, not for every timestamp', async (t) => {
  const clock = new VirtualClock()
  const store = new MarkStore()
  const times = await HybridClock.open(clock, store)
  for (let at = 0; at < 1000; at += 1) {
    await times.next()
    if (at % 10 === 0) await clock.advance(10)
  }
  t.ok(store.saves <= 4, `${store.saves} times for 1,000 timestamps in a second`)
})

/** A clock whose mark cannot be kept any more and is used up. */
async function stranded(): Promise<{
  clock: VirtualClock
  store: MarkStore
  times: HybridClock
  troubles: unknown[]
}> {
  const clock = new VirtualClock()
  const store = new MarkStore()
  const troubles: unknown[] = []
  const times = await HybridClock.open(clock, store, (error) => troubles.push(error))
  store.broken = true
  await clock.advance(10_000)
  return { clock, store, times, troubles }
}

t.test(
  'when no mark can be kept, time goes on with the wall clock, and the store is left alone a while',
  async (t) => {
    const { clock, store, times, troubles } = await stranded()
    t.equal(ticksOf(await times.next()), wallTicks(clock))
    t.match(troubles, [{ message: 'disk on fire' }])
    await clock.advance(100)
    const last = await times.next()
    t.equal(ticksOf(last), wallTicks(clock))
    t.equal(store.saves, 2, 'one at the start, one that failed')
    await clock.advance(1)
    const restarted = await HybridClock.open(clock, store)
    t.ok((await restarted.next()) > last, 'nor does it go back at a restart')
    store.broken = false
    await clock.advance(1000)
    await times.next()
    t.ok(store.mark !== undefined && ticksOf(store.mark) > wallTicks(clock), 'once it can be kept it is')
  },
)

t.test('without a mark, a timestamp ahead of the wall clock waits for it, or is refused', async (t) => {
  const { clock, times } = await stranded()
  times.observe(timestampFromTicks(wallTicks(clock) + 50_000))
  const waiting = times.next()
  await clock.advance(400)
  let given = false
  void waiting.then(() => (given = true))
  await clock.advance(50)
  t.notOk(given)
  await clock.advance(51)
  t.equal(ticksOf(await waiting), wallTicks(clock) - 99)
  times.observe(timestampFromTicks(wallTicks(clock) + 30 * 100_000))
  await t.rejects(times.next(), /ahead of the wall/)
})

t.test('a store that hangs is waited for once, and asked again when it has come back', async (t) => {
  const { clock, store, times, troubles } = await stranded()
  const hung = Promise.withResolvers<void>()
  store.save = async () => {
    store.saves += 1
    await hung.promise
  }
  const first = times.next()
  await clock.advance(1000)
  t.ok(await first)
  t.match(troubles, [{ message: /1000 ms/ }])
  t.ok(await times.next())
  t.equal(store.saves, 2)
  hung.resolve()
  await clock.advance(10_000)
  t.ok(await times.next())
  t.equal(store.saves, 3)
})

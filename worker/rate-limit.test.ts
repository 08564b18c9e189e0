import fc from 'fast-check'
import t from 'tap'
import { VirtualClock } from '#base/virtual-clock.ts'
import { RateLimit } from './rate-limit.ts'

t.test('after the burst each one waits its turn', async (t) => {
  const clock = new VirtualClock()
  const limit = new RateLimit({ clock, perSecond: 10 })
  const taken: number[] = []
  const all = Promise.all(
    Array.from({ length: 15 }, () => limit.take(1).then(() => taken.push(clock.monotonicMs()))),
  )
  await clock.runUntilIdle()
  await all
  t.equal(taken.filter((ms) => ms === 0).length, 11, 'a second of the rate, and the one that goes into debt')
  t.same(taken.slice(11), [100, 200, 300, 400])
})

t.test('a take of more than a second of the rate is paid by those who come after', async (t) => {
  const clock = new VirtualClock()
  const limit = new RateLimit({ clock, perSecond: 1000, burstSeconds: 0 })
  await limit.take(5000)
  t.equal(clock.monotonicMs(), 0)
  const next = limit.take(1)
  await clock.runUntilIdle()
  await next
  t.equal(clock.monotonicMs(), 5000)
})

t.test('without a rate nobody waits', async (t) => {
  const clock = new VirtualClock()
  const limit = new RateLimit({ clock, perSecond: undefined })
  for (let at = 0; at < 100; at += 1) await limit.take(1e12)
  t.equal(clock.waiting, 0)
})

t.test('who waits stops waiting when the signal aborts', async (t) => {
  const clock = new VirtualClock()
  const limit = new RateLimit({ clock, perSecond: 1, burstSeconds: 0 })
  await limit.take(100)
  const stop = new AbortController()
  const waiting = limit.take(1, stop.signal)
  stop.abort(new Error('enough'))
  await t.rejects(waiting, { message: 'enough' })
  await t.rejects(limit.take(1, stop.signal), { message: 'enough' })
})

t.test('whatever is taken, the rate holds from the burst on', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 5000 }), { maxLength: 30 }), async (counts) => {
      const clock = new VirtualClock()
      const limit = new RateLimit({ clock, perSecond: 1000 })
      let before = 0
      const wrong: string[] = []
      const takes = (async () => {
        for (const count of counts) {
          await limit.take(count)
          const allowed = 1000 + clock.monotonicMs() + 1
          if (before > allowed) wrong.push(`${before} taken before ${clock.monotonicMs()} ms`)
          before += count
        }
      })()
      await clock.runUntilIdle()
      await takes
      return wrong.length === 0
    }),
    { numRuns: 50 },
  )
})

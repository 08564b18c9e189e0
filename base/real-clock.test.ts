import t from 'tap'
import { realClock, realRandom } from './real-clock.ts'

void t.test('wall clock and monotonic clock go on', async (t) => {
  const wall = realClock.wallMs()
  const monotonic = realClock.monotonicMs()
  t.ok(Math.abs(wall - Date.now()) < 50)
  for (let turn = 0; turn < 1000; turn += 1) t.ok(realClock.monotonicMs() >= monotonic)
  t.ok(realClock.wallMs() >= wall - 2)
})

void t.test('a timer runs once, and not when it was cancelled', async (t) => {
  let ran = 0
  let cancelled = 0
  realClock.setTimer(5, () => {
    ran += 1
  })
  const timer = realClock.setTimer(5, () => {
    cancelled += 1
  })
  timer.cancel()
  timer.cancel()
  await realClock.sleep(40)
  t.equal(ran, 1)
  t.equal(cancelled, 0)
})

void t.test('a timer of many days does not run at once', async (t) => {
  let ran = 0
  const timer = realClock.setTimer(40 * 86_400_000, () => {
    ran += 1
  })
  await realClock.sleep(20)
  t.equal(ran, 0)
  timer.cancel()
})

void t.test('sleep rejects with the reason of the signal', async (t) => {
  const controller = new AbortController()
  const reason = new Error('enough')
  const sleeping = realClock.sleep(10_000, controller.signal)
  controller.abort(reason)
  t.equal(await sleeping.catch((error: unknown) => error), reason)
  t.equal(await realClock.sleep(1, AbortSignal.abort(reason)).catch((error: unknown) => error), reason)
})

void t.test('random numbers stay below their limit', async (t) => {
  t.equal(realRandom.bytes(16).length, 16)
  for (let turn = 0; turn < 100; turn += 1) t.ok(realRandom.below(3) < 3)
})

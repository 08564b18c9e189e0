import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import type { PassOptions, Worker } from './contract.ts'
import { Pass, passWorker } from './pass.ts'

function full(signal = new AbortController().signal): PassOptions {
  return { pace: 'full', signal }
}

function workerOf(
  clock: VirtualClock,
  pass: (pass: Pass, how: PassOptions) => Promise<'complete' | 'stopped'>,
): Worker {
  return passWorker({ name: 'tester', clock, log: silentLogger, unit: 'things', pauseMs: () => 7, pass })
}

t.test('the end is foreseen from the rate of this pass', async (t) => {
  const clock = new VirtualClock()
  const pass = new Pass({ worker: 'tester', clock, unit: 'things' })
  t.match(pass.progress(), { done: 0, total: undefined, etaSeconds: undefined, unit: 'things' })
  pass.expect(100)
  pass.resumeAfter(50)
  t.equal(pass.progress().etaSeconds, undefined, 'not before something was done')
  await clock.advance(10_000)
  pass.advance(10)
  pass.moveBytes(123)
  t.match(pass.progress(), { done: 60, total: 100, etaSeconds: 40, bytes: 123 })
  pass.advance(40)
  t.equal(pass.progress().etaSeconds, 0)
})

t.test('a report has the figures in their parts', async (t) => {
  const clock = new VirtualClock()
  const pass = new Pass({ worker: 'tester', clock, unit: 'things' })
  pass.count('found', 'bad')
  pass.count('found', 'bad', 2)
  pass.count('repaired', 'healed')
  pass.set('waiting', 'oldest_seconds', 12.5)
  await clock.advance(1500)
  t.same(pass.report('complete'), {
    worker: 'tester',
    startedMs: 1_700_000_000_000,
    durationMs: 1500,
    ended: 'complete',
    found: { bad: 3 },
    repaired: { healed: 1 },
    waiting: { oldest_seconds: 12.5 },
  })
})

t.test('who asks during a pass gets that one', async (t) => {
  const clock = new VirtualClock()
  let passes = 0
  const worker = workerOf(clock, async (pass) => {
    passes += 1
    pass.expect(2)
    await clock.sleep(1000)
    return 'complete'
  })
  const [first, second] = [worker.runOnce(full()), worker.runOnce(full())]
  await clock.advance(500)
  t.match(worker.progress(), { done: 0, total: 2 })
  await clock.runUntilIdle()
  t.equal(await first, await second)
  t.equal(worker.progress(), undefined)
  t.equal(worker.lastPass(), await first)
  t.equal(passes, 1)
  const third = worker.runOnce(full())
  await clock.runUntilIdle()
  await third
  t.equal(passes, 2)
})

t.test('a pass that throws has failed, one that throws because it was stopped has stopped', async (t) => {
  const clock = new VirtualClock()
  const failing = workerOf(clock, async () => {
    throw new Error('disk on fire')
  })
  t.match(await failing.runOnce(full()), { ended: 'failed' })
  const stop = new AbortController()
  const stopped = workerOf(clock, async (_, { signal }) => {
    await clock.sleep(1000, signal)
    return 'complete'
  }).runOnce(full(stop.signal))
  await clock.advance(1)
  stop.abort(new Error('enough'))
  t.match(await stopped, { ended: 'stopped' })
})

import t, { type Test } from 'tap'
import { silentLogger } from '#base/log.ts'
import { Metrics } from '#base/metrics.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import type { Pace, Worker } from './contract.ts'
import { type PauseStore, WorkerLoop } from './loop.ts'
import { observeLoops, observePasses } from './metrics.ts'
import { passWorker } from './pass.ts'

const PAUSE_MS = 60_000
const PASS_MS = 1_000

function pausesIn(kept: Map<string, number>): PauseStore {
  return {
    pausedUntilMs: (worker) => kept.get(worker),
    keep: async (worker, untilMs) => {
      if (untilMs === undefined) kept.delete(worker)
      else kept.set(worker, untilMs)
    },
  }
}

interface Scene {
  readonly clock: VirtualClock
  readonly worker: Worker
  readonly loop: WorkerLoop
  /** Paces of the passes that have ended, as they were at their end. */
  readonly ended: Pace[]
  readonly kept: Map<string, number>
  readonly urgent: () => void
}

/** A loop of a worker whose pass takes a second at full pace and ten at gentle pace. */
function scene(t: Test): Scene {
  const clock = new VirtualClock()
  const ended: Pace[] = []
  const kept = new Map<string, number>()
  let urgent = (): void => {}
  const worker = passWorker({
    name: 'tester',
    clock,
    log: silentLogger,
    unit: 'steps',
    pauseMs: () => PAUSE_MS,
    pass: async (pass, how) => {
      pass.expect(10)
      for (let step = 0; step < 10; step += 1) {
        await clock.sleep(how.pace === 'full' ? PASS_MS / 10 : PASS_MS, how.signal)
        pass.advance()
      }
      pass.count('found', 'things', 3)
      ended.push(how.pace)
      return 'complete'
    },
    live: async () => ({ oldest_seconds: 5 }),
    onUrgent: (wake) => {
      urgent = wake
    },
  })
  const loop = new WorkerLoop({ worker, clock, log: silentLogger, pauses: pausesIn(kept) })
  loop.start()
  t.teardown(() => loop.stop())
  return { clock, worker, loop, ended, kept, urgent: () => urgent() }
}

t.test('a worker passes gently again and again with its pause', async (t) => {
  const { clock, loop, ended } = scene(t)
  t.equal(loop.state().kind, 'resting')
  await clock.advance(PAUSE_MS + 1)
  t.same(loop.state(), { kind: 'passing', pace: 'gentle' })
  await clock.advance(10 * PASS_MS)
  t.same(ended, ['gentle'])
  t.match(loop.state(), { kind: 'resting' })
  await clock.advance(PAUSE_MS + 10 * PASS_MS + 1)
  t.same(ended, ['gentle', 'gentle'])
})

t.test('a person gets a pass at full pace at once', async (t) => {
  const { clock, loop, ended } = scene(t)
  const asked = loop.runNow()
  await clock.advance(PASS_MS)
  t.match(await asked, { ended: 'complete', worker: 'tester' })
  t.same(ended, ['full'])
})

t.test('a gentle pass under way is hurried to its end, and a whole one follows', async (t) => {
  const { clock, loop, ended } = scene(t)
  await clock.advance(PAUSE_MS + 5 * PASS_MS)
  const asked = loop.runNow()
  t.same(loop.state(), { kind: 'passing', pace: 'full' })
  await clock.advance(3 * PASS_MS)
  await asked
  t.same(ended, ['full', 'full'])
})

t.test('those who ask during a rest share one pass', async (t) => {
  const { clock, loop, ended } = scene(t)
  const [first, second] = [loop.runNow(), loop.runNow()]
  await clock.advance(PASS_MS)
  t.equal(await first, await second)
  t.same(ended, ['full'])
})

t.test('a pause stops the gentle pass under way, and there is none until it is over', async (t) => {
  const { clock, loop, ended, worker, kept } = scene(t)
  await clock.advance(PAUSE_MS + 2 * PASS_MS)
  const untilMs = clock.wallMs() + 10 * PAUSE_MS
  await loop.pause(untilMs)
  await clock.advance(1)
  t.same(loop.state(), { kind: 'paused', untilMs })
  t.match(worker.lastPass(), { ended: 'stopped' })
  t.equal(kept.get('tester'), untilMs)
  await clock.advance(9 * PAUSE_MS)
  t.same(ended, [])
  await clock.advance(PAUSE_MS + 20 * PASS_MS)
  t.same(ended, ['gentle'], 'it goes on by itself when the time is over')
})

t.test('a paused worker still does what a person asks for, and stays paused', async (t) => {
  const { clock, loop, ended } = scene(t)
  await loop.pause(clock.wallMs() + 100 * PAUSE_MS)
  const asked = loop.runNow()
  await clock.advance(PASS_MS)
  await asked
  t.same(ended, ['full'])
  await clock.advance(5 * PAUSE_MS)
  t.equal(loop.state().kind, 'paused')
  t.same(ended, ['full'])
})

t.test('resume ends the pause at once', async (t) => {
  const { clock, loop, ended, kept } = scene(t)
  await loop.pause(clock.wallMs() + 100 * PAUSE_MS)
  await clock.advance(PAUSE_MS)
  await loop.resume()
  await clock.advance(10 * PASS_MS + PAUSE_MS)
  t.same(ended, ['gentle'])
  t.equal(kept.size, 0)
})

t.test('something urgent ends the rest', async (t) => {
  const { clock, urgent, ended } = scene(t)
  await clock.advance(PAUSE_MS / 2)
  urgent()
  await clock.advance(10 * PASS_MS)
  t.same(ended, ['gentle'])
})

t.test('something urgent during a pass is followed by another pass', async (t) => {
  const { clock, urgent, ended } = scene(t)
  await clock.advance(PAUSE_MS + PASS_MS)
  urgent()
  await clock.advance(20 * PASS_MS)
  t.same(ended, ['gentle', 'gentle'])
})

t.test('a stop ends the pass under way, and whoever asked is told', async (t) => {
  const { clock, loop, worker } = scene(t)
  await clock.advance(PAUSE_MS + PASS_MS)
  const asked = loop.runNow()
  await loop.stop()
  t.match(worker.lastPass(), { ended: 'stopped' })
  t.match(await asked, { ended: 'stopped' })
  t.match(await loop.runNow(), { ended: 'stopped' })
  t.same(loop.state(), { kind: 'stopped' })
})

t.test('passes, pauses and what waits are metrics', async (t) => {
  const { clock, worker, loop } = scene(t)
  const metrics = new Metrics()
  const observe = observePasses(metrics)
  observeLoops(metrics, () => [loop])
  const passed = worker.runOnce({ pace: 'full', signal: new AbortController().signal })
  await clock.advance(PASS_MS)
  observe(await passed)
  await loop.pause(clock.wallMs() + PAUSE_MS)
  const { text } = await metrics.render()
  for (const line of [
    'martlet_worker_passes_total{worker="tester",ended="complete"} 1',
    'martlet_worker_found_total{worker="tester",figure="things"} 3',
    'martlet_worker_paused{worker="tester"} 1',
    'martlet_worker_live{worker="tester",figure="oldest_seconds"} 5',
    'martlet_worker_last_complete_timestamp_seconds{worker="tester"} 1700000001',
  ]) {
    t.ok(text.split('\n').includes(line), line)
  }
})

import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { VirtualClock } from '#base/virtual-clock.ts'
import { passWorker } from '#worker/pass.ts'
import { heldByClock } from './held-worker.ts'

const HOW = { pace: 'gentle', signal: new AbortController().signal } as const

t.test('a worker that deletes by the clock rests while the clock is in doubt, and says so', async (t) => {
  const clock = new VirtualClock()
  let passes = 0
  let isInDoubt = true
  const inner = passWorker({
    name: 'expirer',
    clock,
    log: silentLogger,
    unit: 'tasks',
    pauseMs: () => 1000,
    pass: async () => {
      passes += 1
      return 'complete'
    },
  })
  const worker = heldByClock(inner, () => isInDoubt, clock)
  t.match(await worker.runOnce(HOW), { ended: 'complete', waiting: { held_by_clock: 1 } })
  t.match(worker.lastPass(), { waiting: { held_by_clock: 1 } })
  t.equal(passes, 0)
  isInDoubt = false
  t.match(await worker.runOnce(HOW), { ended: 'complete', waiting: {} })
  t.same(worker.lastPass()?.waiting, {})
  t.equal(passes, 1)
})

/** A worker that deletes what has become old, or whose time has come: it rests while the clock of the machine is in doubt. */
import type { Clock } from '#base/environment.ts'
import type { PassReport, Worker } from '#worker/contract.ts'

/** The worker itself, but that its passes do nothing, and say why, while `isClockInDoubt` says so. */
export function heldByClock(worker: Worker, isClockInDoubt: () => boolean, clock: Clock): Worker {
  let held: PassReport | undefined
  return {
    ...worker,
    runOnce: async (how) => {
      held = isClockInDoubt() ? heldReport(worker.name, clock) : undefined
      return held ?? (await worker.runOnce(how))
    },
    lastPass: () => held ?? worker.lastPass(),
  }
}

function heldReport(worker: string, clock: Clock): PassReport {
  const figures = { found: {}, repaired: {}, waiting: { held_by_clock: 1 } }
  return { worker, startedMs: clock.wallMs(), durationMs: 0, ended: 'complete', ...figures }
}

/** The machine's own clock, timers and randomness. The only file that may use them (`tools/seams.test.ts`). */
import { randomBytes, randomInt } from 'node:crypto'
import { setTimeout as sleepFor } from 'node:timers/promises'
import type { Clock, Random } from './environment.ts'

export const realClock: Clock = {
  wallMs: () => performance.timeOrigin + performance.now() + wallOffsetMs(),
  monotonicMs: () => performance.now(),
  setTimer(delayMs, callback) {
    const timer = setTimeout(callback, delayMs)
    timer.unref()
    return { cancel: () => clearTimeout(timer) }
  },
  async sleep(delayMs, signal) {
    await sleepFor(delayMs, undefined, signal === undefined ? undefined : { signal })
  },
}

/**
 * `performance.now()` gives fractions but ignores later corrections of the system clock; the offset follows them.
 * It is looked up again when the two differ by more than a millisecond.
 */
let offsetMs = 0
function wallOffsetMs(): number {
  const drift = Date.now() - (performance.timeOrigin + performance.now() + offsetMs)
  if (drift > 1 || drift < -1) offsetMs += drift
  return offsetMs
}

export const realRandom: Random = {
  bytes: (count) => randomBytes(count),
  below: (limit) => randomInt(limit),
}

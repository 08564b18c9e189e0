/** The machine's own clock, timers and randomness. The only file that may use them (`tools/seams.test.ts`). */
import { randomBytes, randomInt } from 'node:crypto'
import { setTimeout as sleepFor } from 'node:timers/promises'
import type { Clock, Random, Timer } from './environment.ts'

export const realClock: Clock = {
  wallMs: () => performance.timeOrigin + performance.now() + wallOffsetMs(),
  monotonicMs: () => performance.now(),
  setTimer(delayMs, callback) {
    return delayMs > LONGEST_TIMEOUT_MS ? longTimer(delayMs, callback) : shortTimer(delayMs, callback)
  },
  async sleep(delayMs, signal) {
    try {
      await sleepFor(delayMs, undefined, signal === undefined ? undefined : { signal })
    } catch {
      throw signal?.reason
    }
  },
}

/** What Node's timers can wait, 24.8 days; anything longer they would run at once. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1

function shortTimer(delayMs: number, callback: () => void): Timer {
  const timer = setTimeout(callback, delayMs)
  timer.unref()
  return { cancel: () => clearTimeout(timer) }
}

function longTimer(delayMs: number, callback: () => void): Timer {
  let current = shortTimer(LONGEST_TIMEOUT_MS, () => {
    current = realClock.setTimer(delayMs - LONGEST_TIMEOUT_MS, callback)
  })
  return { cancel: () => current.cancel() }
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

/** How long a supervisor waits before it starts a process again. */

const FIRST_DELAY_MS = 100
const LONGEST_DELAY_MS = 10_000
/** A process that ran this long was well: the next delay is the first again. */
const WELL_AFTER_MS = 30_000

export class BackOff {
  #failures = 0

  /** The delay before the next start, milliseconds, after a process that ran for `ranMs`. */
  nextDelayMs(ranMs: number): number {
    if (ranMs >= WELL_AFTER_MS) this.#failures = 0
    const delayMs = Math.min(FIRST_DELAY_MS * 2 ** this.#failures, LONGEST_DELAY_MS)
    this.#failures += 1
    return delayMs
  }
}

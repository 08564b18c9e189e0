/**
 * How quickly a storage node answers: the mean of what was measured, or how long the oldest read that it has not answered
 * yet is waiting, whichever is more. So a node whose disk hangs is passed over after the first read that waits for it, and
 * not only when its requests have timed out.
 */

/** Weight of the newest measurement. */
const NEWEST_WEIGHT = 0.1

/** Anything that stands for one read under way. */
type Read = object

export class NodeLatency {
  #meanMs: number | undefined
  /** Reads that wait for an answer and when they began, the oldest first. */
  readonly #waiting = new Map<Read, number>()

  /** Milliseconds; 0 for a node that was never asked. */
  at(nowMs: number): number {
    return Math.max(this.#meanMs ?? 0, this.waitedMs(nowMs))
  }

  /** How long the oldest read without an answer has been waiting, milliseconds. */
  waitedMs(nowMs: number): number {
    if (this.#waiting.size === 0) return 0
    const [oldestMs = nowMs] = this.#waiting.values()
    return nowMs - oldestMs
  }

  /** Is a read waiting for an answer? */
  get isAwaited(): boolean {
    return this.#waiting.size > 0
  }

  began(read: Read, nowMs: number): void {
    this.#waiting.set(read, nowMs)
  }

  /** Answered or given up. */
  ended(read: Read): void {
    this.#waiting.delete(read)
  }

  measured(durationMs: number): void {
    const known = this.#meanMs
    this.#meanMs = known === undefined ? durationMs : known + (durationMs - known) * NEWEST_WEIGHT
  }
}

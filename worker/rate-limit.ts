/**
 * So many per second and no more, on average over a second: a token bucket that may go into debt. Whoever takes waits
 * until the debt of all who took before is paid, so that a large file is one take and rates hold whatever the sizes.
 */
import type { Clock } from '#base/environment.ts'

export interface RateLimitOptions {
  readonly clock: Clock
  /** `undefined`: no limit. */
  readonly perSecond: number | undefined
  /** How much may be taken at once after a rest, in seconds of the rate. */
  readonly burstSeconds?: number
}

const BURST_SECONDS = 1

export class RateLimit {
  readonly #clock: Clock
  readonly #perMs: number
  readonly #burstMs: number
  /** When all that was taken is paid for, by the monotonic clock. */
  #paidAtMs: number

  constructor({ clock, perSecond, burstSeconds = BURST_SECONDS }: RateLimitOptions) {
    this.#clock = clock
    this.#perMs = perSecond === undefined ? Infinity : perSecond / 1000
    this.#burstMs = burstSeconds * 1000
    this.#paidAtMs = clock.monotonicMs() - this.#burstMs
  }

  /** Takes `count` and waits its turn. Rejects with the signal's reason when it aborts first. */
  async take(count: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    const waitMs = this.#charge(count)
    if (waitMs > 0) await this.#clock.sleep(waitMs, signal)
  }

  /** How long whoever takes `count` now has to wait, milliseconds. */
  #charge(count: number): number {
    const nowMs = this.#clock.monotonicMs()
    const waitMs = this.#paidAtMs - nowMs
    this.#paidAtMs = Math.max(this.#paidAtMs, nowMs - this.#burstMs) + count / this.#perMs
    return waitMs
  }
}

/** What failed is tried again more and more rarely; remembered in memory, so whoever begins anew tries at once. */
import type { Clock } from '#base/environment.ts'

export interface RetryTimes {
  /** Before the first trial more, milliseconds; twice as long each time. */
  readonly firstMs: number
  readonly mostMs: number
}

const REMEMBERED_MAX = 20_000

export class Retries {
  readonly #clock: Clock
  readonly #times: RetryTimes
  readonly #next = new Map<string, { readonly atMs: number; readonly waitMs: number }>()

  constructor(clock: Clock, times: RetryTimes) {
    this.#clock = clock
    this.#times = times
  }

  isTooEarly(name: string): boolean {
    return (this.#next.get(name)?.atMs ?? 0) > this.#clock.monotonicMs()
  }

  /** It failed. */
  later(name: string): void {
    const { firstMs, mostMs } = this.#times
    const waitMs = Math.min(mostMs, (this.#next.get(name)?.waitMs ?? firstMs / 2) * 2)
    this.#next.delete(name)
    this.#next.set(name, { atMs: this.#clock.monotonicMs() + waitMs, waitMs })
    const [oldest] = this.#next.keys()
    if (this.#next.size > REMEMBERED_MAX && oldest !== undefined) this.#next.delete(oldest)
  }

  forget(name: string): void {
    this.#next.delete(name)
  }
}

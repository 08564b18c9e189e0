/**
 * When a container's report was taken. Reports carry no time of their own for their figures, so the last to arrive is
 * believed; to make that hold on replicas that exchange rows, each report gets a time here that is later than the one
 * before, also when the clock was set back, and later than what is stored already. What a clock said that was far ahead counts
 * for nothing: a report that was taken by it yields to all others (`db/container-row.ts`), so those that follow need not be later.
 */
import { timestampNow } from '#backend/timestamp-header.ts'
import type { Clock } from '#base/environment.ts'
import { nextTick, type Timestamp } from '#base/timestamp.ts'
import { latestReport } from '#db/container-row.ts'

export class ReportStamps {
  readonly #clock: Clock
  #last: Timestamp

  constructor(clock: Clock) {
    this.#clock = clock
    this.#last = timestampNow(clock)
  }

  /** From now on every report gets a time later than this one. */
  observe(timestamp: Timestamp): void {
    if (timestamp > this.#last) this.#last = timestamp
  }

  next(): Timestamp {
    const now = timestampNow(this.#clock)
    const isFree = now > this.#last || this.#last > latestReport(this.#clock)
    this.#last = isFree ? now : nextTick(this.#last)
    return this.#last
  }
}

/**
 * A hybrid logical clock. Every timestamp it gives is later than every one it gave before, across restarts too, and later
 * than every one it has seen in answers; otherwise it follows the machine's clock.
 *
 * Across restarts: no timestamp is given that is later than a mark which was made durable before; a new process begins
 * after the last mark. The mark is moved ahead in the background, so nobody waits for the disk as long as writes go on.
 */
import type { Clock } from '#base/environment.ts'
import { MAX_CLOCK_AHEAD_SECONDS } from '#base/limits.ts'
import {
  parseTimestamp,
  TICKS_PER_SECOND,
  type Timestamp,
  ticksOf,
  timestampFromTicks,
} from '#base/timestamp.ts'

/** Keeps the mark. One clock, one store. */
export interface HighWaterStore {
  load(): Promise<Timestamp | undefined>
  /** Durable when resolved. */
  save(mark: Timestamp): Promise<void>
}

/** How far ahead of the time given a mark is set: what a restart may lose, as time that it must be ahead of the wall. */
const RESERVE_TICKS = 2 * TICKS_PER_SECOND
const AHEAD_TICKS = MAX_CLOCK_AHEAD_SECONDS * TICKS_PER_SECOND

export class HybridClock {
  readonly #clock: Clock
  readonly #store: HighWaterStore
  /** Nothing up to this was not given or seen. */
  #lastTicks: number
  #markTicks: number
  #saving: Promise<void> | undefined

  private constructor(clock: Clock, store: HighWaterStore, startTicks: number) {
    this.#clock = clock
    this.#store = store
    this.#lastTicks = startTicks
    this.#markTicks = startTicks
  }

  /** Goes on after the last mark, and makes the next one durable. Rejects when the store fails. */
  static async open(clock: Clock, store: HighWaterStore): Promise<HybridClock> {
    const mark = await store.load()
    const opened = new HybridClock(clock, store, mark === undefined ? 0 : ticksOf(mark))
    await opened.#reserve(opened.#nextTicks())
    return opened
  }

  /** The next timestamp. Waits for the disk only when the mark is used up. Rejects when it cannot be moved. */
  async next(): Promise<Timestamp> {
    const ticks = this.#nextTicks()
    this.#lastTicks = ticks
    if (ticks > this.#markTicks) await this.#reserve(ticks)
    else if (this.#markTicks - ticks < RESERVE_TICKS / 2) this.#reserve(ticks).catch(() => {})
    return timestampFromTicks(ticks)
  }

  /**
   * Learns of a timestamp from elsewhere, so that the next one is later. One further ahead than storage would accept is
   * not believed.
   */
  observe(timestamp: Timestamp): void {
    const ticks = ticksOf(timestamp)
    if (ticks > this.#lastTicks && ticks <= this.#wallTicks() + AHEAD_TICKS) this.#lastTicks = ticks
  }

  /** The same for the text of a header; anything that is no timestamp is ignored. */
  observeHeader(written: string | undefined): void {
    const timestamp = written === undefined ? undefined : parseTimestamp(written)
    if (timestamp !== undefined) this.observe(timestamp)
  }

  #nextTicks(): number {
    return Math.max(this.#wallTicks(), this.#lastTicks + 1)
  }

  #wallTicks(): number {
    return Math.floor((this.#clock.wallMs() * TICKS_PER_SECOND) / 1000)
  }

  /** Makes a mark durable that is not before `ticks`. */
  async #reserve(ticks: number): Promise<void> {
    while (this.#markTicks < ticks || this.#saving === undefined) {
      this.#saving ??= this.#save(Math.max(ticks, this.#lastTicks) + RESERVE_TICKS)
      await this.#saving
      if (this.#markTicks >= ticks) return
    }
  }

  async #save(ticks: number): Promise<void> {
    try {
      await this.#store.save(timestampFromTicks(ticks))
      this.#markTicks = Math.max(this.#markTicks, ticks)
    } finally {
      this.#saving = undefined
    }
  }
}

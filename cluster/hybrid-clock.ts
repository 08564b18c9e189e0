/**
 * A hybrid logical clock. Every timestamp it gives is later than every one it gave before, across restarts too, and later
 * than every one it has seen in answers; otherwise it follows the machine's clock.
 *
 * Across restarts: no timestamp is given that is later than a mark which was made durable before; a new process begins
 * after the last mark. The mark is moved ahead in the background, so nobody waits for the disk as long as writes go on.
 *
 * Clocks of different processes give different timestamps, as far as each has a lane of its own: of so many ticks it gives one.
 * What two proxies write at the same moment under names that are times (versions, archives) then has two names.
 *
 * A disk that is full, read-only or hung stops no writes: past the mark, only timestamps that the wall clock has reached
 * are given. A restart then begins after them as long as nobody sets the wall clock back in between.
 */
import type { Clock, Timer } from '#base/environment.ts'
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
/** A save that takes longer is not waited for, milliseconds. A disk in order needs a hundredth of it. */
const SAVE_PATIENCE_MS = 1000
/** How long the store is left alone after it failed, milliseconds. */
const SAVE_AGAIN_MS = 1000
/** Longest wait for the wall clock to reach a timestamp that no mark covers, milliseconds. */
const WALL_PATIENCE_MS = 2000
/** Lanes: a process whose writes are more than 3,000 a second runs ahead of the wall clock. */
const LANES = 32
const AHEAD_TICKS = MAX_CLOCK_AHEAD_SECONDS * TICKS_PER_SECOND

export class HybridClock {
  readonly #clock: Clock
  readonly #store: HighWaterStore
  readonly #onTrouble: (error: unknown) => void
  readonly #lane: number | undefined
  /** Nothing up to this was not given or seen. */
  #lastTicks: number
  /** The latest that a header said and that was believed. */
  #latestHeader = ''
  #markTicks: number
  /** Resolves `false` when the mark could not be moved in time. */
  #saving: Promise<boolean> | undefined
  /** A save is past its patience and still under way. */
  #stuck = false
  #notBeforeMs = 0

  private constructor(
    clock: Clock,
    store: HighWaterStore,
    onTrouble: (error: unknown) => void,
    startTicks: number,
    lane: number | undefined,
  ) {
    this.#lane = lane === undefined ? undefined : lane % LANES
    this.#clock = clock
    this.#store = store
    this.#onTrouble = onTrouble
    this.#lastTicks = startTicks
    this.#markTicks = startTicks
  }

  /**
   * Goes on after the last mark, and makes the next one durable. `onTrouble` is told when the store fails to keep one;
   * rejects when it cannot say what the last one was. `lane`: which of the processes of the cluster this is; without one it
   * takes whatever tick comes.
   */
  static async open(
    clock: Clock,
    store: HighWaterStore,
    onTrouble: (error: unknown) => void = () => {},
    lane?: number,
  ): Promise<HybridClock> {
    const mark = await store.load()
    const opened = new HybridClock(clock, store, onTrouble, mark === undefined ? 0 : ticksOf(mark), lane)
    await opened.#reserve(opened.#nextTicks())
    return opened
  }

  /**
   * The next timestamp. Waits for the disk only when the mark is used up. Rejects when neither a mark covers it nor the
   * wall clock comes near it.
   */
  async next(): Promise<Timestamp> {
    const ticks = this.#nextTicks()
    this.#lastTicks = ticks
    if (ticks > this.#markTicks) await this.#cover(ticks)
    else if (this.#markTicks - ticks < RESERVE_TICKS / 2 && !this.#resting()) void this.#startSaving(ticks)
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
    // Most of what is read is older than what was read before; texts compare as times do.
    if (written === undefined || written <= this.#latestHeader) return
    const timestamp = parseTimestamp(written)
    if (timestamp === undefined) return
    this.observe(timestamp)
    if (ticksOf(timestamp) <= this.#lastTicks) this.#latestHeader = timestamp
  }

  /**
   * Most hosts have the time that the wall clock has: a mark further ahead than storage would accept is from a clock that was
   * wrong, and nobody in order has taken a timestamp of it.
   */
  rewind(): void {
    const wallTicks = this.#wallTicks()
    if (this.#lastTicks <= wallTicks + AHEAD_TICKS) return
    this.#lastTicks = wallTicks
    this.#markTicks = wallTicks
    this.#latestHeader = ''
  }

  #nextTicks(): number {
    const earliest = Math.max(this.#wallTicks(), this.#lastTicks + 1)
    if (this.#lane === undefined) return earliest
    return earliest + ((this.#lane - (earliest % LANES) + LANES) % LANES)
  }

  #wallTicks(): number {
    return Math.floor((this.#clock.wallMs() * TICKS_PER_SECOND) / 1000)
  }

  /** Resolves when no restart can give `ticks` again. */
  async #cover(ticks: number): Promise<void> {
    if (await this.#reserve(ticks)) return
    const aheadMs = ((ticks - this.#wallTicks()) * 1000) / TICKS_PER_SECOND
    if (aheadMs <= 0) return
    if (aheadMs > WALL_PATIENCE_MS) {
      throw new Error(
        `the mark of the clock cannot be kept, and time is ${Math.ceil(aheadMs)} ms ahead of the wall`,
      )
    }
    await this.#clock.sleep(aheadMs)
  }

  /** Makes a mark durable that is not before `ticks`; `false` when the store fails or takes too long. */
  async #reserve(ticks: number): Promise<boolean> {
    while (this.#markTicks < ticks) {
      if (this.#resting()) return false
      if (!(await this.#startSaving(ticks))) return false
    }
    return true
  }

  #resting(): boolean {
    return this.#stuck || this.#clock.monotonicMs() < this.#notBeforeMs
  }

  /** One save at a time; who comes meanwhile waits for the one that is under way. */
  #startSaving(ticks: number): Promise<boolean> {
    this.#saving ??= this.#save(Math.max(ticks, this.#lastTicks) + RESERVE_TICKS)
    return this.#saving
  }

  async #save(ticks: number): Promise<boolean> {
    const late = Promise.withResolvers<boolean>()
    const timer: Timer = this.#clock.setTimer(SAVE_PATIENCE_MS, () => {
      this.#stuck = true
      this.#onTrouble(new Error(`the mark was not kept within ${SAVE_PATIENCE_MS} ms`))
      late.resolve(false)
    })
    const saved = this.#saveInTheEnd(ticks).finally(() => timer.cancel())
    return await Promise.race([saved, late.promise])
  }

  async #saveInTheEnd(ticks: number): Promise<boolean> {
    try {
      await this.#store.save(timestampFromTicks(ticks))
      this.#markTicks = Math.max(this.#markTicks, ticks)
      return true
    } catch (error) {
      this.#notBeforeMs = this.#clock.monotonicMs() + SAVE_AGAIN_MS
      this.#onTrouble(error)
      return false
    } finally {
      this.#stuck = false
      this.#saving = undefined
    }
  }
}

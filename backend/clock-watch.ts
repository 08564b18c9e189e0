/**
 * Watches the clock of this machine (`clock-standing.ts`), and is the clock by which a device ages and judges what it stores: the
 * wall clock, but it does not go back, not across restarts either, unless most other hosts say that it was wrong before.
 *
 * The clock by which writes are dated does not leap ahead either before other hosts have been asked: what is dated ahead hides
 * all that is written until then. An age is never judged by that one: whoever slept must know at once that it did.
 *
 * What was believed last is kept in a mark on the device, moved ahead with each look.
 */
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import { APART_MAX_MS, BACK_MAX_MS, type ClockStanding, judgeClock, LEAP_MS } from './clock-standing.ts'

/** Keeps the latest time that was believed, milliseconds since the epoch. */
export interface ClockMark {
  /** `undefined` when there is none. */
  load(): Promise<number | undefined>
  /** Durable when resolved. */
  save(timeMs: number): Promise<void>
}

export interface ClockWatchOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly mark: ClockMark
  /**
   * What other hosts take the time to be at the moment of their answer, milliseconds ahead of `wallMs` at that moment; of those
   * that answer. `undefined` when there is no other host.
   */
  readonly aheadOfUs: () => Promise<readonly number[] | undefined>
}

/** A clock that leapt ahead, and that nobody confirms or corrects for so long, is believed, milliseconds. */
const BELIEVED_AFTER_MS = 3_600_000
/** A clock that is set again and again while others are asked is judged at the next look. */
const ASK_TIMES = 3
/** While a leap waits, others are asked so often, if anybody wants to write, milliseconds. */
const LOOK_AGAIN_MS = 1_000

interface Kept {
  readonly timeMs: number
  readonly atMs: number
}

export class ClockWatch {
  /** Ages and judges what is stored. */
  readonly clock: Clock
  /** Dates what is written. */
  readonly dating: Clock
  readonly #options: ClockWatchOptions
  readonly #onCheck: ((verdict: { readonly confirmed: boolean }) => void)[] = []
  #kept: Kept | undefined
  /** The time at the last look that found the clock in order: a leap since then waits for others. */
  #looked: Kept | undefined
  #lookedAtMs = 0
  #standing: ClockStanding = { kind: 'good' }
  #leaptAtMs: number | undefined
  #looking: Promise<void> | undefined
  #isSaving = false
  #isMarkBroken = false

  private constructor(options: ClockWatchOptions, kept: Kept | undefined) {
    const { clock } = options
    this.#options = options
    this.#kept = kept
    const rest: Omit<Clock, 'wallMs'> = {
      monotonicMs: () => clock.monotonicMs(),
      setTimer: (delayMs, callback) => clock.setTimer(delayMs, callback),
      sleep: (delayMs, signal) => clock.sleep(delayMs, signal),
    }
    this.clock = { ...rest, wallMs: () => this.#timeMs() }
    this.dating = { ...rest, wallMs: () => this.#datingMs() }
  }

  /** Has looked once when it resolves. Rejects when the mark cannot be read. */
  static async open(options: ClockWatchOptions): Promise<ClockWatch> {
    const timeMs = await options.mark.load()
    const atMs = options.clock.monotonicMs()
    const watch = new ClockWatch(options, timeMs === undefined ? undefined : { timeMs, atMs })
    await watch.check()
    return watch
  }

  get standing(): ClockStanding {
    return this.#standing
  }

  /**
   * May nothing be given up because of its age, and nothing be deleted because its time has come? Also from the moment on at
   * which the clock leaps, before anybody has looked at it.
   */
  readonly isInDoubt = (): boolean => this.#standing.kind !== 'good' || this.#hasLeapt()

  /** Told after each look; `confirmed`: most hosts have the time that this one has. */
  onCheck(listener: (verdict: { readonly confirmed: boolean }) => void): void {
    this.#onCheck.push(listener)
  }

  /**
   * To be called again and again, at least every half minute; a leap that a writer notices in between is looked at then. Waits for
   * other hosts, and for no disk.
   */
  check(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  async #look(): Promise<void> {
    const ahead = await this.#askOthers()
    const { wallMs, atMs } = this.#moment()
    const othersMs = ahead?.map((byMs) => wallMs + byMs) ?? []
    this.#lookedAtMs = atMs
    const { standing, timeMs, confirmed } = judgeClock({ wallMs, keptMs: this.#keptMs(), othersMs })
    this.#note(this.#patient(standing))
    // What nobody confirms is not remembered, so that it counts no more when it is corrected.
    if (this.#isBelieved()) this.#kept = { timeMs, atMs }
    if (ahead === undefined) this.#looked = undefined
    else if (this.#isBelieved() || this.#looked === undefined) this.#looked = { timeMs: this.#timeMs(), atMs }
    for (const listener of this.#onCheck) listener({ confirmed })
    if (!this.#isSaving) void this.#save()
  }

  /** Answers are held against the wall clock, which must not be set meanwhile. */
  async #askOthers(): Promise<readonly number[] | undefined> {
    for (let times = 1; ; times += 1) {
      const before = this.#moment()
      const ahead = await this.#options.aheadOfUs()
      const now = this.#moment()
      const setByMs = now.wallMs - before.wallMs - (now.atMs - before.atMs)
      if (Math.abs(setByMs) <= APART_MAX_MS) return ahead
      if (times === ASK_TIMES) return ahead === undefined ? undefined : []
    }
  }

  #moment(): { readonly wallMs: number; readonly atMs: number } {
    const { clock } = this.#options
    return { wallMs: clock.wallMs(), atMs: clock.monotonicMs() }
  }

  /** A mark that cannot be kept is told once: whoever starts next begins at an earlier time. */
  async #save(): Promise<void> {
    const keptMs = this.#keptMs()
    if (keptMs === undefined) return
    const { mark, log } = this.#options
    this.#isSaving = true
    try {
      await mark.save(Math.floor(keptMs))
      this.#isMarkBroken = false
    } catch (error) {
      if (!this.#isMarkBroken) log.warn({ err: error }, 'the mark of the clock could not be kept')
      this.#isMarkBroken = true
    } finally {
      this.#isSaving = false
    }
  }

  /** A leap that lasts is a machine that was off for long. */
  #patient(standing: ClockStanding): ClockStanding {
    if (standing.kind !== 'leapt') {
      this.#leaptAtMs = undefined
      return standing
    }
    const nowMs = this.#options.clock.monotonicMs()
    this.#leaptAtMs ??= nowMs
    return nowMs - this.#leaptAtMs < BELIEVED_AFTER_MS ? standing : { kind: 'good' }
  }

  #note(standing: ClockStanding): void {
    const before = this.#standing.kind
    this.#standing = standing
    if (standing.kind === before) return
    const { log } = this.#options
    if (standing.kind === 'good') log.info({}, 'the clock of this machine is believed again')
    else log.error({ clock: standing.kind, byMs: standing.byMs }, 'the clock of this machine is in doubt')
  }

  #hasLeapt(): boolean {
    const keptMs = this.#keptMs()
    return keptMs !== undefined && this.#options.clock.wallMs() > keptMs + LEAP_MS
  }

  #datingMs(): number {
    const timeMs = this.#timeMs()
    const expectedMs = this.#since(this.#looked)
    if (expectedMs === undefined || timeMs <= expectedMs + APART_MAX_MS) return timeMs
    // Whoever looks regularly tells of a failure.
    if (this.#options.clock.monotonicMs() - this.#lookedAtMs >= LOOK_AGAIN_MS) this.check().catch(() => {})
    return expectedMs
  }

  #isBelieved(): boolean {
    return this.#standing.kind === 'good' || this.#standing.kind === 'behind'
  }

  #timeMs(): number {
    const wallMs = this.#options.clock.wallMs()
    const keptMs = this.#keptMs()
    return keptMs === undefined || wallMs >= keptMs - BACK_MAX_MS ? wallMs : keptMs
  }

  #keptMs(): number | undefined {
    return this.#since(this.#kept)
  }

  /** What that time has become. */
  #since(one: Kept | undefined): number | undefined {
    return one && one.timeMs + this.#options.clock.monotonicMs() - one.atMs
  }
}

/**
 * Time that moves only when told to, and chance that comes from a seed: the twins of `real-clock.ts`. The same seed
 * and the same calls give the same run, to the last timer.
 */
import { type Appointment, Appointments } from './appointments.ts'
import type { Clock, Random, Timer } from './environment.ts'

export interface VirtualClockOptions {
  /** Wall clock at the start, milliseconds since the epoch. */
  readonly startMs?: number
  /**
   * What is waited for between two timers: everything that goes on behind immediate callbacks too, or promises alone,
   * which costs a tenth of that.
   */
  readonly settles?: 'immediates' | 'promises'
}

/** One of so many times the process does what it has to do besides: collecting what nobody refers to any more. */
const IMMEDIATE_EVERY = 1_000
const SETTLED = Promise.resolve()
/** 2023-11-14T22:13:20Z: a round number of seconds, well in the past. */
const DEFAULT_START_MS = 1_700_000_000_000

export class VirtualClock implements Clock {
  readonly #appointments = new Appointments()
  #nowMs = 0
  readonly #settles: 'immediates' | 'promises'
  #settled = 0
  #wallOffsetMs: number
  #made = 0

  constructor(options: VirtualClockOptions = {}) {
    this.#wallOffsetMs = options.startMs ?? DEFAULT_START_MS
    this.#settles = options.settles ?? 'immediates'
  }

  wallMs(): number {
    return this.#nowMs + this.#wallOffsetMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  /** The wall clock jumps, as one that is set does; timers and durations do not notice. */
  jumpWall(byMs: number): void {
    this.#wallOffsetMs += byMs
  }

  /** Timers that wait. */
  get waiting(): number {
    return this.#appointments.size
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const dueMs = this.#nowMs + Math.max(0, delayMs)
    const appointment: Appointment = { dueMs, order: this.#made, callback }
    this.#made += 1
    this.#appointments.add(appointment)
    return { cancel: () => this.#appointments.callOff(appointment) }
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    if (signal !== undefined) return this.#sleepUntilAborted(delayMs, signal)
    return new Promise((resolve) => {
      this.setTimer(delayMs, resolve)
    })
  }

  #sleepUntilAborted(delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason)
        return
      }
      const abort = (): void => {
        timer.cancel()
        reject(signal.reason)
      }
      const timer = this.setTimer(delayMs, () => {
        signal.removeEventListener('abort', abort)
        resolve()
      })
      signal.addEventListener('abort', abort, { once: true })
    })
  }

  /**
   * Lets so much time pass: runs what is due in its order, and between two timers everything that follows from the
   * first.
   */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs
    await settleImmediates()
    while ((this.#appointments.nextDueMs ?? Infinity) <= untilMs) await this.#runNext()
    this.#nowMs = untilMs
  }

  /**
   * Lets time pass until `isOver`, which is asked after each timer and everything that follows from it. False when no timer
   * waits any more, and it is not over.
   */
  passUntil(isOver: () => boolean): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const step = (): void => {
        try {
          if (isOver()) resolve(true)
          else if (this.#callNext()) this.#afterAll(tick, step)
          else resolve(false)
        } catch (error) {
          reject(error)
        }
      }
      const tick = (): void => process.nextTick(step)
      setImmediate(step)
    })
  }

  /** Everything stands still for so long, as a suspended machine does: timers that were due meanwhile are late. */
  suspend(byMs: number): void {
    this.#nowMs += byMs
  }

  /**
   * Lets time pass until no timer waits. Rejects when that takes more than `limitMs`: something schedules itself for
   * ever.
   */
  async runUntilIdle(limitMs = 24 * 3_600_000): Promise<void> {
    const untilMs = this.#nowMs + limitMs
    await settleImmediates()
    while (this.waiting > 0) {
      if ((this.#appointments.nextDueMs ?? 0) > untilMs) {
        throw new Error(`not idle after ${limitMs} ms: ${this.waiting} timers still wait`)
      }
      await this.#runNext()
    }
  }

  async #runNext(): Promise<void> {
    if (this.#callNext()) await this.#settle()
  }

  /** False when no timer waits. */
  #callNext(): boolean {
    const next = this.#appointments.take()
    if (next === undefined) return false
    this.#nowMs = Math.max(this.#nowMs, next.dueMs)
    next.callback()
    return true
  }

  /** Lets everything go on that can. The process gets its turn now and then in any case. */
  #settle(): Promise<void> {
    return new Promise((resolve) => this.#afterAll(() => process.nextTick(resolve), resolve))
  }

  /** Calls `step` when everything has gone on that can; `tick` is to call it in the next tick. */
  #afterAll(tick: () => void, step: () => void): void {
    this.#settled += 1
    const isQuick = this.#settles === 'promises' && this.#settled % IMMEDIATE_EVERY !== 0
    // A tick that is asked for by a promise comes when no promise can go on any more.
    if (isQuick) void SETTLED.then(tick)
    else setImmediate(step)
  }
}

/** Lets every promise that can go on do so, those behind immediate callbacks too. */
function settleImmediates(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Chance from a 32-bit seed (Mulberry32): fast and repeatable, and no secret. */
export class SeededRandom implements Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  bytes(count: number): Buffer {
    const bytes = Buffer.allocUnsafe(count)
    for (let at = 0; at < count; at += 1) bytes[at] = this.#next() >>> 24
    return bytes
  }

  below(limit: number): number {
    return Math.floor((this.#next() / 0x1_0000_0000) * limit)
  }

  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
}

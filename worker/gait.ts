/**
 * The gait of a worker: its rates in files and bytes per second, and pauses for clients. To be asked before each file or
 * other step. At full pace it only looks at the signal.
 *
 * At gentle pace a worker rests after each step, in proportion to how long the step took: with no clients as long as the
 * step, so that one worker never has more than half of a device; with clients longer, up to `REST_MAX` times as long.
 */
import type { Clock } from '#base/environment.ts'
import type { PassOptions } from './contract.ts'
import type { Foreground } from './foreground.ts'
import { RateLimit } from './rate-limit.ts'

export interface GaitOptions {
  readonly clock: Clock
  readonly foreground: Foreground
  /** `undefined`: no limit. */
  readonly filesPerSecond?: number | undefined
  readonly bytesPerSecond?: number | undefined
}

export interface Step {
  readonly files?: number
  readonly bytes?: number
}

/** Rest per step when nobody else comes. */
const REST_IDLE = 1
/** Rest per step added for each client's request under way on average. */
const REST_PER_REQUEST = 4
const REST_MAX = 25
/** No single rest is longer: a step that was held up by something else is not paid for twice. */
const REST_LONGEST_MS = 2_000
/** Shorter rests are saved up: a timer costs more than it would give back. */
const REST_SHORTEST_MS = 2
/** At full pace the process is left to others so often, milliseconds. */
const BREATHE_EVERY_MS = 20

export class Gait {
  readonly #clock: Clock
  readonly #foreground: Foreground
  readonly #files: RateLimit
  readonly #bytes: RateLimit
  #stepStartedMs: number | undefined
  #owedMs = 0

  constructor({ clock, foreground, filesPerSecond, bytesPerSecond }: GaitOptions) {
    this.#clock = clock
    this.#foreground = foreground
    this.#files = new RateLimit({ clock, perSecond: filesPerSecond })
    this.#bytes = new RateLimit({ clock, perSecond: bytesPerSecond })
  }

  /**
   * To be awaited before each step, with what the step will read or send. Rejects with the signal's reason when it
   * aborts. Not for several steps at once: give each lane a gait of its own, or await it where lanes are dealt work.
   */
  async before(step: Step, { pace, signal }: PassOptions): Promise<void> {
    signal.throwIfAborted()
    if (pace === 'gentle') await this.#gently(step, signal)
    else await this.#breathe(signal)
    this.#stepStartedMs = this.#clock.monotonicMs()
  }

  /** The pass is over: what comes before the next one is not counted as a step. */
  end(): void {
    this.#stepStartedMs = undefined
    this.#owedMs = 0
  }

  async #gently({ files = 1, bytes = 0 }: Step, signal: AbortSignal): Promise<void> {
    this.#owedMs += this.#tookMs() * this.#restPerStep()
    if (this.#owedMs >= REST_SHORTEST_MS) {
      const restMs = Math.min(this.#owedMs, REST_LONGEST_MS)
      this.#owedMs = 0
      await this.#clock.sleep(restMs, signal)
    }
    if (files > 0) await this.#files.take(files, signal)
    if (bytes > 0) await this.#bytes.take(bytes, signal)
  }

  /** Work that never waits for a disk or a peer would keep the process to itself. */
  async #breathe(signal: AbortSignal): Promise<void> {
    this.#owedMs += this.#tookMs()
    if (this.#owedMs < BREATHE_EVERY_MS) return
    this.#owedMs = 0
    await this.#clock.sleep(0, signal)
  }

  #tookMs(): number {
    return this.#stepStartedMs === undefined ? 0 : this.#clock.monotonicMs() - this.#stepStartedMs
  }

  #restPerStep(): number {
    return Math.min(REST_MAX, REST_IDLE + REST_PER_REQUEST * this.#foreground.load())
  }
}

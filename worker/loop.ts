/**
 * Runs a worker again and again, gently, with its pause between two passes.
 *
 * - One pass at a time. A person may ask for a pass: what is under way is hurried to its end first, because it may have
 *   gone past what the person has in mind, then one whole pass follows at full pace. That also works while paused.
 * - Paused until a time, never for ever: a pause that was forgotten must not become the way data is lost. What keeps
 *   pauses over a restart is given (`PauseStore`).
 * - What is urgent ends the rest, or is followed by another pass when it comes during one.
 * - `stop` ends the pass under way at its next step; workers go on from there.
 */
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { Pace, PassOptions, PassReport, Worker } from './contract.ts'

/** Until when each worker is paused, wall clock, milliseconds since the epoch. Outlives the process. */
export interface PauseStore {
  readonly pausedUntilMs: (worker: string) => number | undefined
  /** Durable when resolved. `undefined`: not paused. */
  readonly keep: (worker: string, untilMs: number | undefined) => Promise<void>
}

export interface WorkerLoopOptions {
  readonly worker: Worker
  readonly clock: Clock
  readonly log: Logger
  readonly pauses: PauseStore
  /** Told of each pass when it is over, for metrics. */
  readonly observe?: ((report: PassReport) => void) | undefined
}

/** What is urgent waits so long, so that a worker that finds everything urgent still lets others work, milliseconds. */
const URGENT_REST_MS = 1_000

export type LoopState =
  | { readonly kind: 'passing'; readonly pace: Pace }
  | { readonly kind: 'resting'; readonly nextPassMs: number }
  | { readonly kind: 'paused'; readonly untilMs: number }
  | { readonly kind: 'stopped' }

export class WorkerLoop {
  readonly worker: Worker
  readonly #options: WorkerLoopOptions
  readonly #stopping = new AbortController()
  readonly #asked: PromiseWithResolvers<PassReport>[] = []
  #running: Promise<void> | undefined
  #pass: RunningPass | undefined
  #restEnds = new AbortController()
  #nextPassMs = 0
  #isUrgent = false

  constructor(options: WorkerLoopOptions) {
    this.worker = options.worker
    this.#options = options
    options.worker.onUrgent?.(() => {
      this.#isUrgent = true
      this.#restEnds.abort()
    })
  }

  /** Begins to run the worker. */
  start(): void {
    this.#running ??= this.#run()
  }

  /** What the loop does at this moment. Times by the wall clock, milliseconds since the epoch. */
  state(): LoopState {
    if (this.#stopping.signal.aborted) return { kind: 'stopped' }
    if (this.#pass !== undefined) return { kind: 'passing', pace: this.#pass.pace }
    const untilMs = this.pausedUntilMs
    return untilMs === undefined
      ? { kind: 'resting', nextPassMs: this.#nextPassMs }
      : { kind: 'paused', untilMs }
  }

  /** `undefined` when it is not paused. */
  get pausedUntilMs(): number | undefined {
    const untilMs = this.#options.pauses.pausedUntilMs(this.worker.name)
    return untilMs !== undefined && untilMs > this.#options.clock.wallMs() ? untilMs : undefined
  }

  /** One whole pass at full pace that begins after this call. Resolves with its report; never rejects. */
  runNow(): Promise<PassReport> {
    const asked = Promise.withResolvers<PassReport>()
    this.#asked.push(asked)
    this.#pass?.hurry()
    this.#restEnds.abort()
    if (this.#stopping.signal.aborted) this.#answerWaiting()
    return asked.promise
  }

  /** No passes until then, except those that a person asks for; the one under way is stopped. Durable when resolved. */
  async pause(untilMs: number): Promise<void> {
    await this.#options.pauses.keep(this.worker.name, untilMs)
    if (this.#pass?.pace === 'gentle') this.#pass.stop()
    this.#restEnds.abort()
  }

  /** Passes again, the first one soon. Durable when resolved. */
  async resume(): Promise<void> {
    await this.#options.pauses.keep(this.worker.name, undefined)
    this.#restEnds.abort()
  }

  /** No more passes; resolves when the one under way has ended. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#pass?.stop()
    this.#restEnds.abort()
    await this.#running
    this.#answerWaiting()
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    let restMs = this.worker.pauseMs()
    while (!signal.aborted) {
      await this.#rest(restMs)
      if (signal.aborted) break
      const asked = this.#asked.splice(0)
      if (asked.length === 0 && this.pausedUntilMs !== undefined) continue
      const report = await this.#runPass(asked.length > 0 ? 'full' : 'gentle')
      for (const one of asked) one.resolve(report)
      restMs = this.worker.pauseMs()
    }
  }

  /** Until the next pass is due, the pause is over, or somebody wants something. */
  async #rest(restMs: number): Promise<void> {
    const nowMs = this.#options.clock.wallMs()
    const waitMs = Math.max(restMs, (this.pausedUntilMs ?? nowMs) - nowMs)
    if (!this.#isUrgent) await this.#sleep(waitMs)
    const restedMs = this.#options.clock.wallMs() - nowMs
    if (this.#isUrgent && restedMs < URGENT_REST_MS) await this.#sleep(Math.min(waitMs, URGENT_REST_MS))
    this.#isUrgent = false
  }

  async #sleep(waitMs: number): Promise<void> {
    if (this.#asked.length > 0 || this.#stopping.signal.aborted) return
    this.#nextPassMs = this.#options.clock.wallMs() + waitMs
    this.#restEnds = new AbortController()
    await this.#options.clock.sleep(waitMs, this.#restEnds.signal).catch(() => {})
  }

  async #runPass(pace: Pace): Promise<PassReport> {
    const pass = new RunningPass(pace)
    this.#pass = pass
    const report = await this.worker.runOnce(pass)
    this.#pass = undefined
    this.#options.observe?.(report)
    return report
  }

  /** Those who asked too late. */
  #answerWaiting(): void {
    for (const one of this.#asked.splice(0)) one.resolve(this.#notRun())
  }

  #notRun(): PassReport {
    const startedMs = this.#options.clock.wallMs()
    const none = { found: {}, repaired: {}, waiting: {} }
    return { worker: this.worker.name, startedMs, durationMs: 0, ended: 'stopped', ...none }
  }
}

/** The options of a pass that can be hurried and stopped while it runs. */
class RunningPass implements PassOptions {
  readonly #stopping = new AbortController()
  #pace: Pace

  constructor(pace: Pace) {
    this.#pace = pace
  }

  get pace(): Pace {
    return this.#pace
  }

  get signal(): AbortSignal {
    return this.#stopping.signal
  }

  hurry(): void {
    this.#pace = 'full'
  }

  stop(): void {
    this.#stopping.abort(new Error('the pass was stopped'))
  }
}

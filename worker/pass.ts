/**
 * What a pass counts while it is under way: how far it is, and what its report will say. `passWorker` makes a `Worker` of a
 * function that does one pass: one pass at a time, never a rejection, the report kept.
 */
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { Figures, PassOptions, PassProgress, PassReport, Worker } from './contract.ts'

/** Which part of the report a figure belongs to. */
export type ReportPart = 'found' | 'repaired' | 'waiting'

export interface PassSpec {
  readonly worker: string
  readonly clock: Clock
  /** What is counted, in the plural. */
  readonly unit: string
}

/** Below this share of the whole the rate says nothing about the rest yet. */
const ETA_FROM_SHARE = 0.001

export class Pass {
  readonly #spec: PassSpec
  readonly #startedMs: number
  readonly #startedMonotonicMs: number
  readonly #figures: Record<ReportPart, Record<string, number>> = { found: {}, repaired: {}, waiting: {} }
  #done = 0
  #doneBefore = 0
  #total: number | undefined
  #bytes = 0

  constructor(spec: PassSpec) {
    this.#spec = spec
    this.#startedMs = spec.clock.wallMs()
    this.#startedMonotonicMs = spec.clock.monotonicMs()
  }

  /** How many there are to be done, as soon as it is known; may be corrected. */
  expect(total: number): void {
    this.#total = total
  }

  /** So many were done by an earlier pass that was stopped: they count as done, but not for the rate. */
  resumeAfter(done: number): void {
    this.#doneBefore = done
    this.#done = done
  }

  /** So many more are done. */
  advance(count = 1): void {
    this.#done += count
  }

  /** So many more bytes were read or sent. */
  moveBytes(count: number): void {
    this.#bytes += count
  }

  /** Adds to a figure of the report. */
  count(part: ReportPart, figure: string, amount = 1): void {
    const figures = this.#figures[part]
    figures[figure] = (figures[figure] ?? 0) + amount
  }

  /** Sets a figure of the report: for what is known whole, such as an age. */
  set(part: ReportPart, figure: string, value: number): void {
    this.#figures[part][figure] = value
  }

  progress(): PassProgress {
    return {
      done: this.#done,
      total: this.#total,
      unit: this.#spec.unit,
      bytes: this.#bytes,
      startedMs: this.#startedMs,
      etaSeconds: this.#etaSeconds(),
    }
  }

  report(ended: PassReport['ended']): PassReport {
    return {
      worker: this.#spec.worker,
      startedMs: this.#startedMs,
      durationMs: this.#spec.clock.monotonicMs() - this.#startedMonotonicMs,
      ended,
      ...(this.#bytes === 0 ? {} : { bytes: this.#bytes }),
      found: { ...this.#figures.found },
      repaired: { ...this.#figures.repaired },
      waiting: { ...this.#figures.waiting },
    }
  }

  /** At the rate of this pass so far. */
  #etaSeconds(): number | undefined {
    const doneNow = this.#done - this.#doneBefore
    if (this.#total === undefined) return undefined
    const left = Math.max(0, this.#total - this.#done)
    if (left === 0) return 0
    if (doneNow <= 0 || doneNow < this.#total * ETA_FROM_SHARE) return undefined
    const elapsedMs = this.#spec.clock.monotonicMs() - this.#startedMonotonicMs
    return (elapsedMs / 1000 / doneNow) * left
  }
}

export interface PassWorkerOptions {
  readonly name: string
  readonly clock: Clock
  readonly log: Logger
  /** What is counted, in the plural. */
  readonly unit: string
  readonly pauseMs: () => number
  /**
   * Does one pass, counting in `pass`. Resolves with how it ended; to be `stopped` soon after the signal aborts. A
   * rejection is logged and the pass has failed, unless the signal has aborted: then it was stopped.
   */
  readonly pass: (pass: Pass, options: PassOptions) => Promise<'complete' | 'stopped'>
  readonly live?: () => Promise<Figures>
  readonly onUrgent?: (wake: () => void) => void
}

/** A worker that does its passes by a function, one at a time. */
export function passWorker(options: PassWorkerOptions): Worker {
  const passes = new SinglePass(options)
  const { live, onUrgent } = options
  return {
    name: options.name,
    runOnce: (how) => passes.runOnce(how),
    progress: () => passes.progress(),
    lastPass: () => passes.lastPass,
    pauseMs: options.pauseMs,
    ...(live === undefined ? {} : { live }),
    ...(onUrgent === undefined ? {} : { onUrgent }),
  }
}

class SinglePass {
  readonly #options: PassWorkerOptions
  #current: { readonly pass: Pass; readonly report: Promise<PassReport> } | undefined
  lastPass: PassReport | undefined

  constructor(options: PassWorkerOptions) {
    this.#options = options
  }

  runOnce(how: PassOptions): Promise<PassReport> {
    if (this.#current !== undefined) return this.#current.report
    const { name, clock, unit } = this.#options
    const pass = new Pass({ worker: name, clock, unit })
    const report = this.#run(pass, how)
    this.#current = { pass, report }
    return report
  }

  progress(): PassProgress | undefined {
    return this.#current?.pass.progress()
  }

  async #run(pass: Pass, how: PassOptions): Promise<PassReport> {
    const report = pass.report(await this.#end(pass, how))
    this.#current = undefined
    this.lastPass = report
    return report
  }

  async #end(pass: Pass, how: PassOptions): Promise<PassReport['ended']> {
    try {
      // Not before the caller has the promise that others are to share.
      await Promise.resolve()
      return await this.#options.pass(pass, how)
    } catch (error) {
      if (how.signal.aborted) return 'stopped'
      this.#options.log.error({ err: error, worker: this.#options.name }, 'a pass failed')
      return 'failed'
    }
  }
}

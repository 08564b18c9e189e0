/** What passes between the runner and its worker processes. */
import type { Plan } from './operations.ts'

export type ToWorker =
  | { readonly type: 'plan'; readonly plan: Plan }
  /** Works for so many seconds, or until there is nothing left. */
  | { readonly type: 'go'; readonly seconds: number }

export interface PhaseResult {
  readonly type: 'result'
  readonly operations: number
  readonly movedBytes: number
  /** From the first request to the last answer, seconds. */
  readonly seconds: number
  /** What went wrong, in words, and how often. */
  readonly errors: Readonly<Record<string, number>>
  readonly latencyCounts: Uint32Array
  readonly maxMicros: number
  /** User and system time of this worker, seconds. */
  readonly cpuSeconds: number
  /** The workload ran out of objects before its time was over. */
  readonly exhausted: boolean
}

export type FromWorker = PhaseResult | { readonly type: 'ready' }

/**
 * Nodes that fail are set aside, so that not every request waits for them. Ten errors within a minute, or one "507
 * Insufficient Storage", set a node aside for a minute (OpenStack Swift `error_suppression_limit`,
 * `error_suppression_interval`).
 *
 * Beyond Swift: a node set aside gets a request on trial after a second, then after two, four…; one success brings it
 * back at once. So a process that restarts in a second is missed for a second or two, not for a minute.
 */
import type { Clock } from '#base/environment.ts'
import type { StorageNode } from './storage-node.ts'

export interface ErrorLimitOptions {
  readonly clock: Clock
  /** Errors within the interval that set a node aside. */
  readonly errorsMax?: number
  /** Milliseconds. */
  readonly intervalMs?: number
  /** First wait before a trial, milliseconds; doubles with every trial that fails. */
  readonly firstTrialMs?: number
}

const ERRORS_MAX = 10
const INTERVAL_MS = 60_000
const FIRST_TRIAL_MS = 1000

interface Record {
  errors: number
  lastErrorMs: number
  /** When the next trial is due; only while the node is set aside. */
  trialAtMs: number
  trialAfterMs: number
}

export class ErrorLimiter {
  readonly #clock: Clock
  readonly #errorsMax: number
  readonly #intervalMs: number
  readonly #firstTrialMs: number
  readonly #records = new Map<StorageNode, Record>()

  constructor(options: ErrorLimitOptions) {
    this.#clock = options.clock
    this.#errorsMax = options.errorsMax ?? ERRORS_MAX
    this.#intervalMs = options.intervalMs ?? INTERVAL_MS
    this.#firstTrialMs = options.firstTrialMs ?? FIRST_TRIAL_MS
  }

  /** Should the node be passed over? When a trial is due, the caller's request is the trial and the answer is no. */
  isSetAside(node: StorageNode): boolean {
    if (this.#records.size === 0) return false
    const record = this.#records.get(node)
    if (record === undefined || record.errors < this.#errorsMax) return false
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - record.lastErrorMs >= this.#intervalMs) {
      this.#records.delete(node)
      return false
    }
    if (nowMs < record.trialAtMs) return true
    record.trialAfterMs = Math.min(record.trialAfterMs * 2, this.#intervalMs)
    record.trialAtMs = nowMs + record.trialAfterMs
    return false
  }

  /** The node did not answer, or answered with an error of its own. */
  recordError(node: StorageNode): void {
    this.#record(node, 1)
  }

  /** The node's disk is full or gone. */
  recordFull(node: StorageNode): void {
    this.#record(node, this.#errorsMax)
  }

  recordSuccess(node: StorageNode): void {
    if (this.#records.size > 0) this.#records.delete(node)
  }

  /** Nodes that are set aside now, for status pages and metrics. */
  setAside(): readonly StorageNode[] {
    const nowMs = this.#clock.monotonicMs()
    return [...this.#records]
      .filter(
        ([, { errors, lastErrorMs }]) => errors >= this.#errorsMax && nowMs - lastErrorMs < this.#intervalMs,
      )
      .map(([node]) => node)
  }

  #record(node: StorageNode, errors: number): void {
    const nowMs = this.#clock.monotonicMs()
    const known = this.#records.get(node)
    const recent = known !== undefined && nowMs - known.lastErrorMs < this.#intervalMs
    const before = recent ? known.errors : 0
    const trialAfterMs = recent && before >= this.#errorsMax ? known.trialAfterMs : this.#firstTrialMs
    this.#records.set(node, {
      errors: before + errors,
      lastErrorMs: nowMs,
      trialAfterMs,
      trialAtMs: nowMs + trialAfterMs,
    })
  }
}

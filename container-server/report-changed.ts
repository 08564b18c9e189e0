/**
 * Containers whose figures changed tell their accounts, again and again until a majority of the account's servers have
 * them (the part of OpenStack Swift's `container/updater.py`). What was told is kept with the container, durably: nothing
 * is lost by a crash. Only changed containers are looked at.
 *
 * What was told is told once more a while later. The last report to arrive is the one that is believed
 * (`account-server/report-stamps.ts`), and an earlier one may be late: it waited in a hung server, or was taken by one
 * whose clock is ahead. After that while none is under way any more. All replicas of a container do so, each as far as its
 * process remembers; those of hidden accounts do not.
 *
 * Only who owns a container and is not stale speaks for it: the figures of a stand-in, told last, would stay when it has
 * handed over what it had. What it hands over changes those of the owners, or is what they have told.
 *
 * A report without a majority may have reached single servers, or reach them yet. That is noted durably, so that the figures
 * are told whatever they are then: those of before are not what these servers have. *Left:* all replicas are killed after
 * they told the same figures and before they note how that went, and the figures go back to exactly those of before.
 */
import { AUTO_CREATE_ACCOUNT_PREFIX } from '#backend/address.ts'
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import { isContainerDeleted, noteInDoubt, noteReported } from '#db/container-rules.ts'
import type { Index, Unreported } from '#db/contract.ts'
import type { DatabaseInfo, DatabaseName } from '#db/info.ts'
import type { ObjectRow } from '#db/object-row.ts'
import { currentReport, hasUnreported } from '#db/reporting.ts'
import { type AccountTargets, type AccountUpdates, isUnknownToAll, type Told } from './account-updates.ts'

export interface ReportStats {
  /** Containers whose account now knows. */
  readonly reported: number
  /** Containers to be tried again in the next pass. */
  readonly failed: number
  /** Containers whose account no account server knows. */
  readonly orphaned: number
  /** Containers left for later because their account's servers did not answer a moment ago. */
  readonly suppressed: number
}

export interface ReporterOptions {
  readonly index: Index<ObjectRow>
  readonly accounts: AccountUpdates
  /** Is what this device has of a container to be told (`speaksBy` of `backend/index-standing.ts`)? */
  readonly speaksFor: (container: DatabaseName) => boolean
  readonly clock: Clock
  readonly log: Logger
  /** Where an account lives, from the account ring. */
  readonly lookUp: (account: string) => AccountTargets
}

/** Containers that report at the same time (Swift `container-updater`, `concurrency`). */
const CONCURRENCY = 4
const PAGE = 200
/** After a failure an account is left alone for so long (Swift `account_suppression_time`), milliseconds. */
const SUPPRESSION_MS = 60_000
/** Accounts left alone at most; beyond this the oldest is tried again. */
const SUPPRESSED_MAX = 10_000

/**
 * When a report is told once more, milliseconds: after every time limit, and after what clocks may be ahead
 * (`base/limits.ts`).
 */
export const CONFIRM_AFTER_MS = 60_000
/** Containers whose report is to be told once more; beyond this the oldest is not. */
const CONFIRMED_MAX = 100_000

/** Containers of which it is remembered since when they fail; beyond this the figure is a lower bound. */
const FAILING_MAX = 100_000

/** `settled`: there is nothing to tell, or nobody's figure to correct. */
type Outcome = keyof ReportStats | 'settled'

export class ChangeReporter {
  readonly #options: ReporterOptions
  readonly #suppressedUntil = new Map<string, number>()
  /** Since when a container's report fails, by hash, monotonic milliseconds; in the order of those times. */
  readonly #failingSince = new Map<string, number>()
  /** Reports to be told once more, by hash, monotonic milliseconds; in the order of those times. */
  readonly #toConfirm = new Map<string, { readonly name: DatabaseName; readonly dueMs: number }>()
  #passing: Promise<ReportStats> | undefined

  constructor(options: ReporterOptions) {
    this.#options = options
  }

  /** One pass over all changed containers. One pass runs at a time; a second call waits for the first. */
  reportChanged(signal?: AbortSignal): Promise<ReportStats> {
    this.#passing ??= this.#pass(signal).finally(() => {
      this.#passing = undefined
    })
    return this.#passing
  }

  /**
   * What waits: how many containers that this device speaks for have something to report, and since when the report of one
   * of them fails, in seconds; that is known only as far back as this process runs.
   */
  async pendingFigures(): Promise<{ readonly count: number; readonly oldestSeconds: number }> {
    const { index, speaksFor, clock } = this.#options
    const nowMs = clock.monotonicMs()
    let count = 0
    let oldestMs = nowMs
    let after = ''
    for (;;) {
      const page = await index.unreported(PAGE, after)
      const last = page.at(-1)
      if (last === undefined) break
      for (const { hash, name } of page) {
        if (!speaksFor(name)) continue
        count += 1
        oldestMs = Math.min(oldestMs, this.#failingSince.get(hash) ?? nowMs)
      }
      after = last.hash
    }
    return { count, oldestSeconds: (nowMs - oldestMs) / 1000 }
  }

  async #pass(signal: AbortSignal | undefined): Promise<ReportStats> {
    const stats = { reported: 0, failed: 0, orphaned: 0, suppressed: 0 }
    let after = ''
    while (signal?.aborted !== true) {
      const page = await this.#options.index.unreported(PAGE, after)
      const last = page.at(-1)
      if (last === undefined) break
      after = last.hash
      for (const outcome of await this.#reportAll(page, signal)) {
        if (outcome !== 'settled') stats[outcome] += 1
      }
    }
    await this.#confirm(signal)
    return stats
  }

  /** Tells once more what was told a while ago and has not changed since. */
  async #confirm(signal: AbortSignal | undefined): Promise<void> {
    const { index, speaksFor, clock } = this.#options
    const nowMs = clock.monotonicMs()
    for (const [hash, { name, dueMs }] of this.#toConfirm) {
      if (dueMs > nowMs || signal?.aborted === true) return
      this.#toConfirm.delete(hash)
      const state = await index.state(name)
      if (state === undefined || hasUnreported(state.info) || !speaksFor(name)) continue
      const told = await this.#tellAll(state.info)
      if (!isMajority(told)) this.#confirmLater(hash, name)
    }
  }

  #confirmLater(hash: string, name: DatabaseName): void {
    this.#toConfirm.delete(hash)
    this.#toConfirm.set(hash, { name, dueMs: this.#options.clock.monotonicMs() + CONFIRM_AFTER_MS })
    const [oldest] = this.#toConfirm.keys()
    if (this.#toConfirm.size > CONFIRMED_MAX && oldest !== undefined) this.#toConfirm.delete(oldest)
  }

  async #reportAll(
    page: readonly Unreported[],
    signal: AbortSignal | undefined,
  ): Promise<readonly Outcome[]> {
    const waiting = [...page]
    const outcomes: Outcome[] = []
    const reportNext = async (): Promise<void> => {
      for (
        let next = waiting.shift();
        next !== undefined && signal?.aborted !== true;
        next = waiting.shift()
      ) {
        const outcome = await this.#reportOne(next.name)
        this.#noteOutcome(next.hash, outcome)
        if (outcome === 'reported' && !isHidden(next.name)) this.#confirmLater(next.hash, next.name)
        outcomes.push(outcome)
      }
    }
    await Promise.all(Array.from({ length: CONCURRENCY }, reportNext))
    return outcomes
  }

  #noteOutcome(hash: string, outcome: Outcome): void {
    if (outcome === 'reported' || outcome === 'settled') this.#failingSince.delete(hash)
    else if (!this.#failingSince.has(hash) && this.#failingSince.size < FAILING_MAX) {
      this.#failingSince.set(hash, this.#options.clock.monotonicMs())
    }
  }

  async #reportOne(name: DatabaseName): Promise<Outcome> {
    const { index, clock, speaksFor } = this.#options
    const nowMs = clock.monotonicMs()
    if (!speaksFor(name)) return 'settled'
    if ((this.#suppressedUntil.get(name.account) ?? 0) > nowMs) return 'suppressed'
    const state = await index.state(name)
    if (state === undefined || !hasUnreported(state.info)) return 'settled'
    const told = await this.#tellAll(state.info)
    const isGone = isContainerDeleted(state.info) && hasNoRow(told)
    if (isGone || isMajority(told)) {
      await index.apply(name, [], noteReported(currentReport(state.info)))
      return isGone ? 'settled' : 'reported'
    }
    this.#suppress(name.account, nowMs)
    if (isUnknownToAll(told)) {
      this.#options.log.warn(
        { container: name },
        'a container has figures to report, but no server knows its account',
      )
      return 'orphaned'
    }
    await index.apply(name, [], noteInDoubt)
    return 'failed'
  }

  #tellAll(info: DatabaseInfo): Promise<readonly Told[]> {
    const { accounts, lookUp } = this.#options
    const { partition, nodes } = lookUp(info.name.account)
    const headers = { 'x-account-override-deleted': 'yes' }
    return Promise.all(nodes.map((node) => accounts.report(info, partition, node, headers)))
  }

  #suppress(account: string, nowMs: number): void {
    this.#suppressedUntil.delete(account)
    this.#suppressedUntil.set(account, nowMs + SUPPRESSION_MS)
    if (this.#suppressedUntil.size <= SUPPRESSED_MAX) return
    const [oldest] = this.#suppressedUntil.keys()
    if (oldest !== undefined) this.#suppressedUntil.delete(oldest)
  }
}

/** Nobody reads the figures of the cluster's own accounts, and those of the expirer's queue change with every task. */
function isHidden({ account }: DatabaseName): boolean {
  return account.startsWith(AUTO_CREATE_ACCOUNT_PREFIX)
}

/** Is the account proven to be gone, so that a deleted container has no row to be taken out? */
function hasNoRow(told: readonly Told[]): boolean {
  return told.length > 0 && told.every((one) => one === 'not_found')
}

/** Have most of the account's servers the report? */
function isMajority(told: readonly Told[]): boolean {
  return told.filter((one) => one === 'done').length > told.length / 2
}

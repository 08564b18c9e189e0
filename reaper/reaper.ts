/**
 * Empties deleted accounts (OpenStack Swift, `account/reaper.py`): their objects, then their containers, some time after
 * the deletion. The account itself goes when its deletion is old enough (`replicator/databases-reclaim.ts`).
 *
 * - Of the devices that hold an account the first one in the ring does it, when the primaries agree on the deletion.
 * - Only what was written up to the deletion goes. What came later stays until somebody deletes the account once more.
 * - What is left is read from the listings again in every pass: a pass may end anywhere and run twice.
 */
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import { TICKS_PER_SECOND, type Timestamp, ticksOf } from '#base/timestamp.ts'
import { isAccountStatusDeleted } from '#db/account-rules.ts'
import type { ContainerRow } from '#db/container-row.ts'
import type { Index } from '#db/contract.ts'
import { eachDatabase } from '#db/each-database.ts'
import { type DatabaseInfo, totalStats } from '#db/info.ts'
import type { ContainerName } from '#store/operation.ts'
import type { PassOptions, Worker } from '#worker/contract.ts'
import { type Pass, passWorker } from '#worker/pass.ts'
import type { AccountContent } from './account-content.ts'

export interface ReaperOptions {
  readonly clock: Clock
  readonly log: Logger
  /** The accounts of this device. */
  readonly index: Index<ContainerRow>
  /** Is this device the first one that holds the account? */
  readonly isFirst: (account: string) => boolean
  readonly content: AccountContent
  /** Swift's `delay_reaping`: how long a deleted account is left as it is, seconds. Default: not at all. */
  readonly delaySeconds?: number | undefined
  /** Objects that are deleted at the same time. */
  readonly concurrency?: number | undefined
  /** What lets a lane rest before each step; one for each. */
  readonly rests?: (() => Rest) | undefined
  readonly pauseMs?: number | undefined
}

/** To be awaited before a step. */
export type Rest = (options: PassOptions) => Promise<void>

/** Swift's `interval` is an hour; looking at the accounts of a device costs little. */
const PAUSE_MS = 600_000
/** Swift's `concurrency`. */
const CONCURRENCY = 25
/** Swift's `reap_warn_after`: an account that was to be empty so long ago is worth a warning, seconds. */
const WARN_AFTER_SECONDS = 30 * 86_400
/** Containers and objects listed at a time. */
const PAGE = 1000
const ALL = { first: '0'.repeat(32), end: undefined }

export function createReaper(options: ReaperOptions): Worker {
  const { clock, log } = options
  const reaper = new Reaper(options)
  return passWorker({
    name: 'reaper',
    clock,
    log,
    unit: 'accounts',
    pauseMs: () => options.pauseMs ?? PAUSE_MS,
    pass: (pass, how) => reaper.pass(pass, how),
  })
}

class Reaper {
  readonly #options: ReaperOptions

  constructor(options: ReaperOptions) {
    this.#options = options
  }

  async pass(pass: Pass, how: PassOptions): Promise<'complete' | 'stopped'> {
    const { index, isFirst } = this.#options
    const rest = this.#rest(how)
    for await (const { state } of eachDatabase(index, ALL, rest)) {
      const { info } = state
      if (isAccountStatusDeleted(info) && totalStats(info).rows > 0 && isFirst(info.name.account)) {
        await this.#reap(info, pass, how)
      }
      pass.advance()
    }
    return 'complete'
  }

  async #reap(info: DatabaseInfo, pass: Pass, how: PassOptions): Promise<void> {
    const { clock, delaySeconds = 0, log, content } = this.#options
    const { account } = info.name
    const ageSeconds = clock.wallMs() / 1000 - ticksOf(info.deleteTimestamp) / TICKS_PER_SECOND
    if (ageSeconds < delaySeconds) return pass.count('waiting', 'accounts_delayed')
    pass.count('found', 'accounts_deleted')
    if (!(await content.isDeletedSince(account, info.deleteTimestamp)))
      return pass.count('waiting', 'accounts_not_agreed')
    let left = 0
    let after = ''
    for (;;) {
      const page = await this.#containers(account, after)
      for (const name of page) {
        if (!(await this.#reapContainer(name, info.deleteTimestamp, pass, how))) left += 1
      }
      const last = page.at(-1)
      if (last === undefined || page.length < PAGE) break
      after = last.container
    }
    if (left === 0) return pass.count('repaired', 'accounts_emptied')
    pass.count('waiting', 'containers', left)
    if (ageSeconds > delaySeconds + WARN_AFTER_SECONDS)
      log.warn({ account, left }, 'a deleted account still holds containers')
  }

  async #containers(account: string, after: string): Promise<readonly ContainerName[]> {
    const entries = await this.#options.index.list({ account }, 0, {
      limit: PAGE,
      direction: 'forward',
      reservedNames: 'shown',
      ...(after === '' ? {} : { marker: after }),
    })
    return entries.flatMap((entry) => (entry.kind === 'row' ? [{ account, container: entry.row.name }] : []))
  }

  /** Resolves with whether the container is gone. */
  async #reapContainer(
    name: ContainerName,
    deletedAt: Timestamp,
    pass: Pass,
    how: PassOptions,
  ): Promise<boolean> {
    const { content } = this.#options
    const rest = this.#rest(how)
    let after = ''
    for (;;) {
      await rest()
      const page = await content.objects(name, after, PAGE)
      if (page.kind === 'not_now') return false
      if (page.kind === 'gone') break
      await this.#inLanes(page.names, how, async (object) => {
        const { kind } = await content.deleteObject(name, object, page.container, deletedAt)
        if (kind === 'deleted') pass.count('repaired', 'objects_deleted')
        else pass.count('waiting', kind === 'newer' ? 'newer_objects' : 'objects')
      })
      const last = page.names.at(-1)
      if (last === undefined || page.names.length < PAGE) break
      after = last
    }
    const { kind } = await content.deleteContainer(name, deletedAt)
    if (kind === 'deleted') pass.count('repaired', 'containers_deleted')
    return kind === 'deleted'
  }

  async #inLanes(
    objects: readonly string[],
    how: PassOptions,
    each: (object: string) => Promise<void>,
  ): Promise<void> {
    const waiting = objects.values()
    const run = async (): Promise<void> => {
      const rest = this.#rest(how)
      for (const object of waiting) {
        await rest()
        await each(object)
      }
    }
    const ended = await Promise.allSettled(
      Array.from({ length: this.#options.concurrency ?? CONCURRENCY }, run),
    )
    const failed = ended.find((lane) => lane.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  #rest(how: PassOptions): () => Promise<void> {
    const rest = this.#options.rests?.()
    return async () => {
      how.signal.throwIfAborted()
      await rest?.(how)
    }
  }
}

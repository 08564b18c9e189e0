/**
 * Bucket replication: follows the hidden containers of versions that are marked (`REPLICATED_MARK`) and has every version that
 * was written to go to other buckets brought there (Amazon S3, "Replicating objects"). The primaries of a container
 * share its changes, and what one of them does not get done another one does (`container-server/follow-changes.ts`).
 *
 * Which containers are marked is looked up among all once a minute; those are looked at again and again. What could not be done in
 * one of them is left alone for a while, longer each time.
 */
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import { parseTimestamp, TICKS_PER_SECOND, ticksOf } from '#base/timestamp.ts'
import { type FollowPhase, followChanges, type Share, type Turn } from '#container-server/follow-changes.ts'
import { isContainerDeleted } from '#db/container-rules.ts'
import type { Index } from '#db/contract.ts'
import { eachDatabase } from '#db/each-database.ts'
import type { DatabaseState } from '#db/info.ts'
import type { ObjectRow } from '#db/object-row.ts'
import type { NewVersion, Replicated, Replicator } from '#store/bucket-replication/contract.ts'
import { REPLICATED_MARK } from '#store/bucket-replication/replication-facts.ts'
import type { ContainerName } from '#store/operation.ts'
import { versionedContainerOf, versionIn } from '#store/versions/version-names.ts'
import type { PassOptions, Worker } from '#worker/contract.ts'
import { type Pass, passWorker } from '#worker/pass.ts'
import { Retries } from '#worker/retries.ts'

export interface ReplicationWorkerOptions {
  readonly clock: Clock
  readonly log: Logger
  /** The containers of this device. */
  readonly index: Pick<Index<ObjectRow>, 'databases' | 'changesSince' | 'syncPoint' | 'setSyncPoint'>
  /** Opened when there is something to follow. */
  readonly replicator: () => Promise<Replicator>
  /** `undefined` when this device is no primary, or may not vote. */
  readonly turn: (name: ContainerName) => Turn | undefined
  /** To be awaited before each version and each page of containers. */
  readonly rest: (how: PassOptions) => Promise<void>
  /** Between two passes, milliseconds. */
  readonly intervalMs: number
  /** Between two looks for containers that are marked, milliseconds. */
  readonly discoveryMs: number
  /** Longest time for one container in a pass, milliseconds. */
  readonly containerMs: number
  /** How old a version is when others do what its own device did not get done, milliseconds. */
  readonly takeOverMs: number
}

const WHOLE = { first: '0'.repeat(32), end: undefined } as const
/** The points of every container are kept under this name. */
const FOLLOWER = 'replication'
const LANES = 8
/** Others are tried again when they are as old as those of other devices. */
const FAILED_MAX = 10_000
const RETRY_TIMES = { firstMs: 1_000, mostMs: 300_000 } as const
const TICKS_PER_MS = TICKS_PER_SECOND / 1000

/** Makes the worker of a device. */
export function createReplicationWorker(options: ReplicationWorkerOptions): Worker {
  const { clock, log, intervalMs } = options
  const replication = new Replication(options)
  return passWorker({
    name: 'bucket-replication',
    clock,
    log,
    unit: 'versions',
    pauseMs: () => intervalMs,
    pass: (pass, how) => replication.pass(pass, how),
    live: async () => ({ lag_seconds: replication.lagMs / 1000 }),
  })
}

class Replication {
  readonly #options: ReplicationWorkerOptions
  readonly #retries: Retries
  /** Names of rows that this device could not replicate: they are tried again without waiting for others. */
  readonly #failed = new Set<string>()
  /** The marked containers, by the hash of their names. */
  #followed: ReadonlyMap<string, Marked> = new Map()
  #discoveredMs: number | undefined
  /** How long the oldest version has waited that could not be replicated in the last pass. */
  lagMs = 0

  constructor(options: ReplicationWorkerOptions) {
    this.#options = options
    this.#retries = new Retries(options.clock, RETRY_TIMES)
  }

  async pass(pass: Pass, how: PassOptions): Promise<'complete' | 'stopped'> {
    await this.#discover(how)
    let lagMs = 0
    for (const [key, { hidden, sinceTicks }] of this.#followed) {
      if (how.signal.aborted) return 'stopped'
      const turn = this.#options.turn(hidden)
      if (turn === undefined) continue
      pass.count('found', 'buckets')
      // What is new need not wait for what could not be done.
      const again = how.pace === 'gentle' && this.#retries.isTooEarly(key) ? 'too_early' : 'now'
      const followed = { hidden, sinceTicks, turn, again, failed: this.#failed } as const
      const container = new FollowedContainer(this.#options, followed, pass, how)
      const { late, waitedMs } = await container.follow()
      lagMs = Math.max(lagMs, waitedMs, again === 'now' ? 0 : this.lagMs)
      if (late > 0) this.#retries.later(key)
      else if (again === 'now') this.#retries.forget(key)
    }
    this.lagMs = lagMs
    pass.set('found', 'lag_seconds', lagMs / 1000)
    return 'complete'
  }

  /** A person who asks for a pass wants to see all there is. */
  async #discover(how: PassOptions): Promise<void> {
    const { clock, index, rest, discoveryMs } = this.#options
    const nowMs = clock.monotonicMs()
    const isKnown = this.#discoveredMs !== undefined && nowMs < this.#discoveredMs + discoveryMs
    if (isKnown && how.pace === 'gentle') return
    const found = new Map<string, Marked>()
    for await (const { hash, state } of eachDatabase(index, WHOLE, () => rest(how))) {
      if (how.signal.aborted) return
      const marked = markedIn(state)
      if (marked !== undefined) found.set(hash, marked)
    }
    this.#followed = found
    this.#discoveredMs = nowMs
  }
}

interface Marked {
  readonly hidden: ContainerName
  /** No version before this time is to be replicated. */
  readonly sinceTicks: number
}

/** The container, if versions in it may have to be replicated. */
function markedIn({ info, metadata }: DatabaseState): Marked | undefined {
  const { account, container } = info.name
  if (container === undefined || versionedContainerOf(container) === undefined) return undefined
  const since = parseTimestamp(metadata.get(REPLICATED_MARK)?.value ?? '')
  if (since === undefined || isContainerDeleted(info)) return undefined
  return { hidden: { account, container }, sinceTicks: ticksOf(since) }
}

interface Followed extends Marked {
  readonly turn: Turn
  /** Whether what was left is tried again in this pass. */
  readonly again: 'now' | 'too_early'
  readonly failed: Set<string>
}

/** One container in one pass. */
class FollowedContainer {
  readonly #options: ReplicationWorkerOptions
  readonly #followed: Followed
  readonly #pass: Pass
  readonly #how: PassOptions
  #late = 0
  #waitedMs = 0

  constructor(options: ReplicationWorkerOptions, followed: Followed, pass: Pass, how: PassOptions) {
    this.#options = options
    this.#followed = followed
    this.#pass = pass
    this.#how = how
  }

  /** `late`: versions that could not be replicated; `waitedMs`: for how long the oldest that is left has waited. */
  async follow(): Promise<{ readonly late: number; readonly waitedMs: number }> {
    const { clock, index, containerMs } = this.#options
    const begun = new Map<FollowPhase, number>()
    await followChanges(index, {
      name: this.#followed.hidden,
      follower: FOLLOWER,
      turn: this.#followed.turn,
      lanes: LANES,
      act: (row, phase, share) => this.#act(row, phase, share),
      isOver: (phase) => {
        if (phase === 'all' && this.#followed.again === 'too_early') return true
        const nowMs = clock.monotonicMs()
        const sinceMs = begun.get(phase) ?? nowMs
        begun.set(phase, sinceMs)
        return this.#how.signal.aborted || nowMs >= sinceMs + containerMs
      },
    })
    return { late: this.#late, waitedMs: this.#waitedMs }
  }

  async #act(row: ObjectRow, phase: FollowPhase, share: Share): Promise<'done' | 'later'> {
    const { rest, replicator, takeOverMs } = this.#options
    const version = this.#versionOf(row)
    if (version === undefined) return 'done'
    // Whose it is does it in time; what it tried in vain is tried again now.
    const isTriedAgain = share === 'own' && this.#followed.failed.has(row.name)
    if (phase === 'all' && this.#ageMs(version) < takeOverMs && !isTriedAgain) return 'later'
    await rest(this.#how)
    const buckets = await replicator()
    const found = await buckets.pending(version)
    this.#pass.advance()
    const outcome = found.kind === 'pending' ? await buckets.replicate(version, found) : found
    return this.#count(version, outcome)
  }

  /** What a row stands for; versions that are deleted stay where they were brought to. */
  #versionOf({ name, deleted }: ObjectRow): NewVersion | undefined {
    const { hidden, sinceTicks } = this.#followed
    const { account, container } = hidden
    const bucket = versionedContainerOf(container)
    const version = deleted ? undefined : versionIn(name)
    if (bucket === undefined || version === undefined || ticksOf(version.id) < sinceTicks) return undefined
    const { object: key, id } = version
    return { bucket: { account, container: bucket }, key, id, place: { account, container, object: name } }
  }

  #count(version: NewVersion, outcome: Replicated): 'done' | 'later' {
    const { log } = this.#options
    const { bucket, key, id, place } = version
    const { failed } = this.#followed
    if (outcome.kind === 'later') {
      log.info({ bucket: bucket.container, key, id, reason: outcome.reason }, 'not replicated yet')
      this.#late += 1
      this.#waitedMs = Math.max(this.#waitedMs, this.#ageMs(version))
      this.#pass.count('waiting', 'versions')
      if (failed.size < FAILED_MAX) failed.add(place.object)
      return 'later'
    }
    failed.delete(place.object)
    if (outcome.kind === 'completed') this.#pass.count('repaired', 'replicated')
    if (outcome.kind === 'failed') {
      log.warn({ bucket: bucket.container, key, id, reason: outcome.reason }, 'a version is not replicated')
      this.#pass.count('found', 'failed')
    }
    return 'done'
  }

  #ageMs({ id }: NewVersion): number {
    return Math.max(0, this.#options.clock.wallMs() - ticksOf(id) / TICKS_PER_MS)
  }
}

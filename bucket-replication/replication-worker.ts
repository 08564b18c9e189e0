/**
 * Bucket replication: follows the hidden containers of versions that are marked (`REPLICATED_MARK`) and has every version that
 * was written to go to other buckets brought there (Amazon S3, "Replicating objects"). The primaries of a container
 * share its changes, and what one of them does not get done another one does (`container-server/follow-changes.ts`).
 *
 * Which containers are marked is looked up among all every other minute; those are looked at again and again. A container in
 * which something could not be done is left alone for a while, longer each time.
 */
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import { TICKS_PER_SECOND, ticksOf } from '#base/timestamp.ts'
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
  /** The marked containers, by name. */
  #followed: ReadonlyMap<string, ContainerName> = new Map()
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
    for (const [key, hidden] of this.#followed) {
      if (how.signal.aborted) return 'stopped'
      const turn = this.#options.turn(hidden)
      if (turn === undefined) continue
      pass.count('found', 'buckets')
      if (how.pace === 'gentle' && this.#retries.isTooEarly(key)) {
        lagMs = Math.max(lagMs, this.lagMs)
        continue
      }
      const container = new FollowedContainer(this.#options, { hidden, turn }, pass, how)
      const { late, waitedMs } = await container.follow()
      lagMs = Math.max(lagMs, waitedMs)
      if (late > 0) this.#retries.later(key)
      else this.#retries.forget(key)
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
    const found = new Map<string, ContainerName>()
    for await (const { hash, state } of eachDatabase(index, WHOLE, () => rest(how))) {
      if (how.signal.aborted) return
      const name = markedIn(state)
      if (name !== undefined) found.set(hash, name)
    }
    this.#followed = found
    this.#discoveredMs = nowMs
  }
}

/** The container, if versions in it may have to be replicated. */
function markedIn({ info, metadata }: DatabaseState): ContainerName | undefined {
  const { account, container } = info.name
  if (container === undefined || versionedContainerOf(container) === undefined) return undefined
  if ((metadata.get(REPLICATED_MARK)?.value ?? '') === '' || isContainerDeleted(info)) return undefined
  return { account, container }
}

interface Followed {
  readonly hidden: ContainerName
  readonly turn: Turn
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
      act: (row, share) => this.#act(row, share),
      isOver: (phase) => {
        const nowMs = clock.monotonicMs()
        const sinceMs = begun.get(phase) ?? nowMs
        begun.set(phase, sinceMs)
        return this.#how.signal.aborted || nowMs >= sinceMs + containerMs
      },
    })
    return { late: this.#late, waitedMs: this.#waitedMs }
  }

  async #act(row: ObjectRow, share: Share): Promise<'done' | 'later'> {
    const { rest, replicator, takeOverMs } = this.#options
    const version = this.#versionOf(row)
    if (version === undefined) return 'done'
    await rest(this.#how)
    const buckets = await replicator()
    const found = await buckets.pending(version)
    this.#pass.advance()
    if (found.kind !== 'pending') return this.#count(version, found)
    if (share === 'of_others' && this.#ageMs(version) < takeOverMs) return this.#waits(version)
    return this.#count(version, await buckets.replicate(version, found))
  }

  /** What a row stands for; versions that are deleted stay where they were brought to. */
  #versionOf({ name, deleted }: ObjectRow): NewVersion | undefined {
    const { account, container } = this.#followed.hidden
    const bucket = versionedContainerOf(container)
    const version = deleted ? undefined : versionIn(name)
    if (bucket === undefined || version === undefined) return undefined
    const { object: key, id } = version
    return { bucket: { account, container: bucket }, key, id, place: { account, container, object: name } }
  }

  #count(version: NewVersion, outcome: Replicated): 'done' | 'later' {
    const { log } = this.#options
    const { bucket, key, id } = version
    switch (outcome.kind) {
      case 'nothing':
        return 'done'
      case 'completed':
        this.#pass.count('repaired', 'replicated')
        return 'done'
      case 'failed':
        this.#pass.count('found', 'failed')
        log.warn({ bucket: bucket.container, key, id, reason: outcome.reason }, 'a version is not replicated')
        return 'done'
      case 'later':
        this.#late += 1
        log.info({ bucket: bucket.container, key, id, reason: outcome.reason }, 'not replicated yet')
        return this.#waits(version)
    }
  }

  #waits(version: NewVersion): 'later' {
    this.#pass.count('waiting', 'versions')
    this.#waitedMs = Math.max(this.#waitedMs, this.#ageMs(version))
    return 'later'
  }

  #ageMs({ id }: NewVersion): number {
    return Math.max(0, this.#options.clock.wallMs() - ticksOf(id) / TICKS_PER_MS)
  }
}

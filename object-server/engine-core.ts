/**
 * What reading and writing of one policy on one device share: disk, index, memory, and the rule by which errors of the
 * device become outcomes. Invariant: what is remembered in memory is what the index says.
 */
import type { Clock, Disk, KvEngine } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import { type HashPathSalt, hashPath } from '#base/names.ts'
import type { Timestamp } from '#base/timestamp.ts'
import type { DeviceHealth } from '#disk/device-health.ts'
import { codeOf, diskError } from '#disk/disk-error.ts'
import { failureKind } from '#disk/passing-failure.ts'
import type { DamageMark } from './damage-mark.ts'
import { DirectorySyncs } from './directory-syncs.ts'
import type { DiskFailed } from './engine.ts'
import { KeyedLock } from './keyed-lock.ts'
import { fileName, leafOf, type PolicyPaths } from './layout.ts'
import { LeafDirectories } from './leaf-directories.ts'
import { type CacheLimits, ObjectCache } from './object-cache.ts'
import { readObjectFile } from './object-files.ts'
import type { IndexChange, ObjectIndex } from './object-index.ts'
import { type DataVersion, EMPTY_STATE, isSameData, type ObjectState } from './object-state.ts'
import { PendingBodies } from './pending-bodies.ts'
import { precedenceOf } from './precedence.ts'
import { quarantineFile } from './quarantine.ts'
import { type RebuildFrom, Recovery } from './recovery.ts'
import { type RowsAgain, rowsAgain } from './rows-again.ts'
import { type StoredObject, storedObject } from './stored-object.ts'

export interface DiskEngineOptions {
  readonly disk: Disk
  readonly kv: KvEngine
  readonly clock: Clock
  readonly health: DeviceHealth
  readonly log: Logger
  readonly salt: HashPathSalt
  readonly devicePath: string
  readonly policyIndex: number
  /** Called before an index that is not complete counts as complete: what it knew may be lost. */
  readonly beforeRebuild?: (from: RebuildFrom) => Promise<void>
  readonly cacheLimits?: CacheLimits
  /** How long tombstones are kept at least; a file of before that nobody knows is not believed. Default: reclaim age. */
  readonly reclaimAgeSeconds?: number | undefined
  /**
   * Told of each PUT or DELETE before it is stored here, with the time of its writing, milliseconds; what it answers is
   * waited for.
   */
  readonly arriving?: (hash: string, writtenMs: number) => Promise<void> | undefined
  /** Told of each copy that readers found bad or gone: it has to come from another replica. Must not fail. */
  readonly onLost?: (hash: string) => void
}

export class EngineCore {
  readonly options: DiskEngineOptions
  readonly disk: Disk
  readonly index: ObjectIndex
  readonly paths: PolicyPaths
  readonly syncs: DirectorySyncs
  readonly leaves: LeafDirectories
  readonly recovery: Recovery
  readonly rowsAgain: RowsAgain
  readonly cache: ObjectCache
  /** One writer at a time per hash. */
  readonly locks = new KeyedLock()
  readonly bodies: PendingBodies
  /** When each candidate is from that was accepted and is not visible, by hash (`conditional.ts`). */
  readonly pending = new Map<string, Timestamp>()
  readonly #mark: DamageMark

  constructor(options: DiskEngineOptions, index: ObjectIndex, paths: PolicyPaths, mark: DamageMark) {
    const { disk, policyIndex, salt, log, beforeRebuild = async () => {} } = options
    this.options = options
    this.disk = disk
    this.index = index
    this.#mark = mark
    this.paths = paths
    this.syncs = new DirectorySyncs(disk)
    this.leaves = new LeafDirectories(disk, paths.objects, index, this.syncs)
    this.cache = new ObjectCache(options.cacheLimits)
    this.bodies = new PendingBodies(disk, options.clock, this.syncs, paths.pending)
    this.rowsAgain = rowsAgain(policyIndex, salt)
    this.recovery = new Recovery({
      disk,
      syncs: this.syncs,
      index,
      paths,
      rowsAgain: this.rowsAgain,
      salt,
      log,
      beforeRebuild,
    })
  }

  hashOf(name: string): string {
    return hashPath(name, this.options.salt)
  }

  /** What is known of the object, its data record included unless the file cannot tell it. */
  state(hash: string): Promise<ObjectState> {
    return this.cache.load(hash, () => this.#read(hash))
  }

  /** The same of many objects, in their order. */
  states(hashes: readonly string[]): Promise<readonly ObjectState[]> {
    const unknown = hashes.filter((hash) => this.cache.state(hash) === undefined)
    const read = unknown.length === 0 ? undefined : this.#readMany(unknown)
    return Promise.all(
      hashes.map((hash) => this.cache.load(hash, async () => (await read)?.get(hash) ?? this.#read(hash))),
    )
  }

  async #readMany(hashes: readonly string[]): Promise<ReadonlyMap<string, ObjectState>> {
    const states = await this.index.getMany(hashes)
    const whole = hashes.map(async (hash, at) => {
      return [hash, await this.#withRecord(hash, states[at] ?? EMPTY_STATE)] as const
    })
    return new Map(await Promise.all(whole))
  }

  /** The object of a state; `undefined` when there is no data, or its file cannot tell its record. */
  objectOf(hash: string, state: ObjectState): StoredObject | undefined {
    const record = state.data?.record
    return record === undefined ? undefined : storedObject(hash, record, state.meta)
  }

  /** Makes a change durable and remembers it. A failed index write takes the device out of use. */
  async commit(change: IndexChange): Promise<void> {
    await this.written(this.index.commit(change))
    this.cache.replaced(change.hash, change.after)
  }

  /** Waits for a write of the index; one that fails takes the device out of use. */
  async written(write: Promise<void>): Promise<void> {
    try {
      await write
    } catch (error) {
      const reason = `the object index could not be written: ${codeOf(error) ?? String(error)}`
      this.options.health.fail(reason, failureKind(error))
      throw diskError('EINDEX', 'commit', this.paths.index)
    }
  }

  /** Errors of disk and index are outcomes; everything else is a bug and goes on as a rejection. */
  async guarded<Result>(work: () => Promise<Result>): Promise<Result | DiskFailed> {
    try {
      return await work()
    } catch (error) {
      const code = codeOf(error)
      if (code === undefined || code.startsWith('ERR_')) throw error
      if (code === 'LEVEL_CORRUPTION') await this.#mark.set().catch(() => {})
      if (code.startsWith('LEVEL_'))
        this.options.health.fail(`the object index failed with ${code}`, failureKind(error))
      this.options.log.error({ code, err: String(error) }, 'the disk failed')
      return { kind: 'disk_failed', reason: code }
    }
  }

  /** Takes a damaged version out of service, unless it was replaced meanwhile. */
  async quarantine(hash: string, version: DataVersion, reason: string): Promise<void> {
    const leaf = leafOf(hash)
    await this.leaves.ready(leaf)
    await this.locks.run(hash, async () => {
      const before = await this.state(hash)
      if (before.data === undefined || !isSameData(before.data, version)) return
      const name = dataFileName(hash, version)
      this.options.log.error({ file: name, reason }, 'quarantined a damaged object')
      const { disk, syncs, leaves, paths } = this
      await quarantineFile(disk, syncs, leaves.path(leaf), name, paths.quarantined)
      const after: ObjectState = { ...before, data: undefined, lost: version.timestamp }
      await this.commit({ hash, before, after, updates: [] })
      this.options.onLost?.(hash)
    })
  }

  /** The file of this version is not where the index says: makes the index agree with what there is. */
  async reconcile(hash: string, version: DataVersion): Promise<ObjectState> {
    return await this.locks.run(hash, async () => {
      const state = await this.state(hash)
      if (state.data === undefined || !isSameData(state.data, version)) return state
      const after = await this.recovery.object(hash)
      this.cache.forget(hash)
      if (after.data === undefined && after.lost !== undefined) this.options.onLost?.(hash)
      return after
    })
  }

  /** What an earlier version of Martlet stored is compared by today's rule (`comparedText`) from here on. */
  async renewDigests(): Promise<void> {
    this.options.log.info({ index: this.paths.index }, 'making the digests of the object index anew')
    await this.index.renewDigests(async (hash, state) => {
      if (state.data === undefined || precedenceOf(state.data) !== undefined) return state
      // A file that cannot be read is the auditor's; until then it ranks behind others of its time.
      return await this.guarded(() => this.#withRecord(hash, state)).then((told) =>
        'kind' in told ? state : told,
      )
    })
  }

  async #read(hash: string): Promise<ObjectState> {
    return await this.#withRecord(hash, await this.index.get(hash))
  }

  /** The state with the record of its data, where that stands in the file only and can be read. */
  async #withRecord(hash: string, state: ObjectState): Promise<ObjectState> {
    if (state.data === undefined || state.data.record !== undefined) return state
    const file = { hash, timestamp: state.data.timestamp, kind: 'data' as const }
    const directory = this.leaves.path(leafOf(hash))
    try {
      const told = await readObjectFile(this.disk, directory, file, this.options.salt)
      const data = told.kind === 'state' ? told.state.data : undefined
      return data !== undefined && isSameData(data, state.data) ? { ...state, data } : state
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
      return state
    }
  }
}

export function dataFileName(hash: string, version: DataVersion): string {
  return fileName({ hash, timestamp: version.timestamp, kind: 'data' })
}

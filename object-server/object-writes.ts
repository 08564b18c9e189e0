/**
 * Writing of objects. Invariants:
 *  - The outcome is given only when file, directory and index are on disk, in this order (`docs/architecture.md`, "The
 *    way of a PUT"). A crash at any point leaves the old object or the new one.
 *  - Files that a change makes obsolete are removed only after the change is durable.
 *  - All writes of one object happen one after the other.
 */
import { timeOf } from '#base/ballot.ts'
import { RECLAIM_AGE_SECONDS } from '#base/limits.ts'
import { TICKS_PER_SECOND, ticksOf } from '#base/timestamp.ts'
import { codeOf } from '#disk/disk-error.ts'
import { candidateAhead, type Staged, type StageRequest } from './conditional.ts'
import { DataWriter } from './data-writer.ts'
import type {
  Absent,
  Changed,
  CommitRequest,
  DeleteRequest,
  DiskFailed,
  NewerExists,
  ObjectWriter,
  PostRequest,
  WriteOptions,
} from './engine.ts'
import type { EngineCore } from './engine-core.ts'
import { absenceOf, judgeFound } from './found-object.ts'
import { fileName, filesOf, leafOf, type ObjectFile } from './layout.ts'
import type { MetaRecord } from './meta-record.ts'
import { writeSmallFile } from './object-files.ts'
import type { IndexChange } from './object-index.ts'
import { comparedText, type DataRecord, EMPTY_STATE, joinStates, type ObjectState } from './object-state.ts'
import { quarantineFile } from './quarantine.ts'
import { applyData, applyPost, applyTombstone } from './state-changes.ts'
import type { StoredRecord } from './stored-bytes.ts'

/** A change that was decided: what it makes of the object, and the temporary file that becomes `file`. */
export interface Installation {
  readonly hash: string
  readonly temporary: string
  readonly file: ObjectFile
  readonly before: ObjectState
  readonly after: ObjectState
  readonly updates: Changed['updates']
  /** What becomes durable in the same batch. */
  readonly along?: IndexChange['along']
}

/** What a POST or a DELETE left on another replica. */
export type SmallRecord = Exclude<StoredRecord, { readonly kind: 'data' }>

/** What becomes of the files of an object that is forgotten. */
export type Disposal = 'remove' | 'quarantine'

/** A `.meta` or `.ts` file to be written. */
export interface SmallChange extends Omit<Installation, 'temporary'> {
  readonly record: StoredRecord
}

const TICKS_PER_MS = TICKS_PER_SECOND / 1000

export class ObjectWrites {
  readonly #core: EngineCore
  /** Removals of obsolete files that nobody waits for, until the engine is closed. */
  readonly #removals = new Set<Promise<void>>()
  /** Directories with removals that may not be durable yet. */
  readonly #removedFrom = new Set<string>()
  /** Names of obsolete files by object, while their removal is under way and after it failed. */
  readonly #obsolete = new Map<string, Set<string>>()
  #removalsFailed = 0
  #temporaries = 0

  constructor(core: EngineCore) {
    this.#core = core
  }

  beginWrite(name: string, options: WriteOptions): ObjectWriter {
    const core = this.#core
    const hash = core.hashOf(name)
    const writer = new DataWriter(core.disk, this.temporaryPath(), options.hashing)
    // Made ready while the body arrives; the commit hears of a failure.
    void core.leaves.ready(leafOf(hash)).catch(() => {})
    let open = true
    const abort = async (): Promise<void> => {
      if (!open) return
      open = false
      await writer.abort()
    }
    return {
      get sizeBytes() {
        return writer.sizeBytes
      },
      write: async (chunk) => await core.guarded(() => writer.write(chunk).then(() => undefined)),
      etag: () => writer.etag(),
      blockCrcs: () => writer.blockCrcs(),
      commit: async (request) => {
        const outcome = await core.guarded(() => this.#commit(hash, name, writer, request, options))
        if (outcome.kind !== 'changed') await abort()
        open = false
        return outcome
      },
      stage: async (request) => {
        const staged = await core.guarded<Staged>(() => this.#stage(hash, name, writer, request))
        if (staged.kind !== 'staged') await abort()
        open = false
        return staged
      },
      abort,
    }
  }

  async post(name: string, request: PostRequest): Promise<Changed | NewerExists | Absent | DiskFailed> {
    return await this.#exclusively<Changed | NewerExists | Absent>(name, async (hash) => {
      const before = await this.#core.state(hash)
      const record = before.data?.record
      if (record === undefined) return absenceOf(before) ?? { kind: 'quarantined' }
      const { timestamp: at, expired } = request
      const found = judgeFound(hash, name, record, before, { at, expired })
      if (found.kind !== 'found') return found
      const change = applyPost(before, found.object, request)
      if (change.kind !== 'apply') return change
      const { after } = change
      const meta = after.meta as MetaRecord
      const object = this.#core.objectOf(hash, after)
      const file: ObjectFile = { hash, timestamp: meta.timestamp, kind: 'meta' }
      const updates = request.updates(found.object, object)
      await this.storeSmall({ hash, file, record: { kind: 'meta', meta }, before, after, updates })
      return { kind: 'changed', before: found.object, after: object, updates }
    })
  }

  async delete(
    name: string,
    request: DeleteRequest,
  ): Promise<Changed | NewerExists | { readonly kind: 'refused' } | DiskFailed> {
    const { timestamp } = request
    return await this.#exclusively<Changed | NewerExists | { readonly kind: 'refused' }>(
      name,
      async (hash) => {
        const before = await this.#core.state(hash)
        const object = this.#core.objectOf(hash, before)
        if (request.guard?.(object) === false) return { kind: 'refused' }
        const ahead = candidateAhead(this.#core.pending, hash, timestamp)
        if (ahead !== undefined) return { kind: 'newer_exists', timestamp: ahead }
        const change = applyTombstone(before, timestamp)
        if (change.kind !== 'apply') return change
        const file: ObjectFile = { hash, timestamp, kind: 'ts' }
        const record: StoredRecord = { kind: 'tombstone', name, timestamp }
        const updates = request.updates(object, undefined)
        await this.storeSmall({ hash, file, record, before, after: change.after, updates })
        return { kind: 'changed', before: object, after: undefined, updates }
      },
    )
  }

  /** Joins what another replica knows of POSTs or deletes with what is known here. `known`: it says nothing new. */
  async merge(record: SmallRecord): Promise<{ readonly kind: 'changed' | 'known' } | DiskFailed> {
    const name = record.kind === 'meta' ? record.meta.name : record.name
    return await this.#exclusively<{ readonly kind: 'changed' | 'known' }>(name, async (hash) => {
      const before = await this.#core.state(hash)
      const after = joinStates(before, stateOfSmall(record))
      if (comparedText(after) === comparedText(before)) return { kind: 'known' }
      const small = smallFileOf(hash, name, record, after)
      await this.storeSmall({ hash, ...small, before, after, updates: this.rowsOfCopy(hash, name, after) })
      return { kind: 'changed' }
    })
  }

  /**
   * Takes an object off this device without a tombstone, if it still is what `expected` says (`comparedText`). First older
   * files go, durably: without the newer one they would count again. Then the entry, durably, then the files, durably: a
   * crash in between brings the object back as it was, because the leaf is noted. Resolves with `forgotten` when nothing
   * can bring it back any more.
   */
  async forget(
    hash: string,
    expected: string,
    disposal: Disposal,
  ): Promise<{ readonly kind: 'forgotten' | 'changed_meanwhile' } | DiskFailed> {
    return await this.#core.guarded<{ readonly kind: 'forgotten' | 'changed_meanwhile' }>(async () => {
      await this.#core.leaves.ready(leafOf(hash))
      return await this.#core.locks.run(hash, async () => {
        const before = await this.#core.state(hash)
        if (comparedText(before) !== expected) return { kind: 'changed_meanwhile' }
        await this.#removeObsolete(hash)
        await this.#core.commit({ hash, before, after: EMPTY_STATE, updates: [] })
        await this.#dispose(hash, before, disposal)
        return { kind: 'forgotten' }
      })
    })
  }

  /** What was left of an object when newer files replaced it, if anything in its directory was removed at all. */
  async #removeObsolete(hash: string): Promise<void> {
    const { disk, syncs, leaves } = this.#core
    const directory = leaves.path(leafOf(hash))
    if (!this.#removedFrom.has(directory)) return
    for (const name of this.#obsolete.get(hash) ?? [])
      await disk.unlink(`${directory}/${name}`).catch(ignoreMissing)
    this.#obsolete.delete(hash)
    await syncs.sync(directory)
  }

  /** A failure leaves files that the index does not know: the leaf must stay noted, so that the next start sees them. */
  async #dispose(hash: string, state: ObjectState, disposal: Disposal): Promise<void> {
    const { disk, syncs, leaves, paths } = this.#core
    const directory = leaves.path(leafOf(hash))
    try {
      for (const name of filesOf(hash, state).map(fileName)) {
        if (disposal === 'quarantine') await quarantineFile(disk, syncs, directory, name, paths.quarantined)
        else await disk.unlink(`${directory}/${name}`).catch(ignoreMissing)
      }
      await syncs.sync(directory)
    } catch (error) {
      this.#removalsFailed += 1
      throw error
    }
  }

  /**
   * Waits for what goes on behind the answers and makes it durable. `obsolete_files_left`: a removal failed, so the
   * leaves must stay noted.
   */
  async settle(): Promise<'settled' | 'obsolete_files_left'> {
    await Promise.allSettled(this.#removals)
    const directories = [...this.#removedFrom]
    this.#removedFrom.clear()
    try {
      await Promise.all(directories.map((directory) => this.#core.syncs.sync(directory)))
    } catch {
      return 'obsolete_files_left'
    }
    return this.#removalsFailed === 0 ? 'settled' : 'obsolete_files_left'
  }

  async #stage(hash: string, name: string, writer: DataWriter, request: StageRequest): Promise<Staged> {
    const { candidate, ...about } = request
    const version = await writer.finish(recordOf(name, writer, { ...about, timestamp: timeOf(candidate) }))
    await this.#core.bodies.stage(hash, candidate, writer.path, version)
    return { kind: 'staged' }
  }

  async #commit(
    hash: string,
    name: string,
    writer: DataWriter,
    request: CommitRequest,
    { origin }: WriteOptions,
  ): Promise<Changed | NewerExists> {
    const data = await writer.finish(recordOf(name, writer, request))
    return await this.#core.locks.run(hash, async () => {
      const { pending } = this.#core
      const ahead = origin === 'replica' ? undefined : candidateAhead(pending, hash, data.timestamp)
      if (ahead !== undefined) return { kind: 'newer_exists', timestamp: ahead }
      const before = await this.#core.state(hash)
      const change = applyData(before, data)
      if (change.kind !== 'apply') return change
      const { after } = change
      const replaced = this.#core.objectOf(hash, before)
      const object = this.#core.objectOf(hash, after)
      const asked = request.updates(replaced, object)
      const updates = origin === 'replica' ? [...asked, ...this.rowsOfCopy(hash, name, after)] : asked
      const file: ObjectFile = { hash, timestamp: data.timestamp, kind: 'data' }
      await this.install({ hash, temporary: writer.path, file, before, after, updates })
      return { kind: 'changed', before: replaced, after: object, updates }
    })
  }

  /**
   * The rows of what was copied from another replica. Whoever took the request queued them, and may have been lost since,
   * together with the one container replica that was told. What is older than tombstones was told long ago.
   */
  rowsOfCopy(hash: string, name: string, state: ObjectState): Changed['updates'] {
    const { clock, reclaimAgeSeconds = RECLAIM_AGE_SECONDS } = this.#core.options
    const { data, meta, tombstone } = state
    const changedAt = meta?.timestamp ?? data?.timestamp ?? tombstone
    const oldestSeconds = clock.wallMs() / 1000 - reclaimAgeSeconds
    if (changedAt === undefined || ticksOf(changedAt) / TICKS_PER_SECOND < oldestSeconds) return []
    return this.#core.rowsAgain.of(hash, name, state)
  }

  /** A change whose file is only its record. Runs under the object's lock. */
  async storeSmall(change: SmallChange): Promise<void> {
    const { disk } = this.#core
    const temporary = this.temporaryPath()
    try {
      await writeSmallFile(disk, temporary, change.record)
      await this.install({ ...change, temporary })
    } catch (error) {
      await disk.unlink(temporary).catch(() => {})
      throw error
    }
  }

  /** The last steps of every write, in the order that makes a crash harmless. Runs under the object's lock. */
  async install(change: Installation): Promise<void> {
    const { hash, before, after, updates, along } = change
    const { disk, index, leaves, syncs } = this.#core
    const leaf = leafOf(hash)
    const directory = leaves.path(leaf)
    const name = fileName(change.file)
    const standing = filesOf(hash, before).map(fileName)
    const noted = this.arriving(change.file)
    if (noted !== undefined) await this.#core.written(noted)
    if (standing.includes(name)) await index.markForRecheck(hash)
    await leaves.ready(leaf)
    await disk.rename(change.temporary, `${directory}/${name}`)
    await syncs.sync(directory)
    await this.#core.commit({ hash, before, after, updates, ...(along === undefined ? {} : { along }) })
    const wanted = filesOf(hash, after).map(fileName)
    for (const obsolete of standing) {
      if (!wanted.includes(obsolete)) this.#removeLater(hash, directory, obsolete)
    }
  }

  /** To be waited for before a file is renamed into place. A POST makes nothing younger or older. */
  arriving({ hash, timestamp, kind }: ObjectFile): Promise<void> | undefined {
    if (kind === 'meta') return undefined
    return this.#core.options.arriving?.(hash, ticksOf(timestamp) / TICKS_PER_MS)
  }

  /**
   * Nobody waits for it: the index says already that the file does not count. The leaf stays noted until the removal is
   * durable (`settle`), so that a file that comes back with a power cut is seen.
   */
  #removeLater(hash: string, directory: string, name: string): void {
    this.#removedFrom.add(directory)
    const obsolete = this.#obsolete.get(hash) ?? new Set()
    this.#obsolete.set(hash, obsolete.add(name))
    const removed = (): void => {
      obsolete.delete(name)
      if (obsolete.size === 0 && this.#obsolete.get(hash) === obsolete) this.#obsolete.delete(hash)
    }
    const removal = this.#core.disk
      .unlink(`${directory}/${name}`)
      .catch(ignoreMissing)
      .then(removed, (error: unknown) => {
        this.#removalsFailed += 1
        this.#core.options.log.warn({ file: name, code: codeOf(error) }, 'could not remove an obsolete file')
      })
    this.#removals.add(removal)
    void removal.then(() => this.#removals.delete(removal))
  }

  /** One writer per object, errors of the device as outcomes. */
  async #exclusively<Result>(
    name: string,
    work: (hash: string) => Promise<Result>,
  ): Promise<Result | DiskFailed> {
    const hash = this.#core.hashOf(name)
    return await this.#core.guarded(() => this.#core.locks.run(hash, () => work(hash)))
  }

  /** Of a file that is not an object yet. */
  temporaryPath(): string {
    this.#temporaries += 1
    return `${this.#core.paths.temporary}/${this.#core.options.policyIndex}-${this.#temporaries}`
  }
}

function recordOf(name: string, writer: DataWriter, request: Omit<CommitRequest, 'updates'>): DataRecord {
  const { timestamp, etag, contentType, headers } = request
  const { sizeBytes } = writer
  return { name, timestamp, sizeBytes, etag, contentType, headers, blockCrcs: writer.blockCrcs() }
}

function stateOfSmall(record: SmallRecord): ObjectState {
  return record.kind === 'meta'
    ? { ...EMPTY_STATE, meta: record.meta }
    : { ...EMPTY_STATE, tombstone: record.timestamp }
}

/** The file that says what is new in `after`: metadata of two POSTs may have been joined. */
function smallFileOf(
  hash: string,
  name: string,
  record: SmallRecord,
  after: ObjectState,
): { readonly file: ObjectFile; readonly record: SmallRecord } {
  if (record.kind === 'meta') {
    const meta = after.meta ?? record.meta
    return { file: { hash, timestamp: meta.timestamp, kind: 'meta' }, record: { kind: 'meta', meta } }
  }
  const { timestamp } = record
  return { file: { hash, timestamp, kind: 'ts' }, record: { kind: 'tombstone', name, timestamp } }
}

function ignoreMissing(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error
}

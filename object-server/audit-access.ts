/**
 * What the auditor needs of an engine: entries and files as they are on disk, past every memory, and the few things that
 * are done to a copy that is not what it should be. Nothing is deleted that could be the last trace of an object; what is
 * bad or unknown goes to `quarantined/`.
 *
 * Looking needs no lock: a difference that is seen while a client writes is looked at again under the lock of its object
 * before anything is done about it.
 */
import { RECLAIM_AGE_SECONDS } from '#base/limits.ts'
import { codeOf } from '#disk/disk-error.ts'
import { namesIn } from '#disk/names-in.ts'
import type { DiskFailed } from './engine.ts'
import { dataFileName, type EngineCore } from './engine-core.ts'
import { fileName, filesOf, type Leaf, leafOf, leafPath, type ObjectFile, parseFileName } from './layout.ts'
import type { MetaRecord } from './meta-record.ts'
import { readObjectFile, writeSmallFile } from './object-files.ts'
import { rowOfObject, unaddressed } from './object-rows.ts'
import { comparedText, type DataVersion, isEmpty, isSameData, type ObjectState } from './object-state.ts'
import { quarantineFile } from './quarantine.ts'
import { listQuarantined, type QuarantinedFile } from './quarantined-files.ts'
import { encodeRecord } from './stored-bytes.ts'
import { type StoredObject, storedObject } from './stored-object.ts'

/** Object and entry. */
export interface AuditedObject {
  readonly hash: string
  readonly state: ObjectState
}

/** One file that is not what the index says. */
export interface FileFault {
  readonly file: ObjectFile
  readonly kind: 'missing' | 'damaged' | 'unreadable'
  readonly reason: string
}

/** What was done about an object's files. */
export type Mended =
  /** It is as the index says after all. */
  | 'sound'
  /** A bad file was taken out of service; the object must come from another replica. */
  | 'quarantined'
  /** A file was gone; the object must come from another replica. */
  | 'lost'
  /** What the file said was written again from what the index knew. */
  | 'restored'

/** What became of a file that no entry stands for. */
export type StrayOutcome = 'gone' | 'leftover' | 'adopted' | 'quarantined'

/** A data file with everything that its bytes are held against. */
export interface AuditedData {
  readonly path: string
  readonly version: DataVersion
  readonly object: StoredObject
}

/** Outcomes of disks are values; a promise rejects only for our own bugs. */
export interface AuditAccess {
  /** Objects and tombstones whose hash begins with these hex digits, at most four, as the digests have it. */
  count(prefix: string): number
  /** The ranges of a leaf (four hex digits each) that have objects or tombstones, as the digests have it. */
  occupiedRanges(leaf: Leaf): readonly string[]
  /** Leaves of which there is anything: a directory, an entry, or a digest that says so. */
  leaves(): Promise<ReadonlySet<Leaf> | DiskFailed>
  /** All names in a leaf directory, those that no object file has among them. */
  namesIn(leaf: Leaf): Promise<readonly string[] | DiskFailed>
  /** Entries of a leaf in the order of their hashes, those behind `after`; fewer than `limit` only at the end. */
  entries(
    leaf: Leaf,
    after: string | undefined,
    limit: number,
  ): Promise<readonly AuditedObject[] | DiskFailed>
  /** The entry as the index has it. */
  entry(hash: string): Promise<AuditedObject | DiskFailed>
  /** Reads what the files of an object say about themselves. No bytes of bodies are read. */
  inspect(object: AuditedObject): Promise<readonly FileFault[] | DiskFailed>
  /** The data file of an object; `undefined` when there is none, or it cannot tell about itself. */
  dataOf(object: AuditedObject): Promise<AuditedData | undefined | DiskFailed>
  /** Looks again under the lock of the object, and acts. */
  mend(hash: string): Promise<Mended | DiskFailed>
  /** Takes a version out of service whose bytes are bad, unless it was replaced meanwhile. */
  quarantine(hash: string, version: DataVersion, reason: string): Promise<'done' | DiskFailed>
  /** A file that no entry stands for: left over, unknown to the index, or in the wrong place. */
  settleStray(leaf: Leaf, name: string): Promise<StrayOutcome | DiskFailed>
  /** Does the digest of a range (four hex digits) say what its entries say? A wrong one is corrected when asked. */
  checkDigest(prefix: string, then: 'report' | 'correct'): Promise<'right' | 'wrong' | DiskFailed>
  /** Queues the container row of an object again; `false` when there is no data. */
  tellContainerAgain(hash: string): Promise<boolean | DiskFailed>
  /** What was taken out of service and is kept, in the order of the names; those behind `after`. */
  quarantined(limit: number, after?: string): Promise<readonly QuarantinedFile[] | DiskFailed>
}

/** Times that the digest of a range that is being written to is computed before it is left for the next pass. */
const DIGEST_LOOKS = 4

export class DiskAuditAccess implements AuditAccess {
  readonly #core: EngineCore
  #temporaries = 0

  constructor(core: EngineCore) {
    this.#core = core
  }

  count(prefix: string): number {
    return this.#core.index.digestBelow(prefix).count
  }

  occupiedRanges(leaf: Leaf): readonly string[] {
    return this.#core.index.occupiedRanges(leaf)
  }

  leaves(): Promise<ReadonlySet<Leaf> | DiskFailed> {
    const { disk, index, paths } = this.#core
    return this.#core.guarded(async () => {
      const digested = index.allDigests().map(({ prefix }) => prefix.slice(0, 2))
      return new Set([
        ...(await namesIn(disk, paths.objects)),
        ...(await index.leavesWithEntries()),
        ...digested,
      ])
    })
  }

  namesIn(leaf: Leaf): Promise<readonly string[] | DiskFailed> {
    return this.#core.guarded(() => namesIn(this.#core.disk, this.#core.leaves.path(leaf)))
  }

  entries(
    leaf: Leaf,
    after: string | undefined,
    limit: number,
  ): Promise<readonly AuditedObject[] | DiskFailed> {
    return this.#core.guarded(async () => {
      const page: AuditedObject[] = []
      for await (const object of this.#core.index.objectsAfter(leaf, after)) {
        page.push(object)
        if (page.length >= limit) break
      }
      return page
    })
  }

  entry(hash: string): Promise<AuditedObject | DiskFailed> {
    return this.#core.guarded(async () => ({ hash, state: await this.#core.index.get(hash) }))
  }

  inspect(object: AuditedObject): Promise<readonly FileFault[] | DiskFailed> {
    return this.#core.guarded(() => this.#faults(object))
  }

  dataOf({ hash, state }: AuditedObject): Promise<AuditedData | undefined | DiskFailed> {
    return this.#core.guarded<AuditedData | undefined>(async () => {
      if (state.data === undefined) return undefined
      const path = `${this.#core.leaves.path(leafOf(hash))}/${dataFileName(hash, state.data)}`
      const record = state.data.record ?? (await this.#recordInFile(hash, state.data))
      if (record === undefined) return undefined
      return { path, version: state.data, object: storedObject(hash, record, state.meta) }
    })
  }

  mend(hash: string): Promise<Mended | DiskFailed> {
    return this.#core.guarded<Mended>(async () => {
      const { locks, leaves, index } = this.#core
      await leaves.ready(leafOf(hash))
      return await locks.run(hash, async () => {
        const object = { hash, state: await index.get(hash) }
        let mended: Mended = 'sound'
        for (const fault of await this.#faults(object)) mended = worse(mended, await this.#act(hash, fault))
        return mended
      })
    })
  }

  quarantine(hash: string, version: DataVersion, reason: string): Promise<'done' | DiskFailed> {
    return this.#core.guarded<'done'>(async () => {
      await this.#core.quarantine(hash, version, reason)
      return 'done'
    })
  }

  settleStray(leaf: Leaf, name: string): Promise<StrayOutcome | DiskFailed> {
    const file = parseFileName(name)
    return this.#core.guarded<StrayOutcome>(async () => {
      if (file === undefined) return 'gone'
      await this.#core.leaves.ready(leaf)
      return await this.#core.locks.run(file.hash, () => this.#settle(leaf, file))
    })
  }

  checkDigest(prefix: string, then: 'report' | 'correct'): Promise<'right' | 'wrong' | DiskFailed> {
    return this.#core.guarded(async () => {
      const { index } = this.#core
      if ((await index.digestError(prefix, 'at_once')) === undefined) return 'right'
      let seen: string | undefined
      for (let look = 0; look < DIGEST_LOOKS; look += 1) {
        const error = await index.digestError(prefix, 'barrier')
        if (error === undefined) return 'right'
        const text = `${error.digest.toString('hex')} ${error.count}`
        if (text === seen) {
          if (then === 'correct') await index.correctDigest(prefix, error)
          return 'wrong'
        }
        seen = text
      }
      return 'right'
    })
  }

  tellContainerAgain(hash: string): Promise<boolean | DiskFailed> {
    return this.#core.guarded(() =>
      this.#core.locks.run(hash, async () => {
        const state = await this.#core.state(hash)
        const object = this.#core.objectOf(hash, state)
        if (object === undefined) return false
        const routing = unaddressed(object.name, this.#core.options.policyIndex)
        const updates = [rowOfObject(object, routing, [object.headers])]
        await this.#core.commit({ hash, before: state, after: state, updates })
        return true
      }),
    )
  }

  quarantined(limit: number, after?: string): Promise<readonly QuarantinedFile[] | DiskFailed> {
    return this.#core.guarded(() =>
      listQuarantined(this.#core.disk, this.#core.paths.quarantined, limit, after),
    )
  }

  async #faults({ hash, state }: AuditedObject): Promise<readonly FileFault[]> {
    const faults: FileFault[] = []
    for (const file of filesOf(hash, state)) {
      const fault = await this.#faultOf(file, state)
      if (fault !== undefined) faults.push({ file, ...fault })
    }
    return faults
  }

  async #faultOf(file: ObjectFile, state: ObjectState): Promise<Omit<FileFault, 'file'> | undefined> {
    const { disk, leaves, options } = this.#core
    try {
      const told = await readObjectFile(disk, leaves.path(leafOf(file.hash)), file, options.salt)
      if (told.kind === 'damaged') return { kind: 'damaged', reason: told.reason }
      return isSaid(told.state, state, file.kind)
        ? undefined
        : { kind: 'damaged', reason: 'the record is not that of the index' }
    } catch (error) {
      const code = codeOf(error)
      if (code === 'ENOENT') return { kind: 'missing', reason: 'the file is missing' }
      if (code === 'EIO') return { kind: 'unreadable', reason: 'the file cannot be read' }
      throw error
    }
  }

  async #recordInFile(hash: string, version: DataVersion): Promise<DataVersion['record']> {
    const { disk, leaves, options } = this.#core
    const file: ObjectFile = { hash, timestamp: version.timestamp, kind: 'data' }
    try {
      const told = await readObjectFile(disk, leaves.path(leafOf(hash)), file, options.salt)
      const data = told.kind === 'state' ? told.state.data : undefined
      return data !== undefined && isSameData(data, version) ? data.record : undefined
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined
      throw error
    }
  }

  /** Under the lock of the object. */
  async #act(hash: string, fault: FileFault): Promise<Mended> {
    // Whether a sector that cannot be read is to be given up is for the auditor to say, not for one look.
    if (fault.kind === 'unreadable') return 'sound'
    if (fault.kind === 'damaged') await this.#takeOut(leafOf(hash), fault.file, fault.reason)
    const state = await this.#core.index.get(hash)
    const outcome = fault.kind === 'missing' ? 'lost' : 'quarantined'
    switch (fault.file.kind) {
      case 'data':
        await this.#commit(hash, state, { ...state, data: undefined, lost: fault.file.timestamp })
        return outcome
      case 'ts':
        // Only the file knew the name: another replica has to tell it again.
        await this.#commit(hash, state, { ...state, tombstone: undefined, lost: fault.file.timestamp })
        return outcome
      case 'meta':
        await this.#rewriteMeta(hash, state.meta)
        return 'restored'
    }
  }

  /** The index has the whole record of a POST. */
  async #rewriteMeta(hash: string, meta: MetaRecord | undefined): Promise<void> {
    if (meta === undefined) return
    const { disk, leaves, syncs, paths, options } = this.#core
    this.#temporaries += 1
    const temporary = `${paths.temporary}/audit-${options.policyIndex}-${this.#temporaries}`
    const directory = leaves.path(leafOf(hash))
    try {
      await writeSmallFile(disk, temporary, { kind: 'meta', meta })
      await disk.rename(
        temporary,
        `${directory}/${fileName({ hash, timestamp: meta.timestamp, kind: 'meta' })}`,
      )
    } catch (error) {
      await disk.unlink(temporary).catch(() => {})
      throw error
    }
    await syncs.sync(directory)
    this.#core.cache.forget(hash)
  }

  async #takeOut(leaf: Leaf, file: ObjectFile, reason: string): Promise<void> {
    const { disk, syncs, paths, options } = this.#core
    const name = fileName(file)
    options.log.error({ file: name, reason }, 'quarantined a damaged object')
    await quarantineFile(disk, syncs, leafPath(paths.objects, leaf), name, paths.quarantined)
  }

  async #commit(hash: string, before: ObjectState, after: ObjectState): Promise<void> {
    await this.#core.commit({ hash, before, after, updates: [] })
    this.#core.cache.forget(hash)
  }

  /** Under the lock of the object that the file says it is of. */
  async #settle(leaf: Leaf, file: ObjectFile): Promise<StrayOutcome> {
    const { disk, index, recovery, cache } = this.#core
    const path = `${leafPath(this.#core.paths.objects, leaf)}/${fileName(file)}`
    if (!(await this.#exists(path))) return 'gone'
    if (leafOf(file.hash) !== leaf) {
      await this.#takeOut(leaf, file, 'the file lies in the wrong directory')
      return 'quarantined'
    }
    const state = await index.get(file.hash)
    if (filesOf(file.hash, state).some((known) => fileName(known) === fileName(file))) return 'gone'
    if (isObsolete(file, state)) {
      await disk.unlink(path)
      await this.#core.syncs.sync(leafPath(this.#core.paths.objects, leaf))
      return 'leftover'
    }
    if (this.#isOld(file)) {
      // Its tombstone may have been forgotten by everybody: what a peer still has comes back from there.
      await this.#takeOut(leaf, file, 'a file that the index does not know, older than tombstones are kept')
      return 'quarantined'
    }
    const after = await recovery.object(file.hash)
    cache.forget(file.hash)
    return filesOf(file.hash, after).some((known) => fileName(known) === fileName(file))
      ? 'adopted'
      : 'quarantined'
  }

  #isOld(file: ObjectFile): boolean {
    const { clock, reclaimAgeSeconds = RECLAIM_AGE_SECONDS } = this.#core.options
    return Number(file.timestamp.slice(0, 16)) < clock.wallMs() / 1000 - reclaimAgeSeconds
  }

  async #exists(path: string): Promise<boolean> {
    try {
      await this.#core.disk.stat(path)
      return true
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return false
      throw error
    }
  }
}

const BADNESS: readonly Mended[] = ['sound', 'restored', 'lost', 'quarantined']

function worse(left: Mended, right: Mended): Mended {
  return BADNESS.indexOf(left) >= BADNESS.indexOf(right) ? left : right
}

/** Does a file say what the index says of it? */
function isSaid(told: ObjectState, indexed: ObjectState, kind: ObjectFile['kind']): boolean {
  if (kind === 'ts') return true
  if (kind === 'meta') return sameMeta(told.meta, indexed.meta)
  const [mine, theirs] = [told.data, indexed.data]
  if (mine?.record === undefined || theirs === undefined) return false
  if (!isSameData(mine, theirs) || mine.fileBytes !== theirs.fileBytes) return false
  if (theirs.record === undefined) return true
  return encodeRecord({ kind: 'data', data: mine.record }).equals(
    encodeRecord({ kind: 'data', data: theirs.record }),
  )
}

function sameMeta(left: MetaRecord | undefined, right: MetaRecord | undefined): boolean {
  if (left === undefined || right === undefined) return false
  return encodeRecord({ kind: 'meta', meta: left }).equals(encodeRecord({ kind: 'meta', meta: right }))
}

/** Would the file change nothing if it were joined to what the index says? */
function isObsolete(file: ObjectFile, state: ObjectState): boolean {
  if (isEmpty(state) || comparedText(state) === '') return false
  const winner = state.tombstone ?? state.data?.timestamp
  if (file.kind === 'meta') {
    const later = state.meta?.timestamp ?? winner
    return later !== undefined && file.timestamp <= later
  }
  if (winner === undefined) return false
  return file.timestamp < winner || (file.timestamp === winner && state.tombstone !== undefined)
}

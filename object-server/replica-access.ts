/**
 * What replication needs of an engine, by hash instead of by name: digests without touching the disk, entries as the
 * index has them durably, whole records, and the two changes that no client can ask for: to join what another replica
 * knows, and to forget.
 */
import { codeOf } from '#disk/disk-error.ts'
import { readFiles } from '#disk/many-files.ts'
import { type ArrivedCopy, CopyWrites } from './copy-writes.ts'
import { smallBodyIn, smallReadBytes } from './data-reader.ts'
import type { DiskFailed, ObjectWriter, Opened } from './engine.ts'
import { dataFileName, type EngineCore } from './engine-core.ts'
import { leafOf } from './layout.ts'
import type { RangeChanges } from './leases/range-changes.ts'
import { HOT_BODY_BYTES_MAX } from './object-cache.ts'
import { readObjectFile } from './object-files.ts'
import type { ObjectReads } from './object-reads.ts'
import { type DataRecord, type DataVersion, EMPTY_STATE, type ObjectState } from './object-state.ts'
import type { Disposal, ObjectWrites, SmallRecord } from './object-writes.ts'
import type { RangeDigest } from './range-digests.ts'
import type { StoredObject } from './stored-object.ts'

export interface StatedHash {
  readonly hash: string
  readonly state: ObjectState
}

/** Everything that is known of an object, as it travels to another replica. */
export interface Knowledge {
  readonly object: StoredObject | undefined
  readonly data: DataRecord | undefined
  readonly small: readonly SmallRecord[]
}

/** An object as a PUT left it, with a small body. */
export interface UsualCopy {
  readonly hash: string
  readonly data: DataRecord
  readonly body: Buffer
}

/** Outcomes of disks are values; a promise rejects only for our own bugs. Iterating rejects with the errors of the index. */
export interface ReplicaAccess {
  hashOf(name: string): string
  /** One digest per four hex digits that ever had an object, from memory. */
  digests(): readonly (RangeDigest & { readonly prefix: string })[]
  /** The same without order or texts: to be read at once. */
  sums(): Iterable<{ readonly range: number; readonly digest: Buffer; readonly count: number }>
  /** The sum of one of 65,536 ranges; `undefined` where nothing ever was. To be read at once. */
  sum(range: number): { readonly digest: Buffer; readonly count: number } | undefined
  /** Another number after every change of a digest. */
  readonly changes: number
  /** In which ranges something is being written. */
  readonly ranges: RangeChanges
  /** Objects and tombstones whose hash begins with these hex digits (an even number), in the order of their hashes. */
  below(prefix: string): AsyncIterable<StatedHash>
  /** Those of the ranges (four hex digits) from the first to the last, behind a hash, in the order of their hashes. */
  between(first: string, last: string, after?: string): AsyncIterable<StatedHash>
  /** What the index durably says of these hashes, in their order. */
  states(hashes: readonly string[]): Promise<readonly StatedHash[] | DiskFailed>
  /** The records of one object, read from its files where the index does not have them. */
  knowledge(hash: string): Promise<Knowledge | DiskFailed>
  /** Of those that are usual: what `knowledge` says, and the body, verified; `undefined` for the others. In their order. */
  usualCopies(hashes: readonly string[]): Promise<readonly (UsualCopy | undefined)[] | DiskFailed>
  open(object: StoredObject): Promise<Opened>
  beginWrite(name: string): ObjectWriter
  /** Bodies that are here whole. No object twice. */
  storeCopies(copies: readonly ArrivedCopy[]): ReturnType<CopyWrites['store']>
  merge(record: SmallRecord): ReturnType<ObjectWrites['merge']>
  forget(hash: string, expected: string, disposal: Disposal): ReturnType<ObjectWrites['forget']>
}

export class DiskReplicaAccess implements ReplicaAccess {
  readonly #core: EngineCore
  readonly #reads: ObjectReads
  readonly #writes: ObjectWrites
  readonly #copies: CopyWrites

  constructor(core: EngineCore, reads: ObjectReads, writes: ObjectWrites) {
    this.#core = core
    this.#reads = reads
    this.#writes = writes
    this.#copies = new CopyWrites(core, writes)
  }

  hashOf(name: string): string {
    return this.#core.hashOf(name)
  }

  digests(): ReturnType<ReplicaAccess['digests']> {
    return this.#core.index.allDigests()
  }

  sums(): ReturnType<ReplicaAccess['sums']> {
    return this.#core.index.digestSums()
  }

  sum(range: number): ReturnType<ReplicaAccess['sum']> {
    return this.#core.index.digestSum(range)
  }

  get changes(): number {
    return this.#core.index.digestChanges
  }

  get ranges(): RangeChanges {
    return this.#core.index.ranges
  }

  below(prefix: string): AsyncIterable<StatedHash> {
    return this.#core.index.objectsBelow(prefix)
  }

  between(first: string, last: string, after?: string): AsyncIterable<StatedHash> {
    return this.#core.index.objectsBetween(first, last, after)
  }

  /** Past the memory of the engine: a sweep must not push out what clients read. */
  states(hashes: readonly string[]): Promise<readonly StatedHash[] | DiskFailed> {
    const { index } = this.#core
    return this.#core.guarded(() =>
      index.getMany(hashes).then((states) => {
        return hashes.map((hash, at) => ({ hash, state: states[at] ?? EMPTY_STATE }))
      }),
    )
  }

  /** Past the memory of the engine too. A file that is not as it should be is left to whoever opens it by itself. */
  async usualCopies(hashes: readonly string[]): Promise<readonly (UsualCopy | undefined)[] | DiskFailed> {
    const states = await this.states(hashes)
    if ('kind' in states) return states
    const usual = states.flatMap(usualIn)
    const { disk, leaves } = this.#core
    const files = usual.map(({ hash, version }) => {
      const path = `${leaves.path(leafOf(hash))}/${dataFileName(hash, version)}`
      return { path, bytesMax: smallReadBytes(version.record) }
    })
    const read = files.length === 0 ? [] : await this.#core.guarded(() => readFiles(disk, files))
    if ('kind' in read) return read
    const copies = usual.map(({ hash, version }, at): [string, UsualCopy | undefined] => {
      const bytes = read[at]
      const { record: data, fileBytes } = version
      const body = Buffer.isBuffer(bytes) ? smallBodyIn(bytes, data, fileBytes) : undefined
      return [hash, body === undefined ? undefined : { hash, data, body }]
    })
    const byHash = new Map(copies)
    return hashes.map((hash) => byHash.get(hash))
  }

  knowledge(hash: string): Promise<Knowledge | DiskFailed> {
    return this.#core.guarded<Knowledge>(async () => {
      const indexed = await this.#core.index.get(hash)
      const isWhole = indexed.data === undefined || indexed.data.record !== undefined
      const state = isWhole ? indexed : await this.#core.state(hash)
      const small: SmallRecord[] = state.meta === undefined ? [] : [{ kind: 'meta', meta: state.meta }]
      const tombstone = await this.#tombstone(hash, state)
      if (tombstone !== undefined) small.push(tombstone)
      return { object: this.#core.objectOf(hash, state), data: state.data?.record, small }
    })
  }

  /** The index does not have the name that a tombstone speaks of; its file does. */
  async #tombstone(hash: string, state: ObjectState): Promise<SmallRecord | undefined> {
    const timestamp = state.tombstone
    if (timestamp === undefined) return undefined
    const { disk, leaves, options } = this.#core
    try {
      const file = { hash, timestamp, kind: 'ts' as const }
      const told = await readObjectFile(disk, leaves.path(leafOf(hash)), file, options.salt)
      return told.kind === 'state' ? { kind: 'tombstone', name: told.name, timestamp } : undefined
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
      return undefined
    }
  }

  open(object: StoredObject): Promise<Opened> {
    return this.#reads.open(object)
  }

  /** The MD5 is computed of what arrives, whatever the sender says. */
  beginWrite(name: string): ObjectWriter {
    return this.#writes.beginWrite(name, { hashing: 'md5', origin: 'replica' })
  }

  storeCopies(copies: readonly ArrivedCopy[]): ReturnType<ReplicaAccess['storeCopies']> {
    return this.#copies.store(copies)
  }

  merge(record: SmallRecord): ReturnType<ReplicaAccess['merge']> {
    return this.#writes.merge(record)
  }

  forget(hash: string, expected: string, disposal: Disposal): ReturnType<ReplicaAccess['forget']> {
    return this.#writes.forget(hash, expected, disposal)
  }
}

/** A version whose record is known. */
type RecordedVersion = DataVersion & { readonly record: DataRecord }

function usualIn({ hash, state }: StatedHash): readonly { hash: string; version: RecordedVersion }[] {
  const { data, meta, tombstone } = state
  if (data?.record === undefined || meta !== undefined || tombstone !== undefined) return []
  if (data.sizeBytes > HOT_BODY_BYTES_MAX) return []
  return [{ hash, version: { ...data, record: data.record } }]
}

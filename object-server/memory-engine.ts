/** The object engine in memory: the simple twin of `disk-engine.ts`, by the same rules, with nothing that can fail. */
import { hash as digestOf } from 'node:crypto'
import type { HashPathSalt } from '#base/names.ts'
import { BlockChecksums } from './block-checksums.ts'
import { type ContainerUpdate, keyOfUpdate } from './container-update.ts'
import type {
  Absent,
  Changed,
  CommitRequest,
  DeleteRequest,
  Lookup,
  LookupOptions,
  NewerExists,
  ObjectEngine,
  ObjectWriter,
  Opened,
  PostRequest,
  Probe,
  UpdateQueue,
  WriteOptions,
} from './engine.ts'
import { absenceOf, judgeFound, probeOf } from './found-object.ts'
import { hashOfName } from './object-files.ts'
import { type DataVersion, EMPTY_STATE, type ObjectState } from './object-state.ts'
import { type RangeDigest, RangeDigests } from './range-digests.ts'
import { applyData, applyPost, applyTombstone } from './state-changes.ts'
import { type StoredObject, storedObject } from './stored-object.ts'

export class MemoryEngine implements ObjectEngine {
  readonly updates: UpdateQueue
  readonly #salt: HashPathSalt
  readonly #states = new Map<string, ObjectState>()
  readonly #bodies = new WeakMap<DataVersion, Buffer>()
  readonly #digests = new RangeDigests()
  readonly #queue = new Map<string, ContainerUpdate>()

  constructor(salt: HashPathSalt) {
    this.#salt = salt
    this.updates = {
      list: async (limit, after) => this.#queued(limit, after),
      count: async () => this.#queue.size,
      figures: async () => {
        const times = [...this.#queue.values()].map(({ timestamp }) => timestamp).toSorted()
        return { count: times.length, oldest: times[0] }
      },
      settle: async (delivered, changed = []) => {
        for (const update of delivered) this.#queue.delete(keyText(update))
        for (const update of changed) this.#queue.set(keyText(update), update)
      },
    }
  }

  async lookUp(name: string, options: LookupOptions): Promise<Lookup> {
    const hash = this.#hashOf(name)
    const state = this.#state(hash)
    const record = state.data?.record
    if (record === undefined) return absenceOf(state) ?? { kind: 'missing' }
    return judgeFound(hash, name, record, state, options)
  }

  async open(object: StoredObject): Promise<Opened> {
    const version = this.#state(object.hash).data
    const body = version === undefined ? undefined : this.#bodies.get(version)
    if (body === undefined || version?.record !== object.data) return { kind: 'gone' }
    return {
      kind: 'open',
      content: {
        whole: body,
        async *stream(start, end) {
          if (start < end) yield body.subarray(start, end)
        },
        close: () => {},
      },
    }
  }

  async probe(name: string): Promise<Probe> {
    return probeOf(this.#state(this.#hashOf(name)))
  }

  beginWrite(name: string, options: WriteOptions): ObjectWriter {
    const chunks: Buffer[] = []
    const checksums = new BlockChecksums()
    const body = (): Buffer => Buffer.concat(chunks)
    return {
      get sizeBytes() {
        return chunks.reduce((sum, chunk) => sum + chunk.length, 0)
      },
      write: async (chunk) => {
        chunks.push(chunk)
        checksums.update(chunk)
        return undefined
      },
      etag: () => (options.hashing === 'md5' ? digestOf('md5', body(), 'hex') : undefined),
      blockCrcs: () => checksums.finish(),
      commit: async (request) => this.#commit(name, body(), checksums.finish(), request),
      abort: async () => {},
    }
  }

  async post(name: string, request: PostRequest): Promise<Changed | NewerExists | Absent> {
    const hash = this.#hashOf(name)
    const before = this.#state(hash)
    const record = before.data?.record
    if (record === undefined) return absenceOf(before) ?? { kind: 'missing' }
    const { timestamp: at, expired } = request
    const found = judgeFound(hash, name, record, before, { at, expired })
    if (found.kind !== 'found') return found
    const change = applyPost(before, found.object, request)
    if (change.kind !== 'apply') return change
    return this.#apply(hash, before, change.after, request.updates)
  }

  async delete(
    name: string,
    request: DeleteRequest,
  ): Promise<Changed | NewerExists | { readonly kind: 'refused' }> {
    const hash = this.#hashOf(name)
    const before = this.#state(hash)
    if (request.guard?.(objectOf(hash, before)) === false) return { kind: 'refused' }
    const change = applyTombstone(before, request.timestamp)
    if (change.kind !== 'apply') return change
    return this.#apply(hash, before, change.after, request.updates)
  }

  digestBelow(prefix: string): RangeDigest {
    return this.#digests.below(prefix)
  }

  async close(): Promise<void> {}

  #commit(
    name: string,
    body: Buffer,
    blockCrcs: readonly number[],
    request: CommitRequest,
  ): Changed | NewerExists {
    const { timestamp, etag, contentType, headers, updates } = request
    const sizeBytes = body.length
    const record = { name, timestamp, sizeBytes, etag, contentType, headers, blockCrcs }
    const data: DataVersion = { timestamp, sizeBytes, etag, fileBytes: sizeBytes, record }
    const hash = this.#hashOf(name)
    const before = this.#state(hash)
    const change = applyData(before, data)
    if (change.kind !== 'apply') return change
    this.#bodies.set(data, body)
    return this.#apply(hash, before, change.after, updates)
  }

  #apply(hash: string, before: ObjectState, after: ObjectState, updatesOf: PostRequest['updates']): Changed {
    const [old, fresh] = [objectOf(hash, before), objectOf(hash, after)]
    const updates = updatesOf(old, fresh)
    this.#digests.change(hash, before, after)
    this.#states.set(hash, after)
    for (const update of updates) this.#queue.set(keyText(update), update)
    return { kind: 'changed', before: old, after: fresh, updates }
  }

  #queued(limit: number, after: ContainerUpdate | undefined): readonly ContainerUpdate[] {
    const behind = after === undefined ? '' : keyText(after)
    return [...this.#queue]
      .filter(([key]) => key > behind)
      .toSorted(([left], [right]) => (left < right ? -1 : 1))
      .slice(0, limit)
      .map(([, update]) => update)
  }

  #state(hash: string): ObjectState {
    return this.#states.get(hash) ?? EMPTY_STATE
  }

  #hashOf(name: string): string {
    return hashOfName(name, this.#salt)
  }
}

function objectOf(hash: string, state: ObjectState): StoredObject | undefined {
  const record = state.data?.record
  return record === undefined ? undefined : storedObject(hash, record, state.meta)
}

function keyText(update: ContainerUpdate): string {
  return keyOfUpdate(update).toString('hex')
}

/** The object engine in memory: the simple twin of `disk-engine.ts`, by the same rules, with nothing that can fail. */
import { hash as digestOf } from 'node:crypto'
import { type CandidateId, timeOf } from '#base/ballot.ts'
import { BlockChecksums } from '#base/block-checksums.ts'
import { type HashPathSalt, hashPath } from '#base/names.ts'
import type { Timestamp } from '#base/timestamp.ts'
import { emptyRecord, type PromiseRecord } from './acceptor.ts'
import { type ConditionalEngine, candidateAhead, type Staged, type StageRequest } from './conditional.ts'
import { type ConditionalStore, ConditionalWrites } from './conditional-writes.ts'
import { type ContainerUpdate, keyOfUpdate } from './container-update.ts'
import type {
  Absent,
  Changed,
  CommitRequest,
  DeleteRequest,
  Lookup,
  LookupOptions,
  NewerExists,
  ObjectContent,
  ObjectEngine,
  ObjectWriter,
  Opened,
  PostRequest,
  Probe,
  UpdateQueue,
  WriteOptions,
} from './engine.ts'
import { absenceOf, judgeFound, probeOf } from './found-object.ts'
import { KeyedLock } from './keyed-lock.ts'
import { type DataVersion, EMPTY_STATE, type ObjectState } from './object-state.ts'
import { type RangeDigest, RangeDigests } from './range-digests.ts'
import { tellTheSame } from './rewritten-rows.ts'
import { applyData, applyPost, applyTombstone } from './state-changes.ts'
import { type StoredObject, storedObject } from './stored-object.ts'

export class MemoryEngine implements ObjectEngine {
  readonly conditional: ConditionalEngine
  /** `conditional.ts` */
  readonly #pending = new Map<string, Timestamp>()
  readonly #promises = new Map<string, PromiseRecord>()
  readonly #staged = new Map<string, DataVersion>()
  readonly #locks = new KeyedLock()
  readonly updates: UpdateQueue
  readonly #salt: HashPathSalt
  readonly #states = new Map<string, ObjectState>()
  readonly #bodies = new WeakMap<DataVersion, Buffer>()
  readonly #digests = new RangeDigests()
  readonly #queue = new Map<string, ContainerUpdate>()

  constructor(salt: HashPathSalt) {
    this.#salt = salt
    this.conditional = new ConditionalWrites(this.#conditionalStore(), this.#pending)
    this.updates = {
      list: async (limit, after) => this.#queued(limit, after),
      count: async () => this.#queue.size,
      figures: async () => {
        const times = [...this.#queue.values()].map(({ timestamp }) => timestamp).toSorted()
        return { count: times.length, oldest: times[0] }
      },
      settle: async (delivered, changed = []) => {
        for (const update of delivered) if (this.#isLatest(update)) this.#queue.delete(keyText(update))
        for (const update of changed) if (this.#isLatest(update)) this.#queue.set(keyText(update), update)
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
    return { kind: 'open', content: heldContent(body) }
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
      stage: async (request) => this.#stage(name, body(), checksums.finish(), request),
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
    const ahead = candidateAhead(this.#pending, hash, request.timestamp)
    if (ahead !== undefined) return { kind: 'newer_exists', timestamp: ahead }
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
    const data = versionOf(name, body, blockCrcs, request)
    const hash = this.#hashOf(name)
    const ahead = candidateAhead(this.#pending, hash, data.timestamp)
    if (ahead !== undefined) return { kind: 'newer_exists', timestamp: ahead }
    const before = this.#state(hash)
    const change = applyData(before, data)
    if (change.kind !== 'apply') return change
    this.#bodies.set(data, body)
    return this.#apply(hash, before, change.after, request.updates)
  }

  #stage(name: string, body: Buffer, blockCrcs: readonly number[], request: StageRequest): Staged {
    const data = versionOf(name, body, blockCrcs, { ...request, timestamp: timeOf(request.candidate) })
    this.#bodies.set(data, body)
    this.#staged.set(`${this.#hashOf(name)} ${request.candidate}`, data)
    return { kind: 'staged' }
  }

  #conditionalStore(): ConditionalStore {
    const key = (hash: string, candidate: CandidateId): string => `${hash} ${candidate}`
    return {
      hashOf: (name) => this.#hashOf(name),
      exclusively: (hash, work) => this.#locks.run(hash, work),
      // Nothing here lasts long enough to be given up.
      now: () => undefined,
      state: async (hash) => this.#state(hash),
      objectOf,
      record: async (hash) => this.#promises.get(hash) ?? emptyRecord(),
      save: async (hash, record) => void this.#promises.set(hash, record),
      body: async (hash, candidate) => this.#staged.get(key(hash, candidate)),
      isStaged: (hash, candidate) => this.#staged.has(key(hash, candidate)),
      keep: () => {},
      drop: (hash, candidate) => void this.#staged.delete(key(hash, candidate)),
      show: async (hash, { acceptance, before, after, updates, record }) => {
        this.#promises.set(hash, record)
        this.#staged.delete(key(hash, acceptance.candidate.id))
        this.#apply(hash, before, after, () => updates)
      },
      open: async (_hash, _candidate, version) => heldContent(this.#bodies.get(version) ?? Buffer.alloc(0)),
    }
  }

  /** Not another one of the same time, queued in its place meanwhile. */
  #isLatest(update: ContainerUpdate): boolean {
    const queued = this.#queue.get(keyText(update))
    return queued === undefined || tellTheSame(queued, update)
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
    return hashPath(name, this.#salt)
  }
}

function objectOf(hash: string, state: ObjectState): StoredObject | undefined {
  const record = state.data?.record
  return record === undefined ? undefined : storedObject(hash, record, state.meta)
}

function versionOf(
  name: string,
  body: Buffer,
  blockCrcs: readonly number[],
  request: Omit<CommitRequest, 'updates'>,
): DataVersion {
  const { timestamp, etag, contentType, headers } = request
  const sizeBytes = body.length
  const record = { name, timestamp, sizeBytes, etag, contentType, headers, blockCrcs }
  return { timestamp, sizeBytes, etag, fileBytes: sizeBytes, record }
}

function heldContent(body: Buffer): ObjectContent {
  return {
    whole: body,
    async *stream(start, end) {
      if (start < end) yield body.subarray(start, end)
    },
    close: () => {},
  }
}

function keyText(update: ContainerUpdate): string {
  return keyOfUpdate(update).toString('hex')
}

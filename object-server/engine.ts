/**
 * The contract between the verbs of the object server and what keeps objects: `disk-engine.ts` on a real device,
 * `memory-engine.ts` in memory. One suite (`engine-contract.ts`) runs on both.
 *
 * When a call that changes something resolves with success, the change and its container rows are durable. Outcomes that
 * disks, peers and clients cause are values; a promise rejects only for our own bugs.
 */
import type { Timestamp } from '#base/timestamp.ts'
import type { HeaderMap } from '#http/message.ts'
import type { ConditionalEngine, Staged, StageRequest } from './conditional.ts'
import type { ContainerUpdate } from './container-update.ts'
import type { Hashing } from './data-writer.ts'
import type { ContentTypeChange, PostedFields } from './meta-record.ts'
import type { RangeDigest } from './range-digests.ts'
import type { StoredObject } from './stored-object.ts'

/** The device cannot do it: answered 507. */
export interface DiskFailed {
  readonly kind: 'disk_failed'
  readonly reason: string
}

/** Something as new or newer is there. */
export interface NewerExists {
  readonly kind: 'newer_exists'
  readonly timestamp: Timestamp
}

/** The object is not there. Only `deleted` and `missing` can be evidence of absence. */
export type Absent =
  | { readonly kind: 'missing' }
  | { readonly kind: 'deleted'; readonly timestamp: Timestamp }
  /** Past its `X-Delete-At`; whoever cleans up may want to know what it was. */
  | { readonly kind: 'expired'; readonly object: StoredObject }
  /** This replica had it and lost it: its silence proves nothing. */
  | { readonly kind: 'quarantined' }
  /** Another name has the same hash. */
  | { readonly kind: 'collision' }

export interface Found {
  readonly kind: 'found'
  readonly object: StoredObject
  /** This replica had something of that time, later than the object, and lost it: what it shows proves nothing. */
  readonly lost?: Timestamp | undefined
}

export type Lookup = Found | Absent | DiskFailed

export interface LookupOptions {
  /** Time of the request, by which an object is expired or not. */
  readonly at: Timestamp
  /** `open`: expired objects are found like others (replication, the expirer's own requests). */
  readonly expired: 'hide' | 'open'
}

/** The bytes of one version of an object, every block verified before it is handed out. */
export interface ObjectContent {
  /** The whole body, when it is small and held in memory. */
  readonly whole: Buffer | undefined
  /**
   * Bytes from `start` to `end` (exclusive). Rejects in the middle when a block is damaged; the copy is out of service by
   * then.
   */
  stream(start: number, end: number): AsyncGenerator<Buffer, void, undefined>
  /** Lets go of the file. Twice is once. */
  close(): void
}

export type Opened =
  | { readonly kind: 'open'; readonly content: ObjectContent }
  /** This version is no longer what is stored: look it up again. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'quarantined' }
  | DiskFailed

/**
 * The container rows that a change brings, given what was there before and what is there after (`undefined`: nothing).
 * Called once, when the outcome is certain, just before it becomes durable. Must not fail.
 */
export type UpdatesOf = (
  before: StoredObject | undefined,
  after: StoredObject | undefined,
) => readonly ContainerUpdate[]

export interface WriteOptions {
  readonly hashing: Hashing
  /**
   * `replica`: a copy of what another replica shows. It takes its place also behind a candidate that was accepted here and
   * is not visible: whoever wrote it was answered long ago. A client's write (the default) must not slip in before one.
   */
  readonly origin?: 'client' | 'replica'
}

export interface CommitRequest {
  readonly timestamp: Timestamp
  /** MD5 of the body, which the caller has compared with what the sender said. */
  readonly etag: string
  readonly contentType: string
  readonly headers: HeaderMap
  readonly updates: UpdatesOf
}

export type Changed = {
  readonly kind: 'changed'
  readonly before: StoredObject | undefined
  /** `undefined` after a delete. */
  readonly after: StoredObject | undefined
  /** The rows that are durably queued and can now be delivered. */
  readonly updates: readonly ContainerUpdate[]
}

export interface ObjectWriter {
  readonly sizeBytes: number
  /** Takes over the chunk and resolves when more may be given. */
  write(chunk: Buffer): Promise<DiskFailed | undefined>
  /** MD5 of everything written; `undefined` with hashing `crc_only`. Nothing may be written after. */
  etag(): string | undefined
  /** CRC-32 of each block of `BLOCK_BYTES`. Nothing may be written after. */
  blockCrcs(): readonly number[]
  commit(request: CommitRequest): Promise<Changed | NewerExists | DiskFailed>
  /** In place of `commit`: makes it durable as the body of a candidate, which nobody sees (`conditional`). */
  stage(request: StageRequest): Promise<Staged>
  /** Throws everything away; after a commit it does nothing. */
  abort(): Promise<void>
}

export interface PostRequest {
  readonly timestamp: Timestamp
  readonly headers: HeaderMap
  readonly contentType: ContentTypeChange | undefined
  /** What of it is changed. */
  readonly fields?: PostedFields
  readonly expired: 'hide' | 'open'
  readonly updates: UpdatesOf
}

export interface DeleteRequest {
  readonly timestamp: Timestamp
  /** Judged on what is there when the delete is about to happen; `false` leaves it alone. */
  readonly guard?: (before: StoredObject | undefined) => boolean
  readonly updates: UpdatesOf
}

/** What is known without touching the object's file. */
export type Probe =
  | { readonly kind: 'missing' }
  | { readonly kind: 'quarantined' }
  | { readonly kind: 'deleted'; readonly timestamp: Timestamp }
  | {
      readonly kind: 'found'
      readonly timestamp: Timestamp
      readonly dataTimestamp: Timestamp
      readonly sizeBytes: number
      readonly etag: string
      /** When which field was changed (`changesText`); `undefined` where none was since the PUT. */
      readonly changes: string | undefined
      /** When it expires, seconds since the epoch; not told where only the file knows it. */
      readonly deleteAt: number | undefined
      /** As in `Found`. */
      readonly lost?: Timestamp | undefined
    }
  | DiskFailed

/** Objects of one storage policy on one device. Names are `/account/container/object`, decoded. */
export interface ObjectEngine {
  lookUp(name: string, options: LookupOptions): Promise<Lookup>
  /** Many objects are about to be asked for: their states are read together. Answers nothing and never rejects. */
  expect?(names: readonly string[]): Promise<void>
  /** Opens the version that a lookup found. */
  open(object: StoredObject): Promise<Opened>
  probe(name: string): Promise<Probe>
  beginWrite(name: string, options: WriteOptions): ObjectWriter
  post(name: string, request: PostRequest): Promise<Changed | NewerExists | Absent | DiskFailed>
  delete(
    name: string,
    request: DeleteRequest,
  ): Promise<Changed | NewerExists | { readonly kind: 'refused' } | DiskFailed>
  /** Digest over all objects whose hash begins with these hex digits, at most four. */
  digestBelow(prefix: string): RangeDigest
  readonly updates: UpdateQueue
  readonly conditional: ConditionalEngine
  close(): Promise<void>
}

/** Container rows that are durably queued. */
export interface UpdateQueue {
  /** In an order in which rows of one object stand together, the newest last; those behind `after`. */
  list(limit: number, after?: ContainerUpdate): Promise<readonly ContainerUpdate[]>
  /** How many rows wait. */
  count(): Promise<number>
  /** How many rows wait, and when what the oldest tells happened; `undefined` when none waits. */
  figures(): Promise<{ readonly count: number; readonly oldest: Timestamp | undefined }>
  /**
   * Some were delivered, others have fewer targets left or wait for a while. Nothing is said with it of another row of the
   * same object and time that was queued in the place of one of them meanwhile.
   */
  settle(delivered: readonly ContainerUpdate[], changed?: readonly ContainerUpdate[]): Promise<void>
}

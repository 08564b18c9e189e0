/**
 * Records: small facts that the cluster itself must not lose (users, keys, buckets, images), each an object of the hidden,
 * replicated account `.martlet`, in a container per kind. They are changed by the conditional writes of
 * `docs/decisions/0005-conditional-writes.md`, so that of several who change the same record at once exactly one does, through
 * whatever proxy, and the others are told. Why so: `docs/decisions/0009-records.md`.
 *
 * `ClusterRecords` is the real thing, `MemoryRecords` its twin; `testing/records-suite.ts` runs on both.
 */
import type { Timestamp } from '#base/timestamp.ts'
import type { OperationContext } from '../operation.ts'

/** Account of the cluster itself; no client reaches it (`store/hidden-accounts/`). */
export const RECORDS_ACCOUNT = '.martlet'

/** Longest record, bytes of JSON: the store holds each in memory. */
export const RECORD_BYTES_MAX = 4 * 1024 * 1024
/** Longest key, bytes of UTF-8: it is an object's name (OpenStack Swift, `max_object_name_length`). */
export const RECORD_KEY_BYTES_MAX = 1024

/** What one kind of records is. One constant per kind, beside the code that knows its values. */
export interface RecordKind<Value> {
  /** Container of the records: `users`. */
  readonly name: string
  /** Written with each record. */
  readonly version: number
  /** Reads what was written under a version, this one or an earlier; `undefined` when it is not understood. */
  readonly parse: (written: unknown, version: number) => Value | undefined
}

/** Which state of a record was read: what `replace` and `remove` hold the present one against. */
export interface RecordState {
  readonly writtenAt: Timestamp
  readonly changedAt: Timestamp
}

export interface FoundRecord<Value> {
  readonly kind: 'found'
  readonly key: string
  readonly value: Value
  readonly state: RecordState
  /** What listings tell of it (`ListedRecord`); of one that was just written. */
  readonly etag?: string | undefined
}

export type RecordFailure =
  /** Nobody could tell, or nothing can be promised: it may be tried again. */
  | { readonly kind: 'unavailable'; readonly reason: string }
  /** Whether it was written is not known. Reading the record again tells. */
  | { readonly kind: 'undecided'; readonly reason: string }
  /** What is stored is not understood: written by a later version, or by somebody else. */
  | { readonly kind: 'unreadable'; readonly reason: string }

export type RecordRead<Value> = FoundRecord<Value> | { readonly kind: 'absent' } | RecordFailure

export interface RecordListing {
  readonly prefix?: string | undefined
  /** Keys after this one. */
  readonly marker?: string | undefined
  /** Most keys of the page; 1,000 without. */
  readonly limit?: number | undefined
}

export interface ListedRecord {
  readonly key: string
  /** Changes whenever the value does: whoever keeps a view reads again only what changed. */
  readonly etag: string
  /** Swift's ISO form. */
  readonly lastModified: string
}

export interface RecordPage {
  readonly kind: 'listed'
  /** In order of their UTF-8 bytes. */
  readonly records: readonly ListedRecord[]
  /** `marker` of the page that follows; `undefined` when this is the last. */
  readonly next: string | undefined
}

/** Up to where the changes of a collection are known. Means something only to the collection that told it. */
export interface RecordMark {
  readonly positions: ReadonlyMap<string, string>
}

export type RecordChanges =
  /** Every change that was acknowledged since the mark, and perhaps others, and some twice. */
  | { readonly kind: 'changes'; readonly records: readonly ChangedRecord[]; readonly mark: RecordMark }
  /** It cannot be told. Whoever lists everything after this may go on from the mark, if there is one. */
  | { readonly kind: 'list'; readonly mark: RecordMark | undefined }

export interface ChangedRecord {
  readonly key: string
  /** As in `ListedRecord`; `undefined` of one that was removed. */
  readonly etag: string | undefined
}

/**
 * Records of one kind by key: any text without NUL, up to `RECORD_KEY_BYTES_MAX`. A promise rejects only for our own bugs
 * (a key that cannot be is one). What was written is durable on a majority, and seen by every later `newest` read.
 */
export interface RecordCollection<Value> {
  /**
   * `remembered`: what some proxy may have replaced up to `RECORD_STALENESS_MS` ago, presence and absence alike; usually
   * it was told of the change before whoever made it had an answer. `newest`: never older than an acknowledged write.
   */
  read(context: OperationContext, key: string, freshness: 'remembered' | 'newest'): Promise<RecordRead<Value>>
  /**
   * The record as a listing told of it, from whichever replica has it so, at less cost; the newest where none is found at once, or
   * where it has changed since.
   */
  readonly readListed?: (
    context: OperationContext,
    listed: Pick<ListedRecord, 'key' | 'etag'>,
  ) => Promise<RecordRead<Value>>
  /** Only if there is none. `exists`: there is one. */
  create(
    context: OperationContext,
    key: string,
    value: Value,
  ): Promise<FoundRecord<Value> | { readonly kind: 'exists' } | RecordFailure>
  /** Only if it is still what was read. `changed`: it is not, or it is gone. */
  replace(
    context: OperationContext,
    read: FoundRecord<Value>,
    value: Value,
  ): Promise<FoundRecord<Value> | { readonly kind: 'changed' } | RecordFailure>
  /** Only if it is still what was read. `changed`: it is not, or it is gone. */
  remove(
    context: OperationContext,
    read: FoundRecord<Value>,
  ): Promise<{ readonly kind: 'removed' } | { readonly kind: 'changed' } | RecordFailure>
  /** A page of keys. Every record that was written before is in it. */
  list(context: OperationContext, listing?: RecordListing): Promise<RecordPage | RecordFailure>
  /** What changed since a mark, at a cost that depends on that alone; without a mark, where to begin. Without it, `list` tells. */
  readonly changes?: (context: OperationContext, since: RecordMark | undefined) => Promise<RecordChanges>
}

/** How long a proxy that could not be told of a change may believe what it remembers, milliseconds. */
export const RECORD_STALENESS_MS = 1000

export interface Records {
  /** Collections of the same kind share what they remember. */
  of<Value>(kind: RecordKind<Value>): RecordCollection<Value>
}

/** Whether a text can be the key of a record. */
export function isRecordKey(key: string): boolean {
  return key !== '' && !key.includes('\0') && Buffer.byteLength(key) <= RECORD_KEY_BYTES_MAX
}

/**
 * What differs between the two kinds of index: a container's rows are objects, an account's rows are containers. All
 * else (keys, counters, digests, listing, replication log) is written once and works on a `RowKind`.
 *
 * `merge` is commutative, associative and idempotent: the same rows in any order, any number of times, give the same
 * index on every replica (whose clocks are in order, where it asks one).
 */
import type { Timestamp } from '#base/timestamp.ts'

/** What a row adds to the counters of its storage policy. */
export interface RowStats {
  readonly policyIndex: number
  readonly objects: number
  readonly bytes: number
}

/** What whoever merges nothing has to know. */
export interface RowForm<Row> {
  nameOf(row: Row): string
  /** Rows of different groups are independent, also when their names are equal (a container's storage policies). */
  groupOf(row: Row): number
  isDeleted(row: Row): boolean
  statsOf(row: Row): RowStats
  /** Hash of everything that two replicas must agree on. */
  digestOf(row: Row): Buffer
  /** When it was last changed by a client; equal on replicas that hold equal rows. */
  changedAt(row: Row): Timestamp
  /** When what it speaks of was put or deleted, whatever was changed of it since. */
  writtenAt(row: Row): Timestamp
  /** Is it a row as servers make them? What a peer sends is asked this before it is merged. */
  isSound(row: Row): boolean
  /** Rows that leave listings by themselves, and what the stored text of each of them has. */
  readonly expiry?: { readonly mark: string; of(row: Row): number | undefined }
  readonly fieldCount: number
  /** The row without name and group, as texts without control characters, always `fieldCount` of them. */
  encode(row: Row): readonly string[]
  decode(name: string, group: number, fields: readonly string[]): Row
}

export interface RowKind<Row> extends RowForm<Row> {
  merge(left: Row, right: Row): Row
}

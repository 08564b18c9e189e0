/**
 * The contract of an index: all accounts, or all containers, of one device. `LevelIndex` keeps it in a key-value store,
 * `MemoryIndex` is its simple twin; `index-contract.ts` is the suite that both pass.
 *
 * Every change is a *rule*: a pure function from the state of one database (and whatever the request wants) to the new
 * state and a result. Rules of one database run one after the other, each on the outcome of the one before, and a
 * result is given only when what it rests on is durable. So read-modify-write is atomic without locks.
 */
import type { ExpiryFilter } from './expiry.ts'
import type { DatabaseInfo, DatabaseName, DatabaseState } from './info.ts'
import type { ListingEntry, ListingQuery, NameRange, StoredEntry } from './listing.ts'
import type { Metadata } from './metadata.ts'

/** What a rule makes of a database. */
export interface Decision<Result> {
  readonly result: Result
  /** New info; left out, it stays as it is. Counters and sequence in it are ignored, the index keeps those. */
  readonly info?: DatabaseInfo
  readonly metadata?: Metadata
  /**
   * What becomes of the rows of the request. `merge`: they are merged into the index, which needs a database, an existing
   * one or a new `info`. `drop`: those that are stored exactly so are forgotten. `quarantine`: the same, and a copy of
   * each is kept where nothing but a person looks for it.
   */
  readonly rows?: 'merge' | 'leave' | 'drop' | 'quarantine'
  /** With `merge`: deleted rows of before this day (`days.ts`) are left out where nothing of that name is stored. */
  readonly ignoreDeletionsBefore?: number | undefined
}

/** Must be pure: it may run more than once, and must not look at clocks or anything else that changes. */
export type Rule<Result> = (state: DatabaseState | undefined) => Decision<Result>

export interface RangeDigest {
  readonly live: Buffer
  readonly tombstones: Buffer
}

/** A range of rows as replicas exchange them: deleted ones too, all reserved names, no folding. */
export interface RowRange extends NameRange {
  readonly limit: number
}

export interface Change<Row> {
  readonly sequence: number
  readonly row: Row
}

export interface Index<Row> {
  /** The state of a database, or `undefined` when there is none. */
  state(name: DatabaseName): Promise<DatabaseState | undefined>
  /** Runs a rule on a database and makes its outcome durable, with the rows if the rule says so. */
  apply<Result>(name: DatabaseName, rows: readonly Row[], rule: Rule<Result>): Promise<Result>
  /** Live rows of a group, folded as the query says. */
  list(
    name: DatabaseName,
    group: number,
    query: ListingQuery,
    /** Without it, what has expired is listed too. */
    expiry?: ExpiryFilter,
  ): Promise<readonly ListingEntry<Row>[]>
  /** The same with the rows as they are stored (`stored-row.ts`): for those who render many. */
  listStored(
    name: DatabaseName,
    group: number,
    query: ListingQuery,
    expiry?: ExpiryFilter,
  ): Promise<readonly StoredEntry[]>
  /** Rows of a group in the order of their names, deleted ones too. */
  rows(name: DatabaseName, group: number, range: RowRange): Promise<readonly Row[]>
  /** The rows of these names in a group, deleted ones too, in the order of the names; `undefined` for one that has none. */
  named(name: DatabaseName, group: number, names: readonly string[]): Promise<readonly (Row | undefined)[]>
  /** Digests of the rows of a group in a range. Cost is proportional to the range. */
  digestRange(name: DatabaseName, group: number, range: NameRange): Promise<RangeDigest>
  /** Rows that changed after a sequence number, oldest change first; each row once, with its latest change. */
  changesSince(name: DatabaseName, sequence: number, limit: number): Promise<readonly Change<Row>[]>
  /** Deleted rows of a group in the order of their names, after one, with the numbers of their latest changes. */
  tombstones(name: DatabaseName, group: number, after: string, limit: number): Promise<readonly Change<Row>[]>
  /** Up to which of its changes we have the rows of a peer's store (`storeId`); 0 for one that was never heard of. */
  syncPoint(name: DatabaseName, peer: string): Promise<number>
  setSyncPoint(name: DatabaseName, peer: string, sequence: number): Promise<void>
  /**
   * Databases whose times or counters differ from what they last reported, in the order of their hashes, after the one
   * given. Nothing else is looked at, however many databases there are.
   */
  unreported(limit: number, after?: string): Promise<readonly Unreported[]>
  /** Containers that have rows, live or deleted, of another storage policy than theirs; as `unreported`. */
  misplaced(limit: number, after?: string): Promise<readonly Unreported[]>
  /** Who this index is to its peers, 32 hex digits: another one after a loss. Sequence numbers are its own. */
  storeId(): Promise<string>
  /** Databases in the order of their hashes. */
  databases(span: HashSpan, limit: number): Promise<readonly Database[]>
  /** The comparison digests (`replica-merge.ts`) of all databases of a partition together; remembered. */
  partitionDigest(partition: DatabasePartition, horizon: number): Promise<Buffer>
  /**
   * Removes a database with everything in it, if the condition holds of its state then. Resolves when it is durably gone;
   * its rows are removed afterwards, in slices. Who makes it anew waits for that.
   */
  remove(name: DatabaseName, condition: (state: DatabaseState) => boolean): Promise<'removed' | 'kept'>
  close(): Promise<void>
}

/** Hashes of 32 hex digits, the first included, the end not; without an end, to the last one. */
export interface HashSpan {
  readonly first: string
  readonly end: string | undefined
}

/** All hashes that begin with the bits of `partition`: a partition of a ring of 2 ** `partPower` partitions. */
export interface DatabasePartition {
  readonly partPower: number
  readonly partition: number
}

export interface Database {
  /** 32 hex digits. */
  readonly hash: string
  readonly state: DatabaseState
}

export interface Unreported {
  /** Hash of the name, 32 hex digits: where to go on from. */
  readonly hash: string
  readonly name: DatabaseName
}

/**
 * The contract of an index: all accounts, or all containers, of one device. `LevelIndex` keeps it in a key-value store,
 * `MemoryIndex` is its simple twin; `index-contract.ts` is the suite that both pass.
 *
 * Every change is a *rule*: a pure function from the state of one database (and whatever the request wants) to the new
 * state and a result. Rules of one database run one after the other, each on the outcome of the one before, and a
 * result is given only when what it rests on is durable. So read-modify-write is atomic without locks.
 */
import type { DatabaseInfo, DatabaseName, DatabaseState } from './info.ts'
import type { ListingEntry, ListingQuery, NameRange } from './listing.ts'
import type { Metadata } from './metadata.ts'

/** What a rule makes of a database. */
export interface Decision<Result> {
  readonly result: Result
  /** New info; left out, it stays as it is. Counters and sequence in it are ignored, the index keeps those. */
  readonly info?: DatabaseInfo
  readonly metadata?: Metadata
  /** Are the rows of the request merged into the index? Needs a database: an existing one or a new `info`. */
  readonly rows?: 'merge' | 'leave'
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
  list(name: DatabaseName, group: number, query: ListingQuery): Promise<readonly ListingEntry<Row>[]>
  /** Rows of a group in the order of their names, deleted ones too. */
  rows(name: DatabaseName, group: number, range: RowRange): Promise<readonly Row[]>
  /** Digests of the rows of a group in a range. Cost is proportional to the range. */
  digestRange(name: DatabaseName, group: number, range: NameRange): Promise<RangeDigest>
  /** Rows that changed after a sequence number, oldest change first; each row once, with its latest change. */
  changesSince(name: DatabaseName, sequence: number, limit: number): Promise<readonly Change<Row>[]>
  /** How far a peer has our rows; 0 for a peer that was never heard of. */
  syncPoint(name: DatabaseName, peer: string): Promise<number>
  setSyncPoint(name: DatabaseName, peer: string, sequence: number): Promise<void>
  /**
   * Databases whose times or counters differ from what they last reported, in the order of their hashes, after the one
   * given. Nothing else is looked at, however many databases there are.
   */
  unreported(limit: number, after?: string): Promise<readonly Unreported[]>
  close(): Promise<void>
}

export interface Unreported {
  /** Hash of the name, 32 hex digits: where to go on from. */
  readonly hash: string
  readonly name: DatabaseName
}

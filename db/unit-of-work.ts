/**
 * The changes that one batch makes to an index, worked out in memory: what was read before, what rules and merges made of
 * it, and the operations that write the difference. Pure apart from its own memory; `level-index.ts` reads and writes.
 */
import type { KvOperation } from '#kv/group-commit.ts'
import { type Deletions, joined } from './compactor.ts'
import type { Rule } from './contract.ts'
import { dayOf } from './days.ts'
import {
  type DatabaseInfo,
  type DatabaseName,
  type DatabaseState,
  encodeInfo,
  type PolicyStats,
} from './info.ts'
import {
  type DEVICE_TAGS,
  deviceKey,
  infoKey,
  logKey,
  metadataKey,
  quarantinedRowKey,
  type RowTable,
  rowKey,
} from './keys.ts'
import { encodeMetadata, type Metadata } from './metadata.ts'
import { hasUnreported } from './reporting.ts'
import { recount } from './row-accounting.ts'
import type { RowKind } from './row-kind.ts'
import { encodeStored, isSameRow, type StoredRow } from './stored-row.ts'

/** One rule to run, with the rows that it may merge. */
export interface Work<Row> {
  readonly hash: Buffer
  readonly name: DatabaseName
  readonly rows: readonly Row[]
  readonly rule: Rule<unknown>
}

/** A database that a batch changes. */
export interface ChangedDatabase {
  /** The hash as latin1. */
  readonly key: string
  readonly before: DatabaseState | undefined
  readonly state: DatabaseState
}

interface DatabaseWork<Row> {
  readonly hash: Buffer
  readonly name: DatabaseName
  readonly before: DatabaseState | undefined
  state: DatabaseState | undefined
  readonly rows: Map<string, RowWork<Row>>
}

interface RowWork<Row> {
  readonly group: number
  readonly name: string
  readonly before: StoredRow<Row> | undefined
  now: StoredRow<Row> | undefined
  /** Keep a copy of what was there before? */
  leaves: 'nothing' | 'quarantined_copy'
}

const NO_METADATA: Metadata = new Map()

export class UnitOfWork<Row> {
  readonly #kind: RowKind<Row>
  /** A new database numbers its changes from here: numbers of one that was removed are not given again. */
  readonly #sequenceFloor: number
  readonly #databases = new Map<string, DatabaseWork<Row>>()
  /** Live rows that became deleted, by database: what leaves dead entries in the table of live rows. */
  readonly deletions = new Map<string, Deletions>()

  constructor(kind: RowKind<Row>, sequenceFloor: number) {
    this.#kind = kind
    this.#sequenceFloor = sequenceFloor
  }

  /** Tells the unit what is stored; to be called once per database before its work. */
  addDatabase(hash: Buffer, name: DatabaseName, state: DatabaseState | undefined): void {
    this.#databases.set(keyOf(hash), { hash, name, before: state, state, rows: new Map() })
  }

  /** Tells the unit what is stored under a row's name, nothing included; once per row before its work. */
  addRow(hash: Buffer, group: number, name: string, stored: StoredRow<Row> | undefined): void {
    this.#at(hash).rows.set(rowId(group, name), {
      group,
      name,
      before: stored,
      now: stored,
      leaves: 'nothing',
    })
  }

  /** Runs a rule on what the work before it has made. Gives the rule's result. */
  run(work: Work<Row>): unknown {
    const database = this.#at(work.hash)
    const decision = work.rule(database.state)
    const info = decision.info ?? database.state?.info
    if (info === undefined) return decision.result
    if (decision.info !== undefined || decision.metadata !== undefined) {
      const counted = this.#counted(info, database.state?.info)
      database.state = {
        info: counted,
        metadata: decision.metadata ?? database.state?.metadata ?? NO_METADATA,
      }
    }
    if (decision.rows === 'merge')
      for (const row of work.rows) this.#merge(database, row, decision.ignoreDeletionsBefore)
    if (decision.rows === 'drop') for (const row of work.rows) this.#drop(database, row, 'nothing')
    if (decision.rows === 'quarantine')
      for (const row of work.rows) this.#drop(database, row, 'quarantined_copy')
    return decision.result
  }

  /** What the batch has to write. */
  operations(): readonly KvOperation[] {
    return [...this.#databases.values()].flatMap((database) => this.#operationsOf(database))
  }

  /** The databases that were changed, as they are after the batch. */
  *changed(): Iterable<ChangedDatabase> {
    for (const [key, { before, state }] of this.#databases) {
      if (state !== undefined && state !== before) yield { key, before, state }
    }
  }

  /** The new info, but with the counters that only the index changes. */
  #counted(info: DatabaseInfo, known: DatabaseInfo | undefined): DatabaseInfo {
    if (known === undefined) return { ...info, stats: new Map(), sequence: this.#sequenceFloor }
    return info === known ? info : { ...info, stats: known.stats, sequence: known.sequence }
  }

  #merge(database: DatabaseWork<Row>, incoming: Row, ignoredBefore: number | undefined): void {
    const state = database.state
    const known = database.rows.get(rowId(this.#kind.groupOf(incoming), this.#kind.nameOf(incoming)))
    if (state === undefined || known === undefined)
      throw new Error('a row was merged that was not read before')
    const before = known.now?.row
    if (before === undefined && isOldDeletion(this.#kind, incoming, ignoredBefore)) return
    const after = before === undefined ? incoming : this.#kind.merge(before, incoming)
    if (before !== undefined && isSameRow(this.#kind, before, after)) return
    const sequence = state.info.sequence + 1
    const stats = recount(this.#kind, state.info.stats, before, after)
    database.state = { ...state, info: { ...state.info, sequence, stats } }
    known.now = { row: after, sequence }
    if (before !== undefined && !this.#kind.isDeleted(before) && this.#kind.isDeleted(after)) {
      this.#noteDeletion(database.hash, before)
    }
  }

  #drop(database: DatabaseWork<Row>, row: Row, leaves: RowWork<Row>['leaves']): void {
    const { state } = database
    const known = database.rows.get(rowId(this.#kind.groupOf(row), this.#kind.nameOf(row)))
    if (state === undefined || known?.now === undefined || !isSameRow(this.#kind, known.now.row, row)) return
    const stats = withoutEmpty(recount(this.#kind, state.info.stats, known.now.row, undefined))
    // Not in the change log, but whoever kept a page by its number must see that it is another one.
    const sequence = state.info.sequence + 1
    database.state = { ...state, info: { ...state.info, sequence, stats } }
    known.now = undefined
    known.leaves = leaves
    if (!this.#kind.isDeleted(row)) this.#noteDeletion(database.hash, row)
  }

  #noteDeletion(hash: Buffer, row: Row): void {
    const dead = rowKey(hash, 'live', this.#kind.groupOf(row), this.#kind.nameOf(row))
    const one = { count: 1, first: dead, last: dead }
    const known = this.deletions.get(keyOf(hash))
    this.deletions.set(keyOf(hash), known === undefined ? one : joined(known, one))
  }

  #operationsOf(database: DatabaseWork<Row>): readonly KvOperation[] {
    const { hash, before, state } = database
    if (state === undefined || state === before) return []
    const operations: KvOperation[] = []
    for (const row of database.rows.values()) this.#writeRow(hash, row, operations)
    operations.push({ type: 'put', key: infoKey(hash), value: encodeInfo(state.info) })
    if (state.metadata !== before?.metadata) {
      operations.push({ type: 'put', key: metadataKey(hash), value: encodeMetadata(state.metadata) })
    }
    operations.push(
      ...listOperation('unreported', hash, before?.info, state.info, hasUnreported),
      ...listOperation('misplaced', hash, before?.info, state.info, hasMisplaced),
    )
    return operations
  }

  #writeRow(hash: Buffer, row: RowWork<Row>, operations: KvOperation[]): void {
    const { group, name, before, now, leaves } = row
    if (now === before) return
    if (now === undefined) {
      if (before !== undefined) operations.push(...this.#removing(hash, row, before, leaves))
      return
    }
    const table = this.#tableOf(now)
    if (before !== undefined) {
      operations.push({ type: 'del', key: logKey(hash, before.sequence) })
      const oldTable = this.#tableOf(before)
      if (oldTable !== table) operations.push({ type: 'del', key: rowKey(hash, oldTable, group, name) })
    }
    const key = rowKey(hash, table, group, name)
    operations.push({ type: 'put', key, value: encodeStored(this.#kind, now) })
    operations.push({ type: 'put', key: logKey(hash, now.sequence), value: key })
  }

  #removing(
    hash: Buffer,
    { group, name }: RowWork<Row>,
    before: StoredRow<Row>,
    leaves: RowWork<Row>['leaves'],
  ): readonly KvOperation[] {
    const key = rowKey(hash, this.#tableOf(before), group, name)
    const removal: readonly KvOperation[] = [
      { type: 'del', key },
      { type: 'del', key: logKey(hash, before.sequence) },
    ]
    if (leaves === 'nothing') return removal
    const value = encodeStored(this.#kind, before)
    return [...removal, { type: 'put', key: quarantinedRowKey(key), value }]
  }

  #tableOf({ row }: StoredRow<Row>): RowTable {
    return this.#kind.isDeleted(row) ? 'deleted' : 'live'
  }

  #at(hash: Buffer): DatabaseWork<Row> {
    const database = this.#databases.get(keyOf(hash))
    if (database === undefined) throw new Error('a database was changed that was not read before')
    return database
  }
}

/** Keeps one of the device's lists of databases in step with the info, in the same batch. */
function listOperation(
  list: keyof typeof DEVICE_TAGS,
  hash: Buffer,
  before: DatabaseInfo | undefined,
  now: DatabaseInfo,
  belongs: (info: DatabaseInfo) => boolean,
): readonly KvOperation[] {
  const was = before !== undefined && belongs(before)
  const is = belongs(now)
  if (was === is) return []
  const key = deviceKey(list, hash)
  return is ? [{ type: 'put', key, value: Buffer.from(JSON.stringify(now.name)) }] : [{ type: 'del', key }]
}

/** Has a container rows of another storage policy than its own? */
export function hasMisplaced(info: DatabaseInfo): boolean {
  if (info.name.container === undefined) return false
  for (const [group, { rows, tombstones }] of info.stats)
    if (group !== info.policyIndex && (rows > 0 || tombstones > 0)) return true
  return false
}

/** Is it a row that was deleted before the day? */
export function isOldDeletion<Row>(kind: RowKind<Row>, row: Row, day: number | undefined): boolean {
  return day !== undefined && kind.isDeleted(row) && dayOf(kind.changedAt(row)) < day
}

/** Storage policies of which nothing is left are left out, so that a replica that never had any is not another one. */
function withoutEmpty(stats: ReadonlyMap<number, PolicyStats>): ReadonlyMap<number, PolicyStats> {
  const empty = [...stats].filter(([, { rows, tombstones }]) => rows === 0 && tombstones === 0)
  if (empty.length === 0) return stats
  const kept = new Map(stats)
  for (const [group] of empty) kept.delete(group)
  return kept
}

function keyOf(hash: Buffer): string {
  return hash.toString('latin1')
}

function rowId(group: number, name: string): string {
  return `${group}/${name}`
}

/**
 * The changes that one batch makes to an index, worked out in memory: what was read before, what rules and merges made of
 * it, and the operations that write the difference. Pure apart from its own memory; `level-index.ts` reads and writes.
 */
import type { KvOperation } from '#kv/group-commit.ts'
import { type Deletions, joined } from './compactor.ts'
import type { Rule } from './contract.ts'
import { type DatabaseInfo, type DatabaseName, type DatabaseState, encodeInfo } from './info.ts'
import { deviceKey, infoKey, logKey, metadataKey, type RowTable, rowKey } from './keys.ts'
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
}

const NO_METADATA: Metadata = new Map()

export class UnitOfWork<Row> {
  readonly #kind: RowKind<Row>
  readonly #databases = new Map<string, DatabaseWork<Row>>()
  /** Live rows that became deleted, by database: what leaves dead entries in the table of live rows. */
  readonly deletions = new Map<string, Deletions>()

  constructor(kind: RowKind<Row>) {
    this.#kind = kind
  }

  /** Tells the unit what is stored; to be called once per database before its work. */
  addDatabase(hash: Buffer, name: DatabaseName, state: DatabaseState | undefined): void {
    this.#databases.set(keyOf(hash), { hash, name, before: state, state, rows: new Map() })
  }

  /** Tells the unit what is stored under a row's name, nothing included; once per row before its work. */
  addRow(hash: Buffer, group: number, name: string, stored: StoredRow<Row> | undefined): void {
    this.#at(hash).rows.set(rowId(group, name), { group, name, before: stored, now: stored })
  }

  /** Runs a rule on what the work before it has made. Gives the rule's result. */
  run(work: Work<Row>): unknown {
    const database = this.#at(work.hash)
    const decision = work.rule(database.state)
    const info = decision.info ?? database.state?.info
    if (info === undefined) return decision.result
    const counted = countedBy(info, database.state?.info)
    database.state = { info: counted, metadata: decision.metadata ?? database.state?.metadata ?? NO_METADATA }
    if (decision.rows === 'merge') for (const row of work.rows) this.#merge(database, row)
    return decision.result
  }

  /** What the batch has to write. */
  operations(): readonly KvOperation[] {
    return [...this.#databases.values()].flatMap((database) => this.#operationsOf(database))
  }

  /** The databases that were changed, as they are after the batch. */
  *changed(): Iterable<{ readonly key: string; readonly state: DatabaseState }> {
    for (const [key, { before, state }] of this.#databases) {
      if (state !== undefined && state !== before) yield { key, state }
    }
  }

  #merge(database: DatabaseWork<Row>, incoming: Row): void {
    const state = database.state
    const known = database.rows.get(rowId(this.#kind.groupOf(incoming), this.#kind.nameOf(incoming)))
    if (state === undefined || known === undefined)
      throw new Error('a row was merged that was not read before')
    const before = known.now?.row
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
    const reporting = unreportedOperation(hash, before?.info, state.info)
    if (reporting !== undefined) operations.push(reporting)
    return operations
  }

  #writeRow(hash: Buffer, { group, name, before, now }: RowWork<Row>, operations: KvOperation[]): void {
    if (now === undefined || now === before) return
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

  #tableOf({ row }: StoredRow<Row>): RowTable {
    return this.#kind.isDeleted(row) ? 'deleted' : 'live'
  }

  #at(hash: Buffer): DatabaseWork<Row> {
    const database = this.#databases.get(keyOf(hash))
    if (database === undefined) throw new Error('a database was changed that was not read before')
    return database
  }
}

/** The new info, but with the counters that only the index changes. */
function countedBy(info: DatabaseInfo, known: DatabaseInfo | undefined): DatabaseInfo {
  if (known === undefined || info === known) return info
  return { ...info, stats: known.stats, sequence: known.sequence }
}

/** Keeps the list of what has to be reported in step with the info, in the same batch. */
function unreportedOperation(
  hash: Buffer,
  before: DatabaseInfo | undefined,
  now: DatabaseInfo,
): KvOperation | undefined {
  const key = deviceKey('unreported', hash)
  const was = before !== undefined && hasUnreported(before)
  const is = hasUnreported(now)
  if (was === is) return undefined
  return is ? { type: 'put', key, value: Buffer.from(JSON.stringify(now.name)) } : { type: 'del', key }
}

function keyOf(hash: Buffer): string {
  return hash.toString('latin1')
}

function rowId(group: number, name: string): string {
  return `${group}/${name}`
}

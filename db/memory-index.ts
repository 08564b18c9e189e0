/**
 * The index's twin in memory, made to be obviously right: rows are a map, every listing sorts all names, every counter
 * is counted afresh. It is the model that the real index is compared with, and an index for tests of servers.
 */

import { compareUtf8, type HashPathSalt, hashName, pathOf } from '#base/names.ts'
import type {
  Change,
  DatabasePartition,
  HashSpan,
  Index,
  Database as ListedDatabase,
  RangeDigest,
  RowRange,
  Rule,
  Unreported,
} from './contract.ts'
import { emptyDigest, toggle } from './digest.ts'
import type { ExpiryFilter } from './expiry.ts'
import { spanOf } from './hash-span.ts'
import { type DatabaseInfo, type DatabaseName, type DatabaseState, type PolicyStats } from './info.ts'
import {
  type CursorItem,
  type ListingEntry,
  type ListingQuery,
  listingBounds,
  listNames,
  type NameBounds,
  type NameRange,
  rangeBounds,
  type StoredEntry,
} from './listing.ts'
import { comparisonDigest } from './replica-merge.ts'
import { hasUnreported } from './reporting.ts'
import { recount } from './row-accounting.ts'
import type { RowKind } from './row-kind.ts'
import { encodeStored, isSameRow, type StoredRow } from './stored-row.ts'
import { hasMisplaced, isOldDeletion } from './unit-of-work.ts'

interface Database<Row> {
  state: DatabaseState
  /** By group and name. */
  readonly rows: Map<string, StoredRow<Row>>
  readonly syncPoints: Map<string, number>
}

const NO_SALT: HashPathSalt = { prefix: '', suffix: '' }

export class MemoryIndex<Row> implements Index<Row> {
  readonly #kind: RowKind<Row>
  readonly #salt: HashPathSalt
  readonly #storeId: string
  #sequenceFloor = 0
  readonly #databases = new Map<string, Database<Row>>()

  constructor(kind: RowKind<Row>, salt: HashPathSalt = NO_SALT, storeId = 'memory') {
    this.#kind = kind
    this.#salt = salt
    this.#storeId = storeId
  }

  async state(name: DatabaseName): Promise<DatabaseState | undefined> {
    return this.#databases.get(pathOf(name))?.state
  }

  async apply<Result>(name: DatabaseName, rows: readonly Row[], rule: Rule<Result>): Promise<Result> {
    const existing = this.#databases.get(pathOf(name))
    const decision = rule(existing?.state)
    const info = decision.info ?? existing?.state.info
    if (info === undefined) return decision.result
    const database = existing ?? {
      state: { info: { ...info, sequence: this.#sequenceFloor }, metadata: new Map() },
      rows: new Map<string, StoredRow<Row>>(),
      syncPoints: new Map<string, number>(),
    }
    this.#databases.set(pathOf(name), database)
    if (decision.rows === 'drop' || decision.rows === 'quarantine') this.#drop(database, rows)
    let { sequence } = database.state.info
    for (const row of decision.rows === 'merge' ? rows : [])
      sequence = this.#merge(database, row, sequence, decision.ignoreDeletionsBefore)
    const counted: DatabaseInfo = { ...info, sequence, stats: this.#count(database) }
    database.state = { info: counted, metadata: decision.metadata ?? database.state.metadata }
    return decision.result
  }

  async list(
    name: DatabaseName,
    group: number,
    query: ListingQuery,
    expiry?: ExpiryFilter,
  ): Promise<readonly ListingEntry<Row>[]> {
    const within = this.#within(name, group, listingBounds(query)).filter((row) => !this.#kind.isDeleted(row))
    const ordered = query.direction === 'forward' ? within : within.toReversed()
    const listed = await listNames(this.#cursor(ordered, query), query, (row) => {
      return expiry?.hides(this.#kind.expiry?.of(row)) === true
    })
    return listed.map((entry) =>
      'subdir' in entry ? { kind: 'subdir', name: entry.subdir } : { kind: 'row', row: entry.value },
    )
  }

  async listStored(
    name: DatabaseName,
    group: number,
    query: ListingQuery,
    expiry?: ExpiryFilter,
  ): Promise<readonly StoredEntry[]> {
    const entries = await this.list(name, group, query, expiry)
    return entries.map((entry) => {
      if (entry.kind === 'subdir') return { subdir: entry.name }
      const value = encodeStored(this.#kind, { row: entry.row, sequence: 0 }).toString()
      return { name: this.#kind.nameOf(entry.row), value }
    })
  }

  async rows(name: DatabaseName, group: number, range: RowRange): Promise<readonly Row[]> {
    return this.#within(name, group, rangeBounds(range)).slice(0, range.limit)
  }

  async named(
    name: DatabaseName,
    group: number,
    names: readonly string[],
  ): Promise<readonly (Row | undefined)[]> {
    const rows = this.#databases.get(pathOf(name))?.rows
    return names.map((wanted) => rows?.get(`${group}/${wanted}`)?.row)
  }

  async digestRange(name: DatabaseName, group: number, range: NameRange): Promise<RangeDigest> {
    const digests = { live: emptyDigest(), tombstones: emptyDigest() }
    for (const row of this.#within(name, group, rangeBounds(range))) {
      toggle(this.#kind.isDeleted(row) ? digests.tombstones : digests.live, this.#kind.digestOf(row))
    }
    return digests
  }

  async changesSince(name: DatabaseName, sequence: number, limit: number): Promise<readonly Change<Row>[]> {
    return [...(this.#databases.get(pathOf(name))?.rows.values() ?? [])]
      .filter((stored) => stored.sequence > sequence)
      .toSorted((left, right) => left.sequence - right.sequence)
      .slice(0, limit)
  }

  async syncPoint(name: DatabaseName, peer: string): Promise<number> {
    return this.#databases.get(pathOf(name))?.syncPoints.get(peer) ?? 0
  }

  async setSyncPoint(name: DatabaseName, peer: string, sequence: number): Promise<void> {
    this.#databases.get(pathOf(name))?.syncPoints.set(peer, sequence)
  }

  async unreported(limit: number, after = ''): Promise<readonly Unreported[]> {
    return this.#listed(hasUnreported, limit, after)
  }

  async misplaced(limit: number, after = ''): Promise<readonly Unreported[]> {
    return this.#listed(hasMisplaced, limit, after)
  }

  #listed(belongs: (info: DatabaseInfo) => boolean, limit: number, after: string): readonly Unreported[] {
    return [...this.#databases]
      .filter(([path, { state }]) => path > after && belongs(state.info))
      .map(([path, { state }]) => ({ hash: path, name: state.info.name }))
      .toSorted((left, right) => (left.hash < right.hash ? -1 : 1))
      .slice(0, limit)
  }

  async tombstones(
    name: DatabaseName,
    group: number,
    after: string,
    limit: number,
  ): Promise<readonly Change<Row>[]> {
    return [...(this.#databases.get(pathOf(name))?.rows.values() ?? [])]
      .filter(({ row }) => this.#kind.groupOf(row) === group && this.#kind.isDeleted(row))
      .filter(({ row }) => after === '' || compareUtf8(this.#kind.nameOf(row), after) > 0)
      .toSorted((left, right) => compareUtf8(this.#kind.nameOf(left.row), this.#kind.nameOf(right.row)))
      .slice(0, limit)
  }

  async storeId(): Promise<string> {
    return this.#storeId
  }

  async databases({ first, end }: HashSpan, limit: number): Promise<readonly ListedDatabase[]> {
    return [...this.#databases.values()]
      .map(({ state }) => ({ hash: hashName(state.info.name, this.#salt), state }))
      .filter(({ hash }) => hash >= first && (end === undefined || hash < end))
      .toSorted((left, right) => (left.hash < right.hash ? -1 : 1))
      .slice(0, limit)
  }

  async partitionDigest(partition: DatabasePartition, horizon: number): Promise<Buffer> {
    const digest = emptyDigest()
    for (const { state } of await this.databases(spanOf(partition), Infinity)) {
      toggle(digest, comparisonDigest(state, horizon))
    }
    return digest
  }

  async remove(
    name: DatabaseName,
    condition: (state: DatabaseState) => boolean,
  ): Promise<'removed' | 'kept'> {
    const database = this.#databases.get(pathOf(name))
    if (database === undefined || !condition(database.state)) return 'kept'
    this.#databases.delete(pathOf(name))
    this.#sequenceFloor = Math.max(this.#sequenceFloor, database.state.info.sequence)
    return 'removed'
  }

  async close(): Promise<void> {}

  #drop(database: Database<Row>, rows: readonly Row[]): void {
    for (const row of rows) {
      const key = `${this.#kind.groupOf(row)}/${this.#kind.nameOf(row)}`
      const known = database.rows.get(key)
      if (known === undefined || !isSameRow(this.#kind, known.row, row)) continue
      database.rows.delete(key)
      const { info } = database.state
      database.state = { ...database.state, info: { ...info, sequence: info.sequence + 1 } }
    }
  }

  #merge(
    database: Database<Row>,
    incoming: Row,
    sequence: number,
    ignoredBefore: number | undefined,
  ): number {
    const key = `${this.#kind.groupOf(incoming)}/${this.#kind.nameOf(incoming)}`
    const known = database.rows.get(key)
    if (known === undefined && isOldDeletion(this.#kind, incoming, ignoredBefore)) return sequence
    const row = known === undefined ? incoming : this.#kind.merge(known.row, incoming)
    if (known !== undefined && isSameRow(this.#kind, known.row, row)) return sequence
    database.rows.set(key, { row, sequence: sequence + 1 })
    return sequence + 1
  }

  #count(database: Database<Row>): ReadonlyMap<number, PolicyStats> {
    let stats: ReadonlyMap<number, PolicyStats> = new Map()
    for (const { row } of database.rows.values()) stats = recount(this.#kind, stats, undefined, row)
    return stats
  }

  #within(name: DatabaseName, group: number, bounds: NameBounds): readonly Row[] {
    return [...(this.#databases.get(pathOf(name))?.rows.values() ?? [])]
      .map((stored) => stored.row)
      .filter((row) => this.#kind.groupOf(row) === group && isWithin(this.#kind.nameOf(row), bounds))
      .toSorted((left, right) => compareUtf8(this.#kind.nameOf(left), this.#kind.nameOf(right)))
  }

  #cursor(ordered: readonly Row[], query: ListingQuery): Parameters<typeof listNames<Row>>[0] {
    let at = 0
    const items: readonly CursorItem<Row>[] = ordered.map((row) => ({
      name: this.#kind.nameOf(row),
      value: row,
    }))
    return {
      next: async (count) => {
        at += count
        return items.slice(at - count, at)
      },
      seek: (name) => {
        const sign = query.direction === 'forward' ? 1 : -1
        at = items.findIndex((item) => Buffer.compare(Buffer.from(item.name), name) * sign >= 0)
        if (at < 0) at = items.length
      },
    }
  }
}

function isWithin(name: string, { lower, lowerIncluded, upper }: NameBounds): boolean {
  const bytes = Buffer.from(name)
  const order = Buffer.compare(bytes, lower)
  if (order < 0 || (order === 0 && lowerIncluded === 'left_out')) return false
  return upper === undefined || Buffer.compare(bytes, upper) < 0
}

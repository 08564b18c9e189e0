/**
 * The index in a key-value store. Invariants:
 * - Only this object writes the store's databases, one batch at a time, each synced: rows, counters, digests, change log
 *   and the list of what is unreported change together or not at all.
 * - A result is given when its batch is durable. Changes that arrive while a batch is written go together into the next.
 * - A row is either in the table of live rows or in that of deleted rows, and has exactly one entry in the change log.
 */
import type { KvStore, Random } from '#base/environment.ts'
import type { HashPathSalt } from '#base/names.ts'
import { writeSynced } from '#kv/group-commit.ts'
import { Compactor } from './compactor.ts'
import type {
  Change,
  Database,
  DatabasePartition,
  HashSpan,
  Index,
  RangeDigest,
  RowRange,
  Rule,
  Unreported,
} from './contract.ts'
import { type DatabaseLister, listDatabases } from './database-cursor.ts'
import { emptyDigest, toggle } from './digest.ts'
import type { ExpiryFilter } from './expiry.ts'
import { afterHash, spanOf } from './hash-span.ts'
import { type DatabaseName, type DatabaseState, decodeInfo } from './info.ts'
import {
  databaseHash,
  deviceKey,
  devicePrefix,
  infoKey,
  logEnd,
  logKey,
  metadataKey,
  type RowTable,
  rowKey,
  rowPrefix,
  sequenceOfLogKey,
  syncPointKey,
} from './keys.ts'
import {
  type ListingEntry,
  type ListingQuery,
  listingBounds,
  listNames,
  type NameRange,
  rangeBounds,
  type StoredEntry,
} from './listing.ts'
import { decodeMetadata } from './metadata.ts'
import { addDigest, PartitionDigests } from './partition-digests.ts'
import { Removals } from './removals.ts'
import { comparisonDigest } from './replica-merge.ts'
import { RowCursor, readLiveAndDeleted } from './row-cursor.ts'
import type { RowKind } from './row-kind.ts'
import { StateCache } from './state-cache.ts'
import { decodeStored, type StoredRow } from './stored-row.ts'
import { UnitOfWork, type Work } from './unit-of-work.ts'

export interface LevelIndexOptions<Row> {
  readonly store: KvStore
  readonly kind: RowKind<Row>
  readonly salt: HashPathSalt
  /** Draws the store's identity when it is first asked for. */
  readonly random: Random
  /** Told when the store fails to read or write; the device should go out of service. */
  readonly onFailure: (error: unknown) => void
}

/** Rows that one batch merges at most, so that a large request does not hold up small ones for long. */
const BATCH_ROWS_MAX = 2000
/** Rows read at a time while digests are computed. */
const READ_ROWS = 1000
/** Databases read at a time while a partition's digest is computed. */
const READ_DATABASES = 500

interface Job<Row> extends Work<Row> {
  readonly resolve: (result: unknown) => void
  readonly reject: (reason: unknown) => void
  /** Removes the database if the condition holds; the rule then decides nothing. */
  readonly removal?: (state: DatabaseState) => boolean
}

/** Decides nothing. */
const LEAVE: Rule<undefined> = () => ({ result: undefined })

/** Where a row would be. */
interface RowPlace {
  /** Of the database. */
  readonly hash: Buffer
  readonly group: number
  readonly name: string
}

export class LevelIndex<Row> implements Index<Row> {
  readonly #store: KvStore
  readonly #kind: RowKind<Row>
  readonly #salt: HashPathSalt
  readonly #onFailure: (error: unknown) => void
  readonly #cache = new StateCache()
  readonly #compactor: Compactor
  readonly #removals: Removals
  readonly #digests = new PartitionDigests()
  readonly #random: Random
  #jobs: Job<Row>[] = []
  #working: Promise<void> | undefined
  #recovered = false
  #storeId: Promise<string> | undefined

  constructor(options: LevelIndexOptions<Row>) {
    this.#store = options.store
    this.#kind = options.kind
    this.#salt = options.salt
    this.#onFailure = options.onFailure
    this.#compactor = new Compactor(options.store, options.onFailure)
    this.#removals = new Removals(options.store, options.onFailure)
    this.#random = options.random
  }

  async state(name: DatabaseName): Promise<DatabaseState | undefined> {
    return this.#noticed(() => this.#stateOf(this.#hash(name)))
  }

  apply<Result>(name: DatabaseName, rows: readonly Row[], rule: Rule<Result>): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      const give = resolve as (result: unknown) => void
      this.#push({ hash: this.#hash(name), name, rows, rule, resolve: give, reject })
    })
  }

  remove(name: DatabaseName, condition: (state: DatabaseState) => boolean): Promise<'removed' | 'kept'> {
    return new Promise((resolve, reject) => {
      const give = resolve as (result: unknown) => void
      const hash = this.#hash(name)
      this.#push({ hash, name, rows: [], rule: LEAVE, resolve: give, reject, removal: condition })
    })
  }

  async list(
    name: DatabaseName,
    group: number,
    query: ListingQuery,
    expiry?: ExpiryFilter,
  ): Promise<readonly ListingEntry<Row>[]> {
    const entries = await this.listStored(name, group, query, expiry)
    return this.#noticed(async () =>
      entries.map((entry) =>
        'subdir' in entry
          ? { kind: 'subdir', name: entry.subdir }
          : { kind: 'row', row: decodeStored(this.#kind, group, entry.value).row },
      ),
    )
  }

  async listStored(
    name: DatabaseName,
    group: number,
    query: ListingQuery,
    expiry?: ExpiryFilter,
  ): Promise<readonly StoredEntry[]> {
    return this.#noticed(async () => {
      const prefix = rowPrefix(this.#hash(name), 'live', group)
      await using cursor = new RowCursor(
        this.#store,
        this.#kind,
        prefix,
        listingBounds(query),
        query.direction,
      )
      return await listNames(cursor, query, this.#hider(group, expiry))
    })
  }

  async rows(name: DatabaseName, group: number, range: RowRange): Promise<readonly Row[]> {
    return this.#noticed(async () => {
      const stored = await readLiveAndDeleted(this.#store, this.#kind, this.#hash(name), group, range)
      return stored.map((item) => decodeStored(this.#kind, group, item.value).row)
    })
  }

  async named(
    name: DatabaseName,
    group: number,
    names: readonly string[],
  ): Promise<readonly (Row | undefined)[]> {
    const hash = this.#hash(name)
    const stored = await this.#noticed(() =>
      this.#storedOf(names.map((wanted) => ({ hash, group, name: wanted }))),
    )
    return stored.map((one) => one?.row)
  }

  async digestRange(name: DatabaseName, group: number, range: NameRange): Promise<RangeDigest> {
    return this.#noticed(async () => {
      const [live, tombstones] = await Promise.all([
        this.#digestTable(name, 'live', group, range),
        this.#digestTable(name, 'deleted', group, range),
      ])
      return { live, tombstones }
    })
  }

  async changesSince(name: DatabaseName, sequence: number, limit: number): Promise<readonly Change<Row>[]> {
    return this.#noticed(async () => {
      const hash = this.#hash(name)
      // Of one moment: a page that a change in between made shorter would pass for the last one.
      const snapshot = this.#store.snapshot()
      try {
        const range = { gt: logKey(hash, sequence), lt: logEnd(hash), limit, snapshot }
        const log = await this.#store.iterator(range).all()
        const values = await this.#store.getMany(
          log.map(([, key]) => key),
          { snapshot },
        )
        return log.flatMap(([entry, key], at) => {
          const value = values[at]
          if (value === undefined) return []
          const { row } = decodeStored(this.#kind, groupOfRowKey(key), value.toString())
          return [{ sequence: sequenceOfLogKey(entry), row }]
        })
      } finally {
        await snapshot.close()
      }
    })
  }

  async tombstones(
    name: DatabaseName,
    group: number,
    after: string,
    limit: number,
  ): Promise<readonly Change<Row>[]> {
    return this.#noticed(async () => {
      const prefix = rowPrefix(this.#hash(name), 'deleted', group)
      const bounds = rangeBounds(after === '' ? {} : { marker: after })
      await using cursor = new RowCursor(this.#store, this.#kind, prefix, bounds, 'forward')
      return (await cursor.next(limit)).map((item) => decodeStored(this.#kind, group, item.value))
    })
  }

  async databases(span: HashSpan, limit: number): Promise<readonly Database[]> {
    return this.#noticed(() => listDatabases(this.#lister(), span, limit))
  }

  async partitionDigest(partition: DatabasePartition, horizon: number): Promise<Buffer> {
    return this.#noticed(() =>
      this.#digests.digest(partition, horizon, () => this.#readDigest(spanOf(partition), horizon)),
    )
  }

  async storeId(): Promise<string> {
    this.#storeId ??= this.#noticed(() => this.#readStoreId())
    return this.#storeId
  }

  async syncPoint(name: DatabaseName, peer: string): Promise<number> {
    return this.#noticed(async () => {
      const stored = await this.#store.get(syncPointKey(this.#hash(name), peer))
      return stored === undefined ? 0 : Number(stored.toString())
    })
  }

  async setSyncPoint(name: DatabaseName, peer: string, sequence: number): Promise<void> {
    const key = syncPointKey(this.#hash(name), peer)
    await this.#noticed(() =>
      writeSynced(this.#store, [{ type: 'put', key, value: Buffer.from(String(sequence)) }]),
    )
  }

  unreported(limit: number, after = ''): Promise<readonly Unreported[]> {
    return this.#listed('unreported', limit, after)
  }

  misplaced(limit: number, after = ''): Promise<readonly Unreported[]> {
    return this.#listed('misplaced', limit, after)
  }

  async #listed(
    list: 'unreported' | 'misplaced',
    limit: number,
    after: string,
  ): Promise<readonly Unreported[]> {
    return this.#noticed(async () => {
      const prefix = devicePrefix(list)
      const start = Buffer.concat([prefix, Buffer.from(after, 'hex')])
      const end = Buffer.concat([prefix, Buffer.alloc(17, 255)])
      const entries = await this.#store.iterator({ gt: start, lt: end, limit }).all()
      return entries.map(([key, value]) => ({
        hash: key.toString('hex', prefix.length),
        name: JSON.parse(value.toString()) as DatabaseName,
      }))
    })
  }

  /** Waits for what is under way. The store itself is closed by whoever opened it. */
  async close(): Promise<void> {
    await this.#working
    await this.#removals.idle()
    await this.#compactor.idle()
  }

  #push(job: Job<Row>): void {
    this.#jobs.push(job)
    this.#working ??= this.#work()
  }

  async #work(): Promise<void> {
    await this.#recover()
    while (this.#jobs.length > 0) await this.#runBatch(this.#takeJobs())
    this.#working = undefined
  }

  /** Once, before the first change: what an earlier process did not finish. */
  async #recover(): Promise<void> {
    if (this.#recovered) return
    try {
      await this.#removals.recover()
      this.#recovered = true
    } catch (error) {
      this.#onFailure(error)
      for (const job of this.#jobs.splice(0)) job.reject(error)
    }
  }

  /** Whoever makes a database anew that is being removed waits until it is gone. */
  #setAsideRemoved(): void {
    if (!this.#removals.isBusy) return
    const ready: Job<Row>[] = []
    for (const job of this.#jobs) {
      const removal = this.#removals.under(job.hash)
      if (removal === undefined) ready.push(job)
      else void removal.then(() => this.#push(job))
    }
    if (ready.length < this.#jobs.length) this.#jobs = ready
  }

  #takeJobs(): readonly Job<Row>[] {
    this.#setAsideRemoved()
    const [first] = this.#jobs
    if (first?.removal !== undefined) return this.#jobs.splice(0, 1)
    let rows = 0
    let count = 0
    for (const job of this.#jobs) {
      rows += job.rows.length
      if (job.removal !== undefined || (count > 0 && rows > BATCH_ROWS_MAX)) break
      count += 1
    }
    return this.#jobs.splice(0, count)
  }

  async #runBatch(jobs: readonly Job<Row>[]): Promise<void> {
    const [first] = jobs
    if (first?.removal !== undefined) return this.#runRemoval(first, first.removal)
    try {
      const unit = await this.#load(jobs)
      const answers = jobs.map((job) => answerOf(unit, job))
      const operations = unit.operations()
      if (operations.length > 0) await writeSynced(this.#store, operations)
      for (const changed of unit.changed()) {
        this.#cache.written(changed.key, changed.state)
        this.#digests.note(changed)
      }
      for (const answer of answers) answer()
      for (const [database, rows] of unit.deletions) this.#compactor.noteDeletions(database, rows)
    } catch (error) {
      this.#onFailure(error)
      for (const job of jobs) job.reject(error)
    }
  }

  async #runRemoval(job: Job<Row>, condition: (state: DatabaseState) => boolean): Promise<void> {
    const { hash } = job
    try {
      const state = await this.#stateOf(hash)
      if (state === undefined || !condition(state)) return job.resolve('kept')
      const lists = [deviceKey('unreported', hash), deviceKey('misplaced', hash)]
      await this.#removals.remove(hash, state.info.sequence, lists)
      const key = hash.toString('latin1')
      this.#cache.forget(key)
      this.#digests.note({ key, before: state })
      job.resolve('removed')
    } catch (error) {
      this.#onFailure(error)
      job.reject(error)
    }
  }

  #lister(): DatabaseLister {
    return { store: this.#store, state: (hash) => this.#readState(hash) }
  }

  async #readDigest(span: HashSpan, horizon: number): Promise<Buffer> {
    let sum = emptyDigest()
    let first: string | undefined = span.first
    while (first !== undefined) {
      const page: readonly Database[] = await listDatabases(
        this.#lister(),
        { first, end: span.end },
        READ_DATABASES,
      )
      for (const { state } of page) sum = addDigest(sum, comparisonDigest(state, horizon))
      const last = page.at(-1)
      first = last === undefined ? undefined : afterHash(last.hash)
    }
    return sum
  }

  async #readStoreId(): Promise<string> {
    const key = devicePrefix('storeId')
    const known = await this.#store.get(key)
    if (known !== undefined) return known.toString('hex')
    const drawn = this.#random.bytes(16)
    await writeSynced(this.#store, [{ type: 'put', key, value: drawn }])
    return drawn.toString('hex')
  }

  /** Reads all that the jobs will look at. */
  async #load(jobs: readonly Job<Row>[]): Promise<UnitOfWork<Row>> {
    const unit = new UnitOfWork(this.#kind, this.#removals.sequenceFloor)
    const databases = new Map(jobs.map((job) => [job.hash.toString('latin1'), job]))
    for (const job of databases.values()) unit.addDatabase(job.hash, job.name, await this.#stateOf(job.hash))
    const wanted = jobs.flatMap((job) => job.rows.map((row) => this.#wanted(job.hash, row)))
    const stored = await this.#storedOf(wanted)
    for (const [at, { hash, group, name }] of wanted.entries()) unit.addRow(hash, group, name, stored[at])
    return unit
  }

  #wanted(hash: Buffer, row: Row): RowPlace {
    return { hash, group: this.#kind.groupOf(row), name: this.#kind.nameOf(row) }
  }

  /** What stands there, live or deleted. */
  async #storedOf(places: readonly RowPlace[]): Promise<readonly (StoredRow<Row> | undefined)[]> {
    if (places.length === 0) return []
    const keys = places.flatMap(({ hash, group, name }) => [
      rowKey(hash, 'live', group, name),
      rowKey(hash, 'deleted', group, name),
    ])
    const values = await this.#store.getMany(keys)
    return places.map(({ group }, at) => this.#decode(group, values[2 * at] ?? values[2 * at + 1]))
  }

  #decode(group: number, value: Buffer | undefined): StoredRow<Row> | undefined {
    return value === undefined ? undefined : decodeStored(this.#kind, group, value.toString())
  }

  async #stateOf(hash: Buffer): Promise<DatabaseState | undefined> {
    const key = hash.toString('latin1')
    const cached = this.#cache.get(key)
    if (cached !== undefined) return cached
    if (this.#cache.isMissing(key)) return undefined
    const mark = this.#cache.mark()
    const state = await this.#readState(hash)
    this.#cache.offer(key, state, mark)
    return state
  }

  /** Not from memory and not into it: for those who pass by every database. */
  async #readState(hash: Buffer): Promise<DatabaseState | undefined> {
    const [info, metadata] = await this.#store.getMany([infoKey(hash), metadataKey(hash)])
    if (info === undefined) return undefined
    return {
      info: decodeInfo(info),
      metadata: metadata === undefined ? new Map() : decodeMetadata(metadata),
    }
  }

  async #digestTable(name: DatabaseName, table: RowTable, group: number, range: NameRange): Promise<Buffer> {
    const digest = emptyDigest()
    const prefix = rowPrefix(this.#hash(name), table, group)
    await using cursor = new RowCursor(this.#store, this.#kind, prefix, rangeBounds(range), 'forward')
    for (let page = await cursor.next(READ_ROWS); page.length > 0; page = await cursor.next(READ_ROWS)) {
      for (const item of page) {
        toggle(digest, this.#kind.digestOf(decodeStored(this.#kind, group, item.value).row))
      }
    }
    return digest
  }

  async #noticed<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work()
    } catch (error) {
      this.#onFailure(error)
      throw error
    }
  }

  /** Only rows whose text says so can have expired; no others are decoded to find out. */
  #hider(group: number, expiry: ExpiryFilter | undefined): ((stored: string) => boolean) | undefined {
    const rows = this.#kind.expiry
    if (expiry === undefined || rows === undefined) return undefined
    return (stored) =>
      stored.includes(rows.mark) && expiry.hides(rows.of(decodeStored(this.#kind, group, stored).row))
  }

  #hash(name: DatabaseName): Buffer {
    return databaseHash(name, this.#salt)
  }
}

/** Runs a job. A rule that throws is a bug of ours: it fails its own request and nothing else. */
function answerOf<Row>(unit: UnitOfWork<Row>, job: Job<Row>): () => void {
  try {
    const result = unit.run(job)
    return () => job.resolve(result)
  } catch (error) {
    return () => job.reject(error)
  }
}

/** The group stands right before the name. */
function groupOfRowKey(key: Buffer): number {
  return key.readUInt16BE(18)
}

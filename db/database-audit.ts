/**
 * Reads one database back, row by row, and holds it against what it says of itself: every row lies where its name and its
 * being deleted put it, has one entry in the change log, and all together have the counters and digests of the info. It
 * reads a snapshot: writes go on meanwhile. Nothing is changed here.
 */
import type { KvStore } from '#base/environment.ts'
import { writeSynced } from '#kv/group-commit.ts'
import { dayOf } from './days.ts'
import { emptyDigest, toggle } from './digest.ts'
import { type DatabaseInfo, decodeInfo, NO_STATS, type PolicyStats } from './info.ts'
import { endOfDatabase, infoKey, logEnd, logKey, type RowTable, rowPrefix, sequenceOfLogKey } from './keys.ts'
import type { RowForm } from './row-kind.ts'
import { decodeStored } from './stored-row.ts'

export type DatabaseVerdict =
  | { readonly kind: 'sound'; readonly rows: number; readonly info: DatabaseInfo }
  | { readonly kind: 'damaged'; readonly reason: string; readonly info: DatabaseInfo }
  /** Not even its name can be read. */
  | { readonly kind: 'nameless' }
  | { readonly kind: 'gone' }

export interface DatabaseAuditOptions<Row> {
  readonly store: KvStore
  readonly kind: RowForm<Row>
  /** Awaited before each slice, with how many rows it reads: for rests and for ends. */
  readonly before: (rows: number) => Promise<void>
}

type Entry = readonly [key: Buffer, value: Buffer]
type Snapshot = ReturnType<KvStore['snapshot']>

/** Rows, or entries of the log, that are read without a pause in between. */
const SLICE = 500
/** Where the group stands in the key of a row, and the name behind it. */
const GROUP_AT = 18
const NAME_AT = 20

/** Rejects with the errors of the store, and with what `before` rejects with. */
export async function auditDatabase<Row>(
  options: DatabaseAuditOptions<Row>,
  hash: Buffer,
): Promise<DatabaseVerdict> {
  const snapshot = options.store.snapshot()
  try {
    return await new DatabaseAudit(options, hash, snapshot).run()
  } finally {
    await snapshot.close()
  }
}

/** What is counted of one storage policy. */
interface Count {
  rows: number
  objects: number
  bytes: number
  tombstones: number
  readonly liveDigest: Buffer
  readonly tombstoneDigest: Buffer
  readonly days: Map<number, { tombstones: number; readonly digest: Buffer }>
}

class DatabaseAudit<Row> {
  readonly #options: DatabaseAuditOptions<Row>
  readonly #hash: Buffer
  readonly #snapshot: Snapshot
  readonly #counts = new Map<number, Count>()
  #rows = 0

  constructor(options: DatabaseAuditOptions<Row>, hash: Buffer, snapshot: Snapshot) {
    this.#options = options
    this.#hash = hash
    this.#snapshot = snapshot
  }

  async run(): Promise<DatabaseVerdict> {
    const { store } = this.#options
    const stored = await store.get(infoKey(this.#hash), { snapshot: this.#snapshot })
    if (stored === undefined) return { kind: 'gone' }
    const info = readInfo(stored)
    if (info === undefined) return { kind: 'nameless' }
    const reason =
      (await this.#table('live')) ??
      (await this.#table('deleted')) ??
      (await this.#log(info)) ??
      this.#compare(info)
    return reason === undefined
      ? { kind: 'sound', rows: this.#rows, info }
      : { kind: 'damaged', reason, info }
  }

  async #table(table: RowTable): Promise<string | undefined> {
    const first = rowPrefix(this.#hash, table, 0)
    const end = Buffer.concat([rowPrefix(this.#hash, table, 0xffff), Buffer.from([0xff])])
    return await this.#slices(first, end, async (slice) => {
      for (const [key, value] of slice) {
        const reason = this.#row(table, key, value)
        if (reason !== undefined) return reason
      }
      return undefined
    })
  }

  #row(table: RowTable, key: Buffer, value: Buffer): string | undefined {
    const { kind } = this.#options
    const group = key.readUInt16BE(GROUP_AT)
    const row = decodedRow(kind, group, value)
    if (row === undefined || !kind.isSound(row)) return 'a row cannot be read'
    if (!Buffer.from(kind.nameOf(row)).equals(key.subarray(NAME_AT))) return 'a row lies under another name'
    if (kind.isDeleted(row) !== (table === 'deleted')) return 'a row lies in the wrong table'
    this.#rows += 1
    this.#count(row)
    return undefined
  }

  #count(row: Row): void {
    const { kind } = this.#options
    const { policyIndex, objects, bytes } = kind.statsOf(row)
    const count = this.#counts.get(policyIndex) ?? newCount()
    this.#counts.set(policyIndex, count)
    count.objects += objects
    count.bytes += bytes
    const digest = kind.digestOf(row)
    if (!kind.isDeleted(row)) {
      count.rows += 1
      toggle(count.liveDigest, digest)
      return
    }
    count.tombstones += 1
    toggle(count.tombstoneDigest, digest)
    const day = dayOf(kind.changedAt(row))
    const ofDay = count.days.get(day) ?? { tombstones: 0, digest: emptyDigest() }
    ofDay.tombstones += 1
    toggle(ofDay.digest, digest)
    count.days.set(day, ofDay)
  }

  /** Each entry names a row that says the same number: then as many entries as rows are one for each. */
  async #log(info: DatabaseInfo): Promise<string | undefined> {
    let entries = 0
    const reason = await this.#slices(logKey(this.#hash, 0), logEnd(this.#hash), async (slice) => {
      entries += slice.length
      const rows = await this.#options.store.getMany(
        slice.map(([, key]) => key),
        { snapshot: this.#snapshot },
      )
      for (const [at, [key, rowsKey]] of slice.entries()) {
        const sequence = sequenceOfLogKey(key)
        if (sequence > info.sequence) return 'the change log is ahead of the database'
        if (sequenceIn(this.#options.kind, rowsKey, rows[at]) !== sequence)
          return 'the change log has a wrong entry'
      }
      return undefined
    })
    return reason ?? (entries === this.#rows ? undefined : 'the change log lacks entries')
  }

  #compare(info: DatabaseInfo): string | undefined {
    for (const policyIndex of new Set([...info.stats.keys(), ...this.#counts.keys()])) {
      const reason = difference(
        info.stats.get(policyIndex) ?? NO_STATS,
        this.#counts.get(policyIndex) ?? newCount(),
      )
      if (reason !== undefined) return reason
    }
    return undefined
  }

  async #slices(
    first: Buffer,
    end: Buffer,
    look: (slice: readonly Entry[]) => Promise<string | undefined>,
  ): Promise<string | undefined> {
    let after: Buffer | undefined
    for (;;) {
      await this.#options.before(SLICE)
      const lower = after === undefined ? { gte: first } : { gt: after }
      const range = { ...lower, lt: end, limit: SLICE, snapshot: this.#snapshot }
      const slice = await this.#options.store.iterator(range).all()
      const reason = await look(slice)
      if (reason !== undefined || slice.length < SLICE) return reason
      after = slice.at(-1)?.[0]
    }
  }
}

function newCount(): Count {
  const digests = { liveDigest: emptyDigest(), tombstoneDigest: emptyDigest() }
  return { rows: 0, objects: 0, bytes: 0, tombstones: 0, ...digests, days: new Map() }
}

function difference(said: PolicyStats, counted: Count): string | undefined {
  for (const name of ['rows', 'objects', 'bytes', 'tombstones'] as const) {
    if (said[name] !== counted[name])
      return `the counter of ${name} is ${said[name]}, and there are ${counted[name]}`
  }
  if (!said.liveDigest.equals(counted.liveDigest)) return 'the digest of the live rows is another'
  if (!said.tombstoneDigest.equals(counted.tombstoneDigest))
    return 'the digest of the deleted rows is another'
  return sameDays(said, counted) ? undefined : 'the days of the deleted rows are others'
}

/** Databases of before days were noted have none. */
function sameDays(said: PolicyStats, counted: Count): boolean {
  if (said.tombstoneDays.size === 0) return true
  if (said.tombstoneDays.size !== counted.days.size) return false
  return [...counted.days].every(([day, { tombstones, digest }]) => {
    const known = said.tombstoneDays.get(day)
    return known?.tombstones === tombstones && known.digest.equals(digest)
  })
}

function readInfo(stored: Buffer): DatabaseInfo | undefined {
  try {
    return decodeInfo(stored)
  } catch {
    return undefined
  }
}

function decodedRow<Row>(kind: RowForm<Row>, group: number, value: Buffer): Row | undefined {
  try {
    return decodeStored(kind, group, value.toString()).row
  } catch {
    return undefined
  }
}

function sequenceIn<Row>(kind: RowForm<Row>, key: Buffer, value: Buffer | undefined): number | undefined {
  if (value === undefined || key.length < NAME_AT) return undefined
  try {
    return decodeStored(kind, key.readUInt16BE(GROUP_AT), value.toString()).sequence
  } catch {
    return undefined
  }
}

/** Copies everything of a database to another store, for whoever wants to look. Durable when resolved. */
export async function copyDatabase(source: KvStore, hash: Buffer, target: KvStore): Promise<void> {
  let after = infoKey(hash).subarray(0, 1 + hash.length)
  for (;;) {
    const slice = await source.iterator({ gt: after, lt: endOfDatabase(hash), limit: SLICE }).all()
    if (slice.length === 0) break
    await writeSynced(
      target,
      slice.map(([key, value]) => ({ type: 'put', key, value })),
    )
    after = slice.at(-1)?.[0] as Buffer
  }
}

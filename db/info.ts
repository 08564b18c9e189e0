/**
 * What an account or a container knows about itself: its times, its storage policy, its counters and digests, and what it
 * last reported upwards. Counters and digests change in the same batch as the rows; nothing is counted on a request.
 */
import { type Timestamp, ZERO_TIMESTAMP } from '#base/timestamp.ts'
import { combined, emptyDigest } from './digest.ts'
import type { Metadata } from './metadata.ts'

/** Which account or container a database is of. */
export interface DatabaseName {
  readonly account: string
  /** Left out for an account's database. */
  readonly container?: string | undefined
}

/** Deleted rows that were deleted on one day. */
export interface TombstoneDay {
  readonly tombstones: number
  readonly digest: Buffer
}

/** Counters and digests of the rows of one storage policy. */
export interface PolicyStats {
  /** Live rows: objects of a container, containers of an account. */
  readonly rows: number
  /** Objects in the containers of an account; 0 in a container's database. */
  readonly objects: number
  readonly bytes: number
  /** Deleted rows that are kept. */
  readonly tombstones: number
  readonly liveDigest: Buffer
  readonly tombstoneDigest: Buffer
  /**
   * The deleted rows by the day of their deletion (`dayOf`). They are given up by whole days, by each replica for itself;
   * so replicas compare the days that none of them can have given up.
   */
  readonly tombstoneDays: ReadonlyMap<number, TombstoneDay>
}

/** What a container last told its account. */
export interface Reported {
  readonly putTimestamp: Timestamp
  readonly deleteTimestamp: Timestamp
  readonly objects: number
  readonly bytes: number
}

export interface DatabaseInfo {
  readonly name: DatabaseName
  readonly createdAt: Timestamp
  /** When the life it has now began: the latest PUT that made it where it was not, or not any more. */
  readonly bornAt: Timestamp
  readonly putTimestamp: Timestamp
  readonly deleteTimestamp: Timestamp
  /** When it last changed between existing and deleted, or changed its storage policy. */
  readonly statusChangedAt: Timestamp
  /** An account stays `deleted` until it was reaped; a container's life is told by its times alone. */
  readonly status: 'live' | 'deleted'
  /** Of a container; 0 for an account. */
  readonly policyIndex: number
  readonly reported: Reported
  /** By storage policy index. */
  readonly stats: ReadonlyMap<number, PolicyStats>
  /** Number of the latest change of a row; peers ask for what came after one. */
  readonly sequence: number
}

/** A database as one consistent value. */
export interface DatabaseState {
  readonly info: DatabaseInfo
  readonly metadata: Metadata
}

export const NO_STATS: PolicyStats = {
  rows: 0,
  objects: 0,
  bytes: 0,
  tombstones: 0,
  liveDigest: emptyDigest(),
  tombstoneDigest: emptyDigest(),
  tombstoneDays: new Map(),
}

export const NEVER_REPORTED: Reported = {
  putTimestamp: ZERO_TIMESTAMP,
  deleteTimestamp: ZERO_TIMESTAMP,
  objects: 0,
  bytes: 0,
}

/** A database that starts now. */
export function newInfo(name: DatabaseName, timestamp: Timestamp, policyIndex: number): DatabaseInfo {
  return {
    name,
    createdAt: timestamp,
    bornAt: timestamp,
    putTimestamp: timestamp,
    deleteTimestamp: ZERO_TIMESTAMP,
    statusChangedAt: timestamp,
    status: 'live',
    policyIndex,
    reported: NEVER_REPORTED,
    stats: new Map(),
    sequence: 0,
  }
}

/** Counters of one policy. */
export function statsOf(info: DatabaseInfo, policyIndex: number): PolicyStats {
  return info.stats.get(policyIndex) ?? NO_STATS
}

/** Counters and digests of all policies together; the days of tombstones are left out. */
export function totalStats(info: DatabaseInfo): PolicyStats {
  let total = NO_STATS
  for (const stats of info.stats.values()) {
    total = {
      rows: total.rows + stats.rows,
      objects: total.objects + stats.objects,
      bytes: total.bytes + stats.bytes,
      tombstones: total.tombstones + stats.tombstones,
      liveDigest: combined(total.liveDigest, stats.liveDigest),
      tombstoneDigest: combined(total.tombstoneDigest, stats.tombstoneDigest),
      tombstoneDays: total.tombstoneDays,
    }
  }
  return total
}

const FORMAT_VERSION = 1

interface StoredStats {
  readonly policyIndex: number
  readonly rows: number
  readonly objects: number
  readonly bytes: number
  readonly tombstones: number
  readonly live: string
  readonly deleted: string
  /** Day, deleted rows, their digest. */
  readonly days?: readonly (readonly [day: number, tombstones: number, digest: string])[]
}

interface StoredInfo extends Omit<DatabaseInfo, 'stats' | 'bornAt'> {
  readonly bornAt?: Timestamp
  readonly version: number
  readonly stats: readonly StoredStats[]
}

export function encodeInfo(info: DatabaseInfo): Buffer {
  const stats = [...info.stats].map(([policyIndex, one]) => ({
    policyIndex,
    rows: one.rows,
    objects: one.objects,
    bytes: one.bytes,
    tombstones: one.tombstones,
    live: one.liveDigest.toString('hex'),
    deleted: one.tombstoneDigest.toString('hex'),
    days: [...one.tombstoneDays].map(
      ([day, { tombstones, digest }]) => [day, tombstones, digest.toString('hex')] as const,
    ),
  }))
  return Buffer.from(JSON.stringify({ version: FORMAT_VERSION, ...info, stats } satisfies StoredInfo))
}

/** Throws when the bytes are of a version that is not known. */
export function decodeInfo(bytes: Buffer): DatabaseInfo {
  const { version, stats, ...rest } = JSON.parse(bytes.toString()) as StoredInfo
  if (version !== FORMAT_VERSION) throw new Error(`database info of version ${version} is not known`)
  return {
    ...rest,
    bornAt: rest.bornAt ?? bornOf(rest),
    stats: new Map(stats.map((one) => [one.policyIndex, decodeStats(one)])),
  }
}

/** What was stored before births were noted. */
function bornOf(stored: Omit<StoredInfo, 'stats' | 'version'>): Timestamp {
  return stored.putTimestamp >= stored.deleteTimestamp ? stored.statusChangedAt : stored.createdAt
}

function decodeStats(stored: StoredStats): PolicyStats {
  return {
    rows: stored.rows,
    objects: stored.objects,
    bytes: stored.bytes,
    tombstones: stored.tombstones,
    liveDigest: Buffer.from(stored.live, 'hex'),
    tombstoneDigest: Buffer.from(stored.deleted, 'hex'),
    tombstoneDays: new Map(
      (stored.days ?? []).map(([day, tombstones, digest]) => [
        day,
        { tombstones, digest: Buffer.from(digest, 'hex') },
      ]),
    ),
  }
}

/**
 * Keys of an index store. Everything of one account or container lies together, names in the order of their UTF-8 bytes;
 * a partition of the ring is a range of hashes and so a range of keys.
 *
 *     00 tag …                               what concerns the whole device
 *     01 hash(16) 01                         info
 *     01 hash(16) 02                         metadata
 *     01 hash(16) 10 group(2) name           live rows
 *     01 hash(16) 11 group(2) name           deleted rows
 *     01 hash(16) 20 sequence(8)             change log: which row changed
 *     01 hash(16) 30 peer                    how far a peer has our rows
 */
import { type HashPathSalt, hashName } from '#base/names.ts'
import type { DatabaseName } from './info.ts'

export const HASH_BYTES = 16
const DEVICE = Buffer.from([0])
const DATABASE = Buffer.from([1])
const INFO = 0x01
const METADATA = 0x02
const LIVE = 0x10
const DELETED = 0x11
const LOG = 0x20
const SYNC_POINT = 0x30
/** Length of what keys of a database begin with: its hash and a table. */
const TABLE_PREFIX_BYTES = 1 + HASH_BYTES + 1
/** Length of a row's key before the name. */
const ROW_PREFIX_BYTES = TABLE_PREFIX_BYTES + 2
const TWO_TO_32 = 2 ** 32

export type RowTable = 'live' | 'deleted'

/** Tags of the device's own keys. Each tag's keys belong to one part of the program. */
export const DEVICE_TAGS = {
  unreported: 1,
  replicaState: 2,
  pendingAccountUpdates: 3,
  /** What `backend/sync-ledger.ts` keeps. */
  syncLedger: 4,
  storeId: 5,
  /** Containers with rows of another storage policy than theirs. */
  misplaced: 6,
  /** Databases whose rows are being removed. */
  removals: 7,
  /** The highest sequence number of the databases that were removed. */
  sequenceFloor: 8,
  /** Rows that were taken out of service. */
  quarantinedRows: 9,
} as const

export function devicePrefix(tag: keyof typeof DEVICE_TAGS): Buffer {
  return Buffer.concat([DEVICE, Buffer.from([DEVICE_TAGS[tag]])])
}

export function deviceKey(tag: keyof typeof DEVICE_TAGS, rest: Buffer): Buffer {
  return Buffer.concat([devicePrefix(tag), rest])
}

/** The hash under which a database lies. */
export function databaseHash(name: DatabaseName, salt: HashPathSalt): Buffer {
  return Buffer.from(hashName(name, salt), 'hex')
}

export function infoKey(hash: Buffer): Buffer {
  return tableKey(hash, INFO)
}

export function metadataKey(hash: Buffer): Buffer {
  return tableKey(hash, METADATA)
}

/** What the keys of all rows of a table and group begin with. */
export function rowPrefix(hash: Buffer, table: RowTable, group: number): Buffer {
  return rowKey(hash, table, group, '')
}

export function rowKey(hash: Buffer, table: RowTable, group: number, name: string): Buffer {
  const key = Buffer.allocUnsafe(ROW_PREFIX_BYTES + Buffer.byteLength(name))
  writeTable(key, hash, table === 'live' ? LIVE : DELETED)
  key.writeUInt16BE(group, TABLE_PREFIX_BYTES)
  key.write(name, ROW_PREFIX_BYTES)
  return key
}

export function logKey(hash: Buffer, sequence: number): Buffer {
  const key = Buffer.allocUnsafe(TABLE_PREFIX_BYTES + 8)
  writeTable(key, hash, LOG)
  key.writeUInt32BE(Math.floor(sequence / TWO_TO_32), TABLE_PREFIX_BYTES)
  key.writeUInt32BE(sequence % TWO_TO_32, TABLE_PREFIX_BYTES + 4)
  return key
}

export function sequenceOfLogKey(key: Buffer): number {
  return key.readUInt32BE(key.length - 8) * TWO_TO_32 + key.readUInt32BE(key.length - 4)
}

/** The end of the change log: sorts after every entry. */
export function logEnd(hash: Buffer): Buffer {
  return tableKey(hash, LOG + 1)
}

export function syncPointKey(hash: Buffer, peer: string): Buffer {
  return Buffer.concat([tableKey(hash, SYNC_POINT), Buffer.from(peer)])
}

/** Key of a quarantined row: that of the row behind the device's own tag. */
export function quarantinedRowKey(row: Buffer): Buffer {
  return deviceKey('quarantinedRows', row.subarray(1))
}

/** What a key of a quarantined row says: the hash of its database, 32 hex digits, and the row's name. */
export function quarantinedRowIn(key: Buffer): { readonly hash: string; readonly name: string } {
  const hashAt = devicePrefix('quarantinedRows').length
  const nameAt = hashAt + ROW_PREFIX_BYTES - 1
  return { hash: key.toString('hex', hashAt, hashAt + HASH_BYTES), name: key.toString('utf8', nameAt) }
}

/** All keys of quarantined rows. */
export const ALL_QUARANTINED_ROWS: { readonly gte: Buffer; readonly lt: Buffer } = {
  gte: devicePrefix('quarantinedRows'),
  lt: Buffer.concat([DEVICE, Buffer.from([DEVICE_TAGS.quarantinedRows + 1])]),
}

/** All keys of the databases whose hashes lie in a range; without an end, to the last hash. */
export function databasesBetween(first: Buffer, end: Buffer | undefined): { gte: Buffer; lt: Buffer } {
  const lt = end === undefined ? Buffer.from([2]) : Buffer.concat([DATABASE, end])
  return { gte: Buffer.concat([DATABASE, first]), lt }
}

/** Sorts behind every key of a database. */
export function endOfDatabase(hash: Buffer): Buffer {
  return tableKey(hash, 0xff)
}

export function hashInKey(key: Buffer): Buffer {
  return key.subarray(1, 1 + HASH_BYTES)
}

function tableKey(hash: Buffer, table: number): Buffer {
  const key = Buffer.allocUnsafe(TABLE_PREFIX_BYTES)
  writeTable(key, hash, table)
  return key
}

function writeTable(key: Buffer, hash: Buffer, table: number): void {
  DATABASE.copy(key)
  hash.copy(key, 1)
  key[1 + HASH_BYTES] = table
}

/**
 * The bytes in which records are stored, in attributes, trailers, small files and index entries (`docs/on-disk.md`).
 *
 * A record: magic `MO`, one byte of version, CRC-32 of the rest (big endian), then msgpack of an array whose first
 * member says what it is. Whatever is damaged decodes to `undefined`, never to something else.
 *
 * What a newer program wrote is told from damage: reading it throws `ENEWERFORMAT`, which is answered 507 and never leads
 * to quarantine or a rebuild. So that a flipped bit of the version does not pass for that, magic, version and CRC stand
 * where they do in every version to come, and from version 2 on the CRC begins with the byte of the version; entries of
 * the index get such a CRC behind theirs.
 */
import { crc32 } from 'node:zlib'
import { Packr } from 'msgpackr'
import { parseTimestamp, type Timestamp } from '#base/timestamp.ts'
import type { HeaderMap } from '#http/message.ts'
import type { FileTimes } from './layout.ts'
import type { ChangedFields, Fact, MetaRecord } from './meta-record.ts'
import type { DataRecord, DataVersion, ObjectState } from './object-state.ts'
import { precedenceOf } from './precedence.ts'

export type StoredRecord =
  | { readonly kind: 'data'; readonly data: DataRecord }
  | { readonly kind: 'meta'; readonly meta: MetaRecord }
  | { readonly kind: 'tombstone'; readonly name: string; readonly timestamp: Timestamp }

const MAGIC = Buffer.from('MO')
const RECORD_VERSION = 1
/** Of a record whose fields have times of their own, which programs of before would lose. */
const FIELDS_VERSION = 2
const HEAD_BYTES = MAGIC.length + 1 + 4
const ENTRY_VERSION = 1

/** Plain msgpack: no extensions, so that any msgpack library reads what we store. */
const packr = new Packr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' })

export function encodeRecord(record: StoredRecord): Buffer {
  if (record.kind !== 'data') return encoded(record)
  const bytes = encoded(record)
  written.set(record.data, bytes)
  return bytes
}

/** Of data that went into its file, until it goes into the index: the same bytes stand there. */
const written = new WeakMap<DataRecord, Buffer>()

/** The bytes of a record of data, for the last time. */
function encodedOnce(data: DataRecord): Buffer {
  const bytes = written.get(data) ?? encoded({ kind: 'data', data })
  written.delete(data)
  return bytes
}

function encoded(record: StoredRecord): Buffer {
  const payload = packr.pack(membersOf(record))
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + payload.length)
  MAGIC.copy(bytes)
  const version = record.kind === 'meta' && record.meta.fields !== undefined ? FIELDS_VERSION : RECORD_VERSION
  bytes[MAGIC.length] = version
  bytes.writeUInt32BE(crcOf(version, payload), MAGIC.length + 1)
  payload.copy(bytes, HEAD_BYTES)
  return bytes
}

function membersOf(record: StoredRecord): unknown[] {
  switch (record.kind) {
    case 'data': {
      const { name, timestamp, sizeBytes, etag, contentType, headers, blockCrcs } = record.data
      return ['d', name, timestamp, sizeBytes, etag, contentType, flat(headers), packCrcs(blockCrcs)]
    }
    case 'meta': {
      const { name, timestamp, headers, contentType, fields } = record.meta
      const type = [contentType?.value ?? null, contentType?.timestamp ?? null]
      return [
        'm',
        name,
        timestamp,
        flat(headers),
        ...type,
        ...(fields === undefined ? [] : flatFields(fields)),
      ]
    }
    case 'tombstone':
      return ['t', record.name, record.timestamp]
  }
}

/** `undefined` when the bytes are no record, or are damaged. Throws when a newer version wrote them. */
export function decodeRecord(bytes: Buffer): StoredRecord | undefined {
  if (bytes.length < HEAD_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return undefined
  const version = bytes[MAGIC.length] ?? 0
  const [crc, payload] = [bytes.readUInt32BE(MAGIC.length + 1), bytes.subarray(HEAD_BYTES)]
  if (version < RECORD_VERSION || crc !== crcOf(version, payload)) return undefined
  if (version > FIELDS_VERSION) throw newerFormat(`a record of version ${version}`)
  return recordOf(unpack(payload))
}

/** From the second version on it begins with the byte of the version. */
function crcOf(version: number, payload: Buffer): number {
  return version === RECORD_VERSION ? crc32(payload) : crc32(payload, crc32(Buffer.from([version])))
}

function unpack(payload: Buffer): readonly unknown[] {
  try {
    const members: unknown = packr.unpack(payload)
    return Array.isArray(members) ? members : []
  } catch {
    return []
  }
}

function recordOf(members: readonly unknown[]): StoredRecord | undefined {
  const [tag, name, written] = members
  if (typeof name !== 'string' || typeof written !== 'string') return undefined
  const timestamp = parseTimestamp(written)
  if (timestamp === undefined) return undefined
  switch (tag) {
    case 'd':
      return dataOf(members, name, timestamp)
    case 'm':
      return { kind: 'meta', meta: metaOf(members, name, timestamp) }
    case 't':
      return { kind: 'tombstone', name, timestamp }
    default:
      return undefined
  }
}

function dataOf(members: readonly unknown[], name: string, timestamp: Timestamp): StoredRecord | undefined {
  const [, , , sizeBytes, etag, contentType, headers, crcs] = members
  if (typeof sizeBytes !== 'number' || typeof etag !== 'string' || typeof contentType !== 'string') {
    return undefined
  }
  if (!Buffer.isBuffer(crcs)) return undefined
  const data = { name, timestamp, sizeBytes, etag, contentType, headers: unflat(headers) }
  return { kind: 'data', data: { ...data, blockCrcs: unpackCrcs(crcs) } }
}

function metaOf(members: readonly unknown[], name: string, timestamp: Timestamp): MetaRecord {
  const [, , , headers, type, typeWritten] = members
  const typeTimestamp = typeof typeWritten === 'string' ? parseTimestamp(typeWritten) : undefined
  const contentType =
    typeof type === 'string' && typeTimestamp !== undefined
      ? { value: type, timestamp: typeTimestamp }
      : undefined
  const meta = { name, timestamp, headers: unflat(headers), contentType }
  return members.length <= 6 ? meta : { ...meta, fields: fieldsOf(members) }
}

/** When the metadata were posted, and name, value and time of each fact. */
function flatFields({ postedAt, facts }: ChangedFields): unknown[] {
  return [
    postedAt ?? null,
    Object.entries(facts).flatMap(([name, { value, timestamp }]) => [name, value, timestamp]),
  ]
}

function fieldsOf([, , , , , , postedAt, written]: readonly unknown[]): ChangedFields {
  const list: readonly unknown[] = Array.isArray(written) ? written : []
  const facts: Record<string, Fact> = {}
  for (let at = 0; at + 2 < list.length; at += 3) {
    const timestamp = timestampIn(list[at + 2])
    if (timestamp !== undefined) facts[String(list[at])] = { value: String(list[at + 1]), timestamp }
  }
  return { postedAt: timestampIn(postedAt), facts }
}

/** Headers as one flat list: smaller than a map, and nothing can collide with an object's own members. */
function flat(headers: HeaderMap): string[] {
  const list: string[] = []
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) list.push(name, value)
  return list
}

function unflat(list: unknown): HeaderMap {
  const headers: Record<string, string> = {}
  if (!Array.isArray(list)) return headers
  for (let at = 0; at + 1 < list.length; at += 2) headers[String(list[at])] = String(list[at + 1])
  return headers
}

/** CRCs as four bytes each, big endian; also what travels in a footer, in hex. */
export function packCrcs(crcs: readonly number[]): Buffer {
  const bytes = Buffer.alloc(crcs.length * 4)
  crcs.forEach((crc, at) => {
    bytes.writeUInt32BE(crc, at * 4)
  })
  return bytes
}

function unpackCrcs(bytes: Buffer): number[] {
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, at) => bytes.readUInt32BE(at * 4))
}

/** A data record larger than this stays in its file only; the index keeps what every request needs. Bytes. */
const RECORD_IN_INDEX_BYTES_MAX = 4096

/** The value of an object's entry in the index: a version byte and msgpack. */
export function encodeEntry(state: ObjectState): Buffer {
  const { data, meta, tombstone, lost } = state
  return Buffer.concat([
    Buffer.from([ENTRY_VERSION]),
    packr.pack([
      data === undefined ? null : entryOfData(data),
      meta === undefined ? null : encodeRecord({ kind: 'meta', meta }),
      tombstone ?? null,
      lost ?? null,
    ]),
  ])
}

function entryOfData(data: DataVersion): unknown[] {
  const record = data.record === undefined ? undefined : encodedOnce(data.record)
  const told = [data.timestamp, data.sizeBytes, data.etag, data.fileBytes]
  if (record !== undefined && record.length <= RECORD_IN_INDEX_BYTES_MAX) return [...told, record]
  return [...told, null, precedenceOf(data) ?? null]
}

/** Throws for what nobody wrote, because an index that gives such bytes is corrupt, and for what a newer version wrote. */
export function decodeEntry(bytes: Buffer): ObjectState {
  const version = bytes[0] ?? 0
  if (isLaterEntry(bytes)) throw newerFormat(`an index entry of version ${version}`)
  if (version !== ENTRY_VERSION) throw corrupt(`entry of version ${version}`)
  const members = unpack(bytes.subarray(1))
  const [data, meta, tombstone, lost] = members
  if (members.length !== 4) throw corrupt('entry of another shape')
  return {
    data: Array.isArray(data) ? versionOf(data) : undefined,
    meta: Buffer.isBuffer(meta) ? metaIn(meta) : undefined,
    tombstone: timestampIn(tombstone),
    lost: timestampIn(lost),
  }
}

/**
 * Only what tells which files the object has: a tenth of the work, for a million objects after an unclean stop. What is
 * damaged agrees with no file. Throws for what a newer version wrote.
 */
export function decodeFileTimes(bytes: Buffer): FileTimes {
  if (bytes[0] !== ENTRY_VERSION) return decodeEntry(bytes)
  const [data, meta, tombstone, lost] = unpack(bytes.subarray(1))
  return {
    data: Array.isArray(data) ? { timestamp: data[0] as Timestamp } : undefined,
    meta: Buffer.isBuffer(meta) ? metaIn(meta) : undefined,
    tombstone: (tombstone ?? undefined) as Timestamp | undefined,
    lost: (lost ?? undefined) as Timestamp | undefined,
  }
}

/** A byte of version and four of CRC come before what a later version says. */
function isLaterEntry(bytes: Buffer): boolean {
  const version = bytes[0] ?? 0
  if (version <= ENTRY_VERSION || bytes.length < 5) return false
  return bytes.readUInt32BE(1) === crcOf(version, bytes.subarray(5))
}

function versionOf(members: readonly unknown[]): DataVersion {
  const [written, sizeBytes, etag, fileBytes, record, precedence] = members
  const timestamp = timestampIn(written)
  if (timestamp === undefined || typeof sizeBytes !== 'number' || typeof fileBytes !== 'number') {
    throw corrupt('entry of a data file')
  }
  const decoded = Buffer.isBuffer(record) ? decodeRecord(record) : undefined
  return {
    timestamp,
    sizeBytes,
    etag: String(etag),
    fileBytes,
    record: decoded?.kind === 'data' ? decoded.data : undefined,
    ...(typeof precedence === 'string' ? { precedence } : {}),
  }
}

function metaIn(bytes: Buffer): MetaRecord {
  const decoded = decodeRecord(bytes)
  if (decoded?.kind !== 'meta') throw corrupt('entry of a metadata file')
  return decoded.meta
}

function timestampIn(member: unknown): Timestamp | undefined {
  return typeof member === 'string' ? parseTimestamp(member) : undefined
}

/** Good data that this program is too old for. */
export function newerFormat(what: string): Error {
  return Object.assign(new Error(`${what} was written by a newer version of Martlet`), {
    code: 'ENEWERFORMAT',
  })
}

function corrupt(what: string): Error {
  return Object.assign(new Error(`the object index holds an ${what}`), { code: 'LEVEL_CORRUPTION' })
}

/**
 * One object in a container's index, live or deleted. Three things in it have a time of their own and are merged one by
 * one: the data (size, ETag, deleted, bytes of a large object), the content type, and the metadata (of which the time and
 * the expiry are kept). The newer wins; at the same time a tombstone wins over data, then the larger ETag, size and so on,
 * so that every replica picks the same (rules of OpenStack Swift, `container/backend.py`:
 * `update_new_item_from_existing`; the order at equal times is ours, Swift keeps what came first).
 *
 * At equal times the row says what object servers say (`object-server/object-state.ts`): what a PUT brought along, content
 * type and expiry, goes or stays with its data, and a POST is not later than the PUT. What a PUT brought along is told from
 * what a POST did by its time, that of the data: neither ever has an earlier one.
 */
import { parseTimestamp, type Timestamp } from '#base/timestamp.ts'
import { rowDigest } from './digest.ts'
import {
  decodeTimestamps,
  encodeTimestamps,
  type RowTimestamps,
  withoutOffset,
} from './encoded-timestamps.ts'
import { EXPIRY_MARK, splitExpiry, withExpiry } from './expiry.ts'
import type { RowKind } from './row-kind.ts'

export interface ObjectRow {
  readonly name: string
  readonly policyIndex: number
  readonly dataTimestamp: Timestamp
  readonly contentTypeTimestamp: Timestamp
  readonly metaTimestamp: Timestamp
  readonly deleted: boolean
  readonly sizeBytes: number
  readonly etag: string
  /** Without `swift_bytes`. */
  readonly contentType: string
  /** The size a large object has for its readers: the `swift_bytes` parameter of the content type. */
  readonly swiftBytes: string | undefined
  /** When the object expires, seconds since the epoch: belongs to the metadata. */
  readonly expiresAt?: number | undefined
}

/** An object row as Swift's servers send it to each other as JSON (`merge_items`). */
export interface SwiftItem {
  readonly name: string
  /** One to three times, see `encoded-timestamps.ts`. */
  readonly created_at: string
  readonly size: number
  readonly content_type: string
  readonly etag: string
  readonly deleted: number
  readonly storage_policy_index: number
}

/** ETag and content type of a deleted row (`container/backend.py`: `delete_object`). */
const DELETED_ETAG = 'noetag'
const DELETED_CONTENT_TYPE = 'application/deleted'

export interface ObjectPut {
  readonly name: string
  readonly policyIndex: number
  readonly timestamp: Timestamp
  readonly sizeBytes: number
  readonly etag: string
  /** As sent, possibly with `swift_bytes`. */
  readonly contentType: string
  readonly contentTypeTimestamp?: Timestamp | undefined
  readonly metaTimestamp?: Timestamp | undefined
}

/** The row of an object that was written. What has no time of its own has that of the data. */
export function putRow(put: ObjectPut): ObjectRow {
  const [written, expiresAt] = splitExpiry(put.contentType)
  const [contentType, swiftBytes] = splitSwiftBytes(written)
  const contentTypeTimestamp = withoutOffset(put.contentTypeTimestamp ?? put.timestamp)
  return {
    name: put.name,
    policyIndex: put.policyIndex,
    dataTimestamp: put.timestamp,
    contentTypeTimestamp,
    metaTimestamp: withoutOffset(put.metaTimestamp ?? contentTypeTimestamp),
    deleted: false,
    sizeBytes: put.sizeBytes,
    etag: put.etag,
    contentType,
    swiftBytes,
    expiresAt,
  }
}

/** The row of an object that was deleted. */
export function deletedRow(name: string, policyIndex: number, timestamp: Timestamp): ObjectRow {
  return {
    name,
    policyIndex,
    dataTimestamp: timestamp,
    contentTypeTimestamp: withoutOffset(timestamp),
    metaTimestamp: withoutOffset(timestamp),
    deleted: true,
    sizeBytes: 0,
    etag: DELETED_ETAG,
    contentType: DELETED_CONTENT_TYPE,
    swiftBytes: undefined,
    expiresAt: undefined,
  }
}

export function mergeObjectRows(left: ObjectRow, right: ObjectRow): ObjectRow {
  const data = compareData(left, right) >= 0 ? left : right
  const type = compareContentType(left, right) >= 0 ? left : right
  const meta = compareMeta(left, right) >= 0 ? left : right
  return {
    name: left.name,
    policyIndex: left.policyIndex,
    dataTimestamp: data.dataTimestamp,
    deleted: data.deleted,
    sizeBytes: data.sizeBytes,
    etag: data.etag,
    swiftBytes: data.swiftBytes,
    contentTypeTimestamp: type.contentTypeTimestamp,
    contentType: type.contentType,
    metaTimestamp: meta.metaTimestamp,
    expiresAt: meta.expiresAt,
  }
}

function compareData(left: ObjectRow, right: ObjectRow): number {
  return (
    compare(left.dataTimestamp, right.dataTimestamp) ||
    Number(left.deleted) - Number(right.deleted) ||
    compare(left.etag, right.etag) ||
    left.sizeBytes - right.sizeBytes ||
    compare(left.swiftBytes ?? '', right.swiftBytes ?? '')
  )
}

function compareContentType(left: ObjectRow, right: ObjectRow): number {
  return (
    compare(left.contentTypeTimestamp, right.contentTypeTimestamp) ||
    compareOrigin(left, right, ({ contentTypeTimestamp }) => contentTypeTimestamp) ||
    compare(left.contentType, right.contentType)
  )
}

function compareMeta(left: ObjectRow, right: ObjectRow): number {
  return (
    compare(left.metaTimestamp, right.metaTimestamp) ||
    compareOrigin(left, right, ({ metaTimestamp }) => metaTimestamp) ||
    (left.expiresAt ?? 0) - (right.expiresAt ?? 0)
  )
}

/** Of two things of the same time: what came with data wins over what a POST brought, and with the data that wins. */
function compareOrigin(left: ObjectRow, right: ObjectRow, timeOf: (row: ObjectRow) => Timestamp): number {
  const [one, other] = [left, right].map((row) => timeOf(row) === withoutOffset(row.dataTimestamp))
  if (one !== other) return one === true ? 1 : -1
  return one === true ? compareData(left, right) || compare(left.contentType, right.contentType) : 0
}

function compare(left: string, right: string): number {
  if (left === right) return 0
  return left < right ? -1 : 1
}

/** The content type as Swift stores and sends it, `swift_bytes` included; and with it our own parameter. */
export function fullContentType(row: ObjectRow): string {
  const type =
    row.swiftBytes === undefined ? row.contentType : `${row.contentType};swift_bytes=${row.swiftBytes}`
  return withExpiry(type, row.expiresAt)
}

export function toSwiftItem(row: ObjectRow): SwiftItem {
  return {
    name: row.name,
    created_at: encodeTimestamps({
      data: row.dataTimestamp,
      contentType: row.contentTypeTimestamp,
      meta: row.metaTimestamp,
    }),
    size: row.sizeBytes,
    content_type: fullContentType(row),
    etag: row.etag,
    deleted: row.deleted ? 1 : 0,
    storage_policy_index: row.policyIndex,
  }
}

/**
 * Reads an item as Swift's servers and ours send it: times in `created_at`, those of content type and metadata possibly in
 * fields of their own. `undefined` when it is not one.
 */
export function fromSwiftItem(item: unknown): ObjectRow | undefined {
  if (typeof item !== 'object' || item === null) return undefined
  const fields = item as Readonly<Record<string, unknown>>
  const { name, created_at, size, content_type, etag, deleted } = fields
  const policyIndex = fields['storage_policy_index'] ?? 0
  if (typeof name !== 'string' || name === '' || !name.isWellFormed()) return undefined
  if (typeof created_at !== 'string' || typeof content_type !== 'string' || typeof etag !== 'string')
    return undefined
  if (hasControls(etag)) return undefined
  if (!isCount(size) || !isCount(policyIndex) || policyIndex > POLICY_INDEX_MAX) return undefined
  const times = decodeTimestamps(created_at)
  const setType = optionalTimestamp(fields['ctype_timestamp'])
  const setMeta = optionalTimestamp(fields['meta_timestamp'])
  if (times === undefined || setType === 'malformed' || setMeta === 'malformed') return undefined
  if (deleted === 1 || deleted === true)
    return { ...deletedRow(name, policyIndex, times.data), ...typeOf(times, withoutControls(content_type)) }
  return putRow({
    name,
    policyIndex,
    timestamp: times.data,
    sizeBytes: size,
    etag,
    contentType: withoutControls(content_type),
    contentTypeTimestamp: setType ?? times.contentType,
    metaTimestamp: setMeta ?? setType ?? times.meta,
  })
}

// oxlint-disable-next-line no-control-regex -- exactly the control characters are what must go
const CONTROLS = /[\x00-\x1f]/g

/** Groups of rows are numbered with two bytes. */
const POLICY_INDEX_MAX = 0xffff

/** A deleted row keeps the content type that was set last, as the merge leaves it. */
function typeOf(times: RowTimestamps, contentType: string): Partial<ObjectRow> {
  const [written, expiresAt] = splitExpiry(contentType)
  return {
    expiresAt,
    contentTypeTimestamp: withoutOffset(times.contentType),
    metaTimestamp: withoutOffset(times.meta),
    contentType: splitSwiftBytes(written)[0],
  }
}

/** The text of a row would be torn apart by controls, and HTTP allows one of them in a header: the tab. */
export function withoutControls(text: string): string {
  return hasControls(text) ? text.replaceAll(CONTROLS, ' ') : text
}

/** Would the text of a row be torn apart by it? */
export function hasControls(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) < 0x20) return true
  return false
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function optionalTimestamp(value: unknown): Timestamp | undefined | 'malformed' {
  if (value === undefined || value === null) return undefined
  return typeof value === 'string' ? (parseTimestamp(value) ?? 'malformed') : 'malformed'
}

export const objectRows: RowKind<ObjectRow> = {
  nameOf: (row) => row.name,
  groupOf: (row) => row.policyIndex,
  isDeleted: (row) => row.deleted,
  merge: mergeObjectRows,
  statsOf: (row) => ({ policyIndex: row.policyIndex, objects: 0, bytes: row.sizeBytes }),
  digestOf(row) {
    const item = toSwiftItem(row)
    return rowDigest([
      item.name,
      item.storage_policy_index,
      item.created_at,
      item.deleted,
      item.etag,
      item.size,
      item.content_type,
    ])
  },
  changedAt: (row) => latest(latest(row.dataTimestamp, row.contentTypeTimestamp), row.metaTimestamp),
  writtenAt: (row) => row.dataTimestamp,
  isSound: (row) => row.name !== '' && row.name.isWellFormed() && isCount(row.sizeBytes),
  fieldCount: 5,
  encode(row) {
    const { created_at, size, etag, deleted, content_type } = toSwiftItem(row)
    return [created_at, String(size), etag, String(deleted), content_type]
  },
  decode(name, group, fields) {
    const [encoded = '', size, etag = '', deleted, stored = ''] = fields
    const times = encoded.length === 16 ? sameTimes(encoded as Timestamp) : decodeTimestamps(encoded)
    if (times === undefined) throw new Error(`object row with bad timestamps "${encoded}"`)
    const [written, expiresAt] = splitExpiry(stored)
    const [contentType, swiftBytes] = splitSwiftBytes(written)
    return {
      name,
      policyIndex: group,
      dataTimestamp: times.data,
      contentTypeTimestamp: times.contentType,
      metaTimestamp: times.meta,
      deleted: deleted === '1',
      sizeBytes: Number(size),
      etag,
      contentType,
      swiftBytes,
      expiresAt,
    }
  },
  expiry: { mark: EXPIRY_MARK, of: (row) => row.expiresAt },
}

function latest(left: Timestamp, right: Timestamp): Timestamp {
  return left >= right ? left : right
}

function sameTimes(timestamp: Timestamp): ReturnType<typeof decodeTimestamps> {
  return { data: timestamp, contentType: timestamp, meta: timestamp }
}

/** One parameter of a content type, RFC 2616 as Swift reads it: `;key`, `;key=value` or `;key="quoted; value"`. */
const TOKEN = String.raw`[^()<>@,;:"/\[\]?={}\x00-\x20\x7f]+`
const PARAMETER = new RegExp(String.raw`\s*;\s*(${TOKEN})\s*(?:=\s*(${TOKEN}|"(?:[^"\\]|\\.)*"))?`, 'g')

/**
 * The content type without its `swift_bytes` parameter and without spaces between parameters, and that parameter's value
 * (`common/utils`: `extract_swift_bytes`).
 */
export function splitSwiftBytes(
  contentType: string,
): readonly [contentType: string, swiftBytes: string | undefined] {
  const semicolon = contentType.indexOf(';')
  if (semicolon < 0) return [contentType, undefined]
  let kept = contentType.slice(0, semicolon)
  let swiftBytes: string | undefined
  for (const [, key = '', value = ''] of contentType.slice(semicolon).matchAll(PARAMETER)) {
    if (key !== 'swift_bytes') kept += `;${key}=${value}`
    else if (value !== '') swiftBytes = value
  }
  return [kept, swiftBytes]
}

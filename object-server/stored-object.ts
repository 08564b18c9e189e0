/**
 * An object as its readers see it: what the PUT stored with what later POSTs replaced (OpenStack Swift,
 * `obj/diskfile.py`, `_construct_from_data_file`). A POST replaces all metadata except system metadata, the large-object
 * mark, ETag and length; the content type has a timestamp of its own. Pure.
 */
import type { Timestamp } from '#base/timestamp.ts'
import type { HeaderMap } from '#http/message.ts'
import { factsOf, isFact, type MetaRecord, postedAt } from './meta-record.ts'
import type { DataRecord } from './object-state.ts'

export interface StoredObject {
  /** `/account/container/object`, decoded. */
  readonly name: string
  readonly hash: string
  /** When it was last changed for its readers: by the PUT or by a later POST of user metadata. */
  readonly timestamp: Timestamp
  /** When anything of it was, facts included (`meta-record.ts`). */
  readonly changedAt: Timestamp
  readonly dataTimestamp: Timestamp
  readonly contentTypeTimestamp: Timestamp
  readonly sizeBytes: number
  readonly etag: string
  readonly contentType: string
  /** Stored headers, lower-case, without ETag, length and content type. */
  readonly headers: HeaderMap
  /** What the PUT said; POSTs do not change it. */
  readonly data: DataRecord
  readonly meta: MetaRecord | undefined
}

const SYSMETA = 'x-object-sysmeta-'
/** Stays with the data whatever a POST says (`DATAFILE_SYSTEM_META`). */
const LARGE_OBJECT_MARK = 'x-static-large-object'

export function isSysmeta(name: string): boolean {
  return name.startsWith(SYSMETA)
}

/** The readers' view of a data record and the POST metadata that is later than it. */
export function storedObject(hash: string, data: DataRecord, meta: MetaRecord | undefined): StoredObject {
  const laterType = meta?.contentType
  const typeChange = laterType !== undefined && laterType.timestamp > data.timestamp ? laterType : undefined
  return {
    name: data.name,
    hash,
    timestamp: postedAt(meta) ?? data.timestamp,
    changedAt: meta?.timestamp ?? data.timestamp,
    dataTimestamp: data.timestamp,
    contentTypeTimestamp: typeChange?.timestamp ?? data.timestamp,
    sizeBytes: data.sizeBytes,
    etag: data.etag,
    contentType: typeChange?.value ?? data.contentType,
    headers: meta === undefined ? data.headers : changedHeaders(data.headers, meta),
    data,
    meta,
  }
}

function changedHeaders(put: HeaderMap, meta: MetaRecord): HeaderMap {
  const headers: Record<string, string | undefined> = {
    ...(postedAt(meta) === undefined ? put : meta.headers),
  }
  for (const [name, value] of Object.entries(put)) {
    if (isSysmeta(name) || name === LARGE_OBJECT_MARK || isFact(name)) headers[name] = value
  }
  for (const [name, { value }] of Object.entries(factsOf(meta))) {
    headers[name] = value === '' ? undefined : value
  }
  return headers
}

/** When the object expires, seconds since the epoch; `undefined` for one that does not. */
export function deleteAtOf(object: { readonly headers: HeaderMap }): number | undefined {
  const written = object.headers['x-delete-at']
  if (written === undefined || !/^\d{1,10}$/.test(written)) return undefined
  const seconds = Number(written)
  return seconds === 0 ? undefined : seconds
}

/** Is it past its `X-Delete-At` at the time of the request? */
export function isExpired(object: { readonly headers: HeaderMap }, at: Timestamp): boolean {
  return isPast(deleteAtOf(object), at)
}

/** Has the time come, seconds since the epoch? */
export function isPast(deleteAt: number | undefined, at: Timestamp): boolean {
  return deleteAt !== undefined && deleteAt <= Number(at.slice(0, 16))
}

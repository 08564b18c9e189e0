/** The headers that describe an object in answers (OpenStack Swift, `obj/server.py`: `GET`, `HEAD`). */
import { CHANGES_HEADER, QUARANTINED_HEADER } from '#base/extensions.ts'
import { httpDate, lastModifiedSeconds } from '#base/timestamp.ts'
import type { HeaderMap } from '#http/message.ts'
import type { Found } from './engine.ts'
import { changesText } from './meta-join.ts'
import { shownTimestamp } from './object-rows.ts'
import type { StoredObject } from './stored-object.ts'

const METADATA_PREFIXES = ['x-object-meta-', 'x-object-sysmeta-', 'x-object-transient-sysmeta-']

/** Is it user metadata, system metadata or transient system metadata of an object? */
export function isObjectMetadata(name: string): boolean {
  return METADATA_PREFIXES.some((prefix) => name.startsWith(prefix) && name.length > prefix.length)
}

/** User metadata and transient system metadata: what a POST replaces. */
export function isPostMetadata(name: string): boolean {
  return isObjectMetadata(name) && !name.startsWith('x-object-sysmeta-')
}

/**
 * Of what was found. What may be older than something that was lost here is for whoever finds nothing better, and has no vote:
 * what was lost may have been acknowledged.
 */
export function describeFound({ object, lost }: Found, allowed: ReadonlySet<string>): Record<string, string> {
  const headers = describeObject(object, allowed)
  if (lost !== undefined) headers[QUARANTINED_HEADER] = 'true'
  return headers
}

function describeObject(object: StoredObject, allowed: ReadonlySet<string>): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': object.contentType }
  for (const [name, value] of Object.entries(object.headers)) {
    if (value !== undefined && (isObjectMetadata(name) || allowed.has(name))) headers[name] = value
  }
  headers['etag'] = `"${object.etag}"`
  headers['last-modified'] = httpDate(lastModifiedSeconds(object.timestamp))
  headers['content-length'] = String(object.sizeBytes)
  headers['accept-ranges'] = 'bytes'
  headers['x-timestamp'] = shownTimestamp(object)
  headers['x-backend-timestamp'] = object.changedAt
  if (object.meta !== undefined) headers[CHANGES_HEADER] = changesText(object.meta)
  headers['x-backend-data-timestamp'] = object.dataTimestamp
  headers['x-backend-durable-timestamp'] = object.dataTimestamp
  return headers
}

/**
 * The ETag that conditions are held against: the first of the names in `X-Backend-Etag-Is-At` that the object has
 * (large objects, encryption), else the MD5.
 */
export function conditionalEtag(object: StoredObject, request: HeaderMap): string {
  for (const name of (request['x-backend-etag-is-at'] ?? '').split(',')) {
    const value = storedHeader(object, name.trim().toLowerCase())
    if (value !== undefined) return value
  }
  return object.etag
}

/** A metadata item by its name as Swift keeps it, ETag, length and content type among them. */
export function storedHeader(object: StoredObject, name: string): string | undefined {
  switch (name) {
    case 'etag':
      return object.etag
    case 'content-length':
      return String(object.sizeBytes)
    case 'content-type':
      return object.contentType
    case 'x-timestamp':
      return object.timestamp
    default:
      return object.headers[name]
  }
}

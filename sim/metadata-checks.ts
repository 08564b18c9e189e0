/** What must hold of the metadata of an object when everything is healed. */
import type { HeaderMap } from '#http/message.ts'
import type { ListedObject } from '#store/listing.ts'
import type { Attempt, ClientWrite, ObjectHistory } from './history.ts'
import { WRITER_HEADER } from './read-checks.ts'
import { Violation } from './violation.ts'

/** What write `id` says its body is. */
export function contentTypeOf(id: number): string {
  return `text/x-${id}`
}

/** It has what its last writer gave it, and no acknowledged POST is lost. `put`: what stored its bytes. */
export function checkMetadataKept(object: ObjectHistory, put: Attempt, headers: HeaderMap): void {
  const writer = Number(headers[WRITER_HEADER])
  const posted = object.acknowledgedPost(lastTimeOf(object, put))
  const isKept =
    posted === undefined ||
    object.attemptOf(writer, 'POST').some(({ timestamp }) => timestamp >= posted.timestamp)
  if (!isKept) {
    throw new Violation(
      'lost_metadata',
      `${object.path} has metadata of write ${writer}, but POST ${posted.write.id} of ${posted.timestamp} was acknowledged`,
      [object.path],
    )
  }
  const wrote = object.writes.find(({ id }) => id === writer)
  if (wrote !== undefined) compare(object, headers, 'x-delete-at', expiryOf(wrote))
  checkType(object, put.write.etag, headers)
}

/** A listing tells the content type that the object has: no POST of a run changes it. */
export function checkListedType(object: ObjectHistory, row: ListedObject): void {
  checkType(object, row.etag, { 'content-type': row.contentType })
}

/** It is that of the PUT of these bytes. */
function checkType(object: ObjectHistory, etag: string, headers: HeaderMap): void {
  const types = object.attempts
    .filter(({ method, write }) => method === 'PUT' && write.etag === etag)
    .map(({ write }) => contentTypeOf(write.id))
  if (!types.includes(headers['content-type'] ?? '')) compare(object, headers, 'content-type', types[0])
}

function expiryOf({ expiresMs }: ClientWrite): string | undefined {
  return expiresMs === undefined ? undefined : String(expiresMs / 1000)
}

function compare(
  { path }: ObjectHistory,
  headers: HeaderMap,
  name: string,
  wanted: string | undefined,
): void {
  if (headers[name] === wanted) return
  throw new Violation('mixed_metadata', `${path} has ${name} ${headers[name]} instead of ${wanted}`, [path])
}

/** One body may have been sent under several timestamps. */
function lastTimeOf(object: ObjectHistory, put: Attempt): Attempt['timestamp'] {
  return object.attempts.reduce(
    (last, { method, write, timestamp }) =>
      method === 'PUT' && write.etag === put.write.etag && timestamp > last ? timestamp : last,
    put.timestamp,
  )
}

/** POST: replaces the metadata; the content type only when it is given, by a timestamp of its own (`obj/server.py`: `POST`). */
import { answer, textAnswer } from '#backend/answers.ts'
import { isRefusal, Refusal } from '#backend/refusal.ts'
import { POSTED_FIELDS_HEADER } from '#base/extensions.ts'
import { parseTimestamp, type Timestamp } from '#base/timestamp.ts'
import type { HeaderMap, Request, Response } from '#http/message.ts'
import { type ContentTypeChange, isFact, type PostedFields } from '../meta-record.ts'
import { postMetadata, refuseMetadata, withDeleteAt } from '../metadata-headers.ts'
import { deliverRows, rowsOfChange } from '../rows-of-change.ts'
import type { ObjectServerContext } from '../server-context.ts'
import { isSysmeta, type StoredObject } from '../stored-object.ts'
import { notFound, writeTarget } from '../target.ts'
import { absentAnswer, expiredRule } from './get.ts'

export async function postObject(server: ObjectServerContext, request: Request): Promise<Response> {
  await request.body.cancel()
  const target = await writeTarget(server, request, 'small')
  if (isRefusal(target)) return target.response
  const headers = acceptableHeaders(request.headers, target.timestamp)
  if (isRefusal(headers)) return headers.response
  const contentType = contentTypeOf(headers, target.timestamp)
  if (isRefusal(contentType)) return contentType.response
  const fields = postedFields(request.headers)
  const outcome = await target.engine.post(target.name, {
    timestamp: target.timestamp,
    headers: postMetadata(headers, server.allowedHeaders),
    contentType,
    fields,
    expired: expiredRule(headers),
    // The overrides of the PUT stay in force: they are stored with the object as system metadata. Facts are in no row.
    updates: Array.isArray(fields)
      ? () => []
      : rowsOfChange(server, target, headers, (after) => [after.headers]),
  })
  switch (outcome.kind) {
    case 'changed':
      return answer(202, {
        ...describe(outcome.after),
        ...(await deliverRows(server, target, outcome, headers)),
      })
    case 'newer_exists':
      return answer(409, { 'x-backend-timestamp': outcome.timestamp })
    case 'deleted':
    case 'expired':
    case 'missing':
      return notFound(undefined)
    case 'quarantined':
    case 'collision':
    case 'disk_failed':
      return absentAnswer(server, outcome, {})
  }
}

function postedFields(request: HeaderMap): PostedFields {
  const written = request[POSTED_FIELDS_HEADER]
  if (written === undefined || written === 'metadata') return written
  return written.split(',').filter(isFact)
}

/** The length of the body does not matter: there is none. */
function acceptableHeaders(request: HeaderMap, timestamp: Timestamp): HeaderMap | Refusal {
  const headers = withDeleteAt(request, timestamp)
  return isRefusal(headers) ? headers : (refuseMetadata(request) ?? headers)
}

function contentTypeOf(headers: HeaderMap, timestamp: Timestamp): ContentTypeChange | undefined | Refusal {
  const value = headers['content-type']
  if (value === undefined || value === '') return undefined
  const written = headers['content-type-timestamp']
  const own = written === undefined ? timestamp : parseTimestamp(written)
  if (own === undefined) return new Refusal(textAnswer(400, 'Invalid Content-Type-Timestamp header'))
  if (own > timestamp) {
    return new Refusal(textAnswer(400, 'Content-Type-Timestamp must not be later than X-Timestamp'))
  }
  return { value, timestamp: own }
}

/** The proxy wants to know the content type and system metadata that stand now. */
function describe(object: StoredObject | undefined): Record<string, string> {
  if (object === undefined) return {}
  const described: Record<string, string> = { 'x-backend-content-type': object.contentType }
  for (const [name, value] of Object.entries(object.headers)) {
    if (value !== undefined && isSysmeta(name)) described[name] = value
  }
  return described
}

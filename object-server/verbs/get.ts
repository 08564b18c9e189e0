/**
 * GET: conditions, ranges, and a body of which every block was verified. Small bodies are verified before the answer
 * begins, so that a damaged one is a 404 and the proxy asks elsewhere; in a large one the stream breaks off.
 */
import { isTrueValue } from '#backend/address.ts'
import { answer } from '#backend/answers.ts'
import { isRefusal } from '#backend/refusal.ts'
import { CANDIDATE_HEADER, EXPIRED_HEADER, QUARANTINED_HEADER } from '#base/extensions.ts'
import { lastModifiedSeconds } from '#base/timestamp.ts'
import { evaluateConditions } from '#http/conditionals.ts'
import type { HeaderMap, Request, Response } from '#http/message.ts'
import {
  type MultipartRanges,
  multipartContentType,
  multipartLength,
  rangesBoundary,
  renderMultipart,
} from '#http/multipart-ranges.ts'
import {
  contentRange,
  parseRange,
  type ResolvedRange,
  resolveRanges,
  unsatisfiedRange,
} from '#http/ranges.ts'
import type { Absent, Lookup, ObjectContent } from '../engine.ts'
import { conditionalEtag, describeFound, storedHeader } from '../response-headers.ts'
import type { ObjectServerContext } from '../server-context.ts'
import type { StoredObject } from '../stored-object.ts'
import { diskFailed, notFound, type ObjectTarget, readTarget } from '../target.ts'
import { getCandidate } from './candidate.ts'
import { bodyOf, closing } from './content-body.ts'

/** How often a GET starts over because the object was replaced between finding and opening it. */
const ATTEMPTS_MAX = 4

export async function getObject(server: ObjectServerContext, request: Request): Promise<Response> {
  if (request.headers[CANDIDATE_HEADER] !== undefined) return await getCandidate(server, request)
  const target = await readTarget(server, request)
  if (isRefusal(target)) return target.response
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const lookup = await lookUp(target, request.headers)
    if (lookup.kind !== 'found') return absentAnswer(server, lookup, request.headers)
    const headers = describeFound(lookup, server.allowedHeaders)
    const refused = conditionAnswer(lookup.object, headers, request.headers)
    if (refused !== undefined) return refused
    const response = await bodyAnswer(server, target, lookup.object, headers, request.headers)
    if (response !== undefined) return response
  }
  return answer(503)
}

/** The lookup that GET and HEAD share: expired objects are hidden unless the request may see them. */
export function lookUp(target: ObjectTarget, request: HeaderMap): Promise<Lookup> {
  return target.engine.lookUp(target.name, { at: target.timestamp, expired: expiredRule(request) })
}

export function expiredRule(request: HeaderMap): 'open' | 'hide' {
  const opens =
    isTrueValue(request['x-backend-open-expired']) || isTrueValue(request['x-backend-replication'])
  return opens ? 'open' : 'hide'
}

/** 404, or what else an absent object means; `If-Match: *` on nothing is 412. */
export function absentAnswer(
  server: ObjectServerContext,
  absent: Absent | Extract<Lookup, { readonly kind: 'disk_failed' }>,
  request: HeaderMap,
): Response {
  switch (absent.kind) {
    case 'disk_failed':
      return diskFailed(server, absent)
    case 'collision':
      return answer(403)
    case 'deleted':
      return conditionalNotFound(notFound(absent.timestamp), request)
    case 'expired':
      return conditionalNotFound(expiredAnswer(absent.object), request)
    case 'quarantined':
      return conditionalNotFound(lostAnswer(), request)
    case 'missing':
      return conditionalNotFound(notFound(undefined), request)
  }
}

/** This replica lost what it had: that it has nothing proves nothing. */
export function lostAnswer(): Response {
  return notFound(undefined, { [QUARANTINED_HEADER]: 'true' })
}

/** Names the time of the object, as Swift does, that it is not that of a delete, and when the data was put. */
export function expiredAnswer({
  timestamp,
  dataTimestamp,
}: Pick<StoredObject, 'timestamp' | 'dataTimestamp'>): Response {
  return notFound(timestamp, { [EXPIRED_HEADER]: 'true', 'x-backend-data-timestamp': dataTimestamp })
}

function conditionalNotFound(response: Response, request: HeaderMap): Response {
  const nothing = { exists: false, etag: undefined, lastModifiedSeconds: undefined }
  if (evaluateConditions(request, nothing) === 'proceed') return response
  return { status: 412, headers: { ...response.headers, 'content-length': '0' }, body: undefined }
}

/** 304 or 412; `undefined` when the request goes on. */
export function conditionAnswer(
  object: StoredObject,
  headers: Record<string, string>,
  request: HeaderMap,
): Response | undefined {
  const outcome = evaluateConditions(request, {
    exists: true,
    etag: conditionalEtag(object, request),
    lastModifiedSeconds: lastModifiedSeconds(object.timestamp),
  })
  if (outcome === 'proceed') return undefined
  const status = outcome === 'not_modified' ? 304 : 412
  return { status, headers: { ...headers, 'content-length': '0' }, body: undefined }
}

/** `undefined` when the object was replaced meanwhile. */
async function bodyAnswer(
  server: ObjectServerContext,
  target: ObjectTarget,
  object: StoredObject,
  headers: Record<string, string>,
  request: HeaderMap,
): Promise<Response | undefined> {
  const ranges = wantedRanges(object, request)
  if (ranges.kind === 'unsatisfiable') return unsatisfiable(object, headers)
  const opened = await target.engine.open(object)
  switch (opened.kind) {
    case 'gone':
      return undefined
    case 'disk_failed':
    case 'quarantined':
      return absentAnswer(server, opened, request)
    case 'open':
      return rangesAnswer(server, opened.content, object, headers, ranges)
  }
}

/** A range of a manifest makes no sense when the proxy asked for the whole of it. */
function wantedRanges(object: StoredObject, request: HeaderMap): ResolvedRange {
  const ignoreWith = (request['x-backend-ignore-range-if-metadata-present'] ?? '').split(',')
  const ignored = ignoreWith.some((name) => storedHeader(object, name.trim().toLowerCase()) !== undefined)
  return resolveRanges(ignored ? undefined : parseRange(request['range']), object.sizeBytes)
}

function unsatisfiable(object: StoredObject, headers: Record<string, string>): Response {
  const explained = answer(416)
  const length = explained.headers['content-length'] as string
  const range = unsatisfiedRange(object.sizeBytes)
  return {
    status: 416,
    headers: { ...headers, 'content-range': range, 'content-length': length },
    body: explained.body,
  }
}

function rangesAnswer(
  server: ObjectServerContext,
  content: ObjectContent,
  object: StoredObject,
  headers: Record<string, string>,
  ranges: Exclude<ResolvedRange, { readonly kind: 'unsatisfiable' }>,
): Response {
  const { sizeBytes } = object
  switch (ranges.kind) {
    case 'whole':
      return { status: 200, headers, body: bodyOf(content, { start: 0, end: sizeBytes }) }
    case 'single': {
      const { range } = ranges
      const partial = {
        'content-range': contentRange(range, sizeBytes),
        'content-length': String(range.end - range.start),
      }
      return { status: 206, headers: { ...headers, ...partial }, body: bodyOf(content, range) }
    }
    case 'multiple': {
      const boundary = rangesBoundary(server.random.bytes(16))
      const contentType = object.contentType
      const multipart = { ranges: ranges.ranges, contentType, lengthBytes: sizeBytes, boundary }
      return multipartAnswer(content, headers, multipart)
    }
  }
}

function multipartAnswer(
  content: ObjectContent,
  headers: Record<string, string>,
  multipart: MultipartRanges,
): Response {
  const body = renderMultipart(multipart, ({ start, end }) => content.stream(start, end))
  const partial = {
    'content-type': multipartContentType(multipart.boundary),
    'content-length': String(multipartLength(multipart)),
  }
  return { status: 206, headers: { ...headers, ...partial }, body: closing(content, body) }
}

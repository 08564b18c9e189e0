/** GetObject and HeadObject. */
import { TICKS_PER_SECOND, ticksOf } from '#base/timestamp.ts'
import type { HeaderMap, Response } from '#http/message.ts'
import { contentRange, parseRange, resolveRanges } from '#http/ranges.ts'
import type { ObjectReadOutcome } from '#store/contract.ts'
import { seenIn } from '#store/object-state.ts'
import { configuredHeaders } from '../config/object-headers.ts'
import { customerKeyIn, customerKeyProblem } from '../encryption/customer-key.ts'
import { checkReadEncryption, shownEncryption } from '../encryption/upload-encryption.ts'
import { invalidArgument, isS3Error, type S3Error, s3Error } from '../error.ts'
import { type PartPlace, partChecksumHeaders, partPlace } from '../multipart/object-parts.ts'
import { bucketOf, objectOf, type S3Visit } from '../operation.ts'
import { storeError } from '../store-errors.ts'
import { isAbsent, missingVersion, readOf, versionAsked } from '../versions/version-asked.ts'
import { missingObject } from './missing-object.ts'
import { ETAG_SYSMETA } from './object-facts.ts'
import { conditionsIn, isMatchedToo, preconditionFailed, rangeIn } from './read-conditions.ts'
import { responseOverrides } from './response-overrides.ts'
import { shownObject, shownUnmodified } from './shown-object.ts'
import { checksumHeaders, checksumIn } from './stored-checksum.ts'

export async function getObject(visit: S3Visit): Promise<Response | S3Error> {
  const { deps, transaction, request } = visit
  const overriding = responseOverrides(visit)
  if (isS3Error(overriding)) return overriding
  const overrides = { ...overriding }
  const part = partNumberIn(visit)
  if (isS3Error(part)) return part
  const version = versionAsked(request.query)
  if (isS3Error(version)) return version
  const key = checkReadEncryption(request.headers) ?? customerKeyIn(request.headers)
  if (isS3Error(key)) return key
  const place = part.number === undefined ? undefined : await partPlace(visit, part.number, version.versionId)
  if (place !== undefined && isS3Error(place)) return place
  const conditions = conditionsIn(request.headers)
  const range = place?.range ?? rangeIn(request.headers)
  if (range !== undefined) conditions['range'] = range
  const read = await deps.store.objects.read(transaction, objectOf(visit), {
    method: request.method === 'HEAD' ? 'HEAD' : 'GET',
    conditions,
    newest: false,
    certainty: 'confirmed',
    etagIsAt: ETAG_SYSMETA,
    ...readOf(version.versionId),
    ...key,
  })
  if (read.kind === 'found') Object.assign(overrides, shownEncryption(read.headers, key.customerKey))
  if (read.kind === 'found' && place !== undefined) return await partAnswer(visit, read, place, overrides)
  if (read.kind === 'found') return answerOf(visit, read, part.number, overrides)
  return await unread(visit, read, conditions)
}

const FIRST_PART = 1
const TICKS_PER_MS = TICKS_PER_SECOND / 1000
const PARTS_MAX = 10_000

/** `partNumber`, which cannot be asked for together with a range. */
function partNumberIn({ request }: S3Visit): { readonly number: number | undefined } | S3Error {
  const written = request.query.get('partNumber')
  if (written === undefined) return { number: undefined }
  const number = /^\d{1,5}$/.test(written) ? Number(written) : 0
  if (number < FIRST_PART || number > PARTS_MAX) {
    const message = `Part number must be an integer between 1 and ${PARTS_MAX}, inclusive`
    return invalidArgument('partNumber', written, message)
  }
  if (request.headers['range'] === undefined) return { number }
  return s3Error('InvalidRequest', {
    message: 'Cannot specify both Range header and partNumber query parameter',
  })
}

/** One part of an object that was uploaded in parts. */
async function partAnswer(
  visit: S3Visit,
  read: Extract<ObjectReadOutcome, { readonly kind: 'found' }>,
  place: PartPlace,
  overrides: Readonly<Record<string, string>>,
): Promise<Response | S3Error> {
  const headers = {
    ...shownObject(read.headers, read.trail),
    ...(await configured(visit, read)),
    ...overrides,
    ...(wantsChecksum(visit) ? await partChecksumHeaders(visit, place) : {}),
    'x-amz-mp-parts-count': String(place.count),
  }
  return visit.request.method === 'HEAD'
    ? rangeOfWhole(place.range, headers)
    : { status: read.status, headers, body: read.body }
}

function wantsChecksum({ request }: S3Visit): boolean {
  return request.headers['x-amz-checksum-mode']?.toUpperCase() === 'ENABLED'
}

async function answerOf(
  visit: S3Visit,
  read: Extract<ObjectReadOutcome, { readonly kind: 'found' }>,
  part: number | undefined,
  overrides: Readonly<Record<string, string>>,
): Promise<Response | S3Error> {
  const headers = {
    ...shownObject(read.headers, read.trail),
    ...(await configured(visit, read)),
    ...overrides,
  }
  const range = rangeIn(visit.request.headers)
  const isWhole = read.status === 200
  const isBodiless = visit.request.method === 'HEAD' || headers['content-length'] === '0'
  if (range !== undefined && isWhole && isBodiless) return rangeOfWhole(range, headers)
  if ((isWhole || coversAll(headers)) && wantsChecksum(visit)) {
    Object.assign(headers, checksumHeaders(checksumIn(read.headers)))
  }
  if (part === undefined) return { status: read.status, headers, body: read.body }
  if (part > FIRST_PART) {
    if (read.body !== undefined && !Buffer.isBuffer(read.body)) await read.body.cancel()
    return s3Error('InvalidPartNumber', {
      extra: { PartNumberRequested: String(part), ActualPartCount: '1' },
    })
  }
  // An object that was put at once is its own only part.
  const length = Number(headers['content-length'] ?? 0)
  if (length > 0) headers['content-range'] = `bytes 0-${length - 1}/${length}`
  return { status: 206, headers, body: read.body }
}

/** Whether a range that was asked for is the whole. */
function coversAll({ 'content-range': range = '' }: Readonly<Record<string, string>>): boolean {
  const [, end, total] = /^bytes 0-(\d+)\/(\d+)$/.exec(range) ?? []
  return end !== undefined && Number(end) + 1 === Number(total)
}

/** What the bucket's configuration says of what was read. */
function configured(
  visit: S3Visit,
  { headers, trail }: Extract<ObjectReadOutcome, { readonly kind: 'found' }>,
): Promise<Readonly<Record<string, string>>> {
  const [, , total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers['content-range'] ?? '') ?? []
  return configuredHeaders(visit, {
    headers,
    versionId: trail?.versionId,
    sizeBytes: Number(total ?? headers['content-length'] ?? 0),
    writtenMs: ticksOf(seenIn(headers).writtenAt) / TICKS_PER_MS,
  })
}

/** Storage servers give HEAD the whole, whatever range is asked for, and a range of nothing as nothing. */
function rangeOfWhole(range: string, headers: Record<string, string>): Response | S3Error {
  const sizeBytes = Number(headers['content-length'] ?? 0)
  const resolved = resolveRanges(parseRange(range), sizeBytes)
  if (resolved.kind !== 'single') return invalidRange(range, sizeBytes)
  const { start, end } = resolved.range
  const ranged = {
    'content-range': contentRange(resolved.range, sizeBytes),
    'content-length': String(end - start),
  }
  return { status: 206, headers: { ...headers, ...ranged }, body: undefined }
}

function invalidRange(range: string, sizeBytes: number): S3Error {
  return s3Error('InvalidRange', {
    extra: { RangeRequested: range, ActualObjectSize: String(sizeBytes) },
    headers: { 'content-range': `bytes */${sizeBytes}` },
  })
}

/** The answer to a read that gives no body. */
async function unread(
  visit: S3Visit,
  read: Exclude<ObjectReadOutcome, { readonly kind: 'found' }>,
  conditions: HeaderMap,
): Promise<Response | S3Error> {
  const { headers, query, key = '', method } = visit.request
  const versionId = query.get('versionId')
  if (read.kind !== 'not_modified' && versionId !== undefined && isAbsent(read)) {
    return missingVersion(key, versionId, read.trail, method)
  }
  if (read.kind === 'not_modified') {
    if (!isMatchedToo(conditions, read.headers)) return preconditionFailed(headers)
    return { status: 304, headers: shownUnmodified(read.headers, read.trail), body: undefined }
  }
  // `If-Match` where nothing is.
  const isMissing = read.kind === 'precondition_failed' && read.headers['etag'] === undefined
  if (isMissing || read.kind === 'no_such_object') return await missingObject(visit)
  if (read.kind === 'precondition_failed') return preconditionFailed(headers)
  if (read.kind === 'customer_key') return customerKeyProblem(read)
  if (read.kind === 'range_unsatisfiable') return invalidRange(headers['range'] ?? '', read.sizeBytes)
  return storeError(read, { BucketName: bucketOf(visit).name })
}

/**
 * What must hold for a deletion. `If-Match` of what stands under a key is left to the replicas. Size and time of the last change,
 * which AWS knows of directory buckets only, and whatever is expected of a version that is named, are judged here of what is read
 * first. The deletion then is of just that: a version does not change, and else the ETag that was read is the deletion's condition.
 */
import { parseHttpDate } from '#http/conditionals.ts'
import type { HeaderMap } from '#http/message.ts'
import type { WriteCondition } from '#store/condition.ts'
import { invalidArgument, isS3Error, type S3Error, s3Error } from '../error.ts'
import { bucketOf, type S3Visit } from '../operation.ts'
import { storeError } from '../store-errors.ts'
import { isAbsent, readOf } from '../versions/version-asked.ts'
import { ETAG_SYSMETA } from './object-facts.ts'
import { shownEtag } from './shown-object.ts'
import { writeConditionIn } from './write-condition.ts'

export const SIZE_HEADER = 'x-amz-if-match-size'
export const TIME_HEADER = 'x-amz-if-match-last-modified-time'

/** What is to be deleted, if what its headers say of it is true. */
export interface Wanted {
  readonly key: string
  readonly versionId: string | undefined
  /** `if-match`, `x-amz-if-match-…`. */
  readonly headers: HeaderMap
}

/** Dates of HTTP have no parts of a second, and are rounded up here. */
const DATE_STEP_MS = 1000

/** The condition of the deletion itself; an error where what is expected is not so already. */
export async function deleteConditionFor(
  visit: S3Visit,
  wanted: Wanted,
): Promise<{ readonly condition: WriteCondition | undefined } | S3Error> {
  const { headers, versionId } = wanted
  const stated = writeConditionIn(headers)
  if (isS3Error(stated)) return stated
  const wrong = malformed(headers)
  if (wrong !== undefined) return wrong
  const isLooked = headers[SIZE_HEADER] !== undefined || headers[TIME_HEADER] !== undefined
  return isLooked || (versionId !== undefined && stated.condition !== undefined)
    ? await judged(visit, wanted)
    : stated
}

function malformed(headers: HeaderMap): S3Error | undefined {
  const { [SIZE_HEADER]: size, [TIME_HEADER]: time } = headers
  if (size !== undefined && !/^\d{1,15}$/.test(size.trim())) {
    return invalidArgument(SIZE_HEADER, size, 'The size must be a number of bytes')
  }
  if (time !== undefined && timeOf(time) === undefined) {
    return invalidArgument(TIME_HEADER, time, 'The time must be a date of HTTP')
  }
  return undefined
}

/** Milliseconds of a date of HTTP, or of ISO 8601 as documents have it. */
function timeOf(written: string): number | undefined {
  if (/^\d{4}-\d{2}-\d{2}T[\d:.]+(?:Z|[+-]\d{2}:\d{2})$/.test(written)) {
    const atMs = Date.parse(written)
    return Number.isNaN(atMs) ? undefined : atMs
  }
  const seconds = parseHttpDate(written)
  return seconds === undefined ? undefined : seconds * 1000
}

async function judged(
  visit: S3Visit,
  { key, versionId, headers }: Wanted,
): Promise<{ readonly condition: WriteCondition | undefined } | S3Error> {
  const etags = headers['if-match']
  const name = { ...bucketOf(visit).container, object: key }
  const read = await visit.deps.store.objects.read(visit.transaction, name, {
    method: 'HEAD',
    conditions: etags === undefined ? {} : { 'if-match': etags },
    newest: false,
    certainty: 'confirmed',
    etagIsAt: ETAG_SYSMETA,
    keyless: 'allowed',
    ...readOf(versionId),
  })
  if (read.kind === 'not_modified') throw new Error('nothing was asked about changes')
  if (read.kind === 'found') {
    const failed = failedOf(headers, read.headers)
    if (failed !== undefined) return s3Error('PreconditionFailed', { extra: { Condition: failed } })
    const seen = { kind: 'matches', etags: shownEtag(read.headers), etagIsAt: ETAG_SYSMETA } as const
    return { condition: versionId === undefined ? seen : undefined }
  }
  const isThere = read.kind === 'precondition_failed' && read.headers['etag'] !== undefined
  if (isThere) return s3Error('PreconditionFailed', { extra: { Condition: 'If-Match' } })
  if (read.kind !== 'precondition_failed' && !isAbsent(read)) return storeError(read, { Key: key })
  // Of what is not there size and time say nothing.
  return etags === undefined ? { condition: undefined } : s3Error('NoSuchKey', { extra: { Key: key } })
}

/** Which of size and time is another one. */
function failedOf(wanted: HeaderMap, stored: HeaderMap): string | undefined {
  const { [SIZE_HEADER]: size, [TIME_HEADER]: time } = wanted
  if (size !== undefined && Number(size) !== Number(stored['content-length'])) return SIZE_HEADER
  if (time === undefined) return undefined
  const behindMs = (timeOf(stored['last-modified'] ?? '') ?? 0) - (timeOf(time) ?? 0)
  return behindMs >= 0 && behindMs <= DATE_STEP_MS ? undefined : TIME_HEADER
}

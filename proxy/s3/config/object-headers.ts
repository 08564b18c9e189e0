/** What the configuration of buckets and objects adds to uploads and to the answers about objects. */
import { TICKS_PER_SECOND, ticksOf } from '#base/timestamp.ts'
import type { HeaderMap } from '#http/message.ts'
import { replicationStatusIn } from '#store/bucket-replication/replication-facts.ts'
import { hasSettings } from '#store/bucket-settings/bucket-settings.ts'
import { expirationOf, type LifecycleRule, uploadAbortOf } from '#store/bucket-settings/lifecycle-rules.ts'
import type { ObjectPutReceipt } from '#store/contract.ts'
import { TAGS_FACT, tagsIn } from '#store/object-facts/object-tags.ts'
import { LOCK_FLAG, lockIn, locksObjects } from '#store/object-lock/lock-facts.ts'
import { ENABLED_HEADER } from '#store/versions/container-versions.ts'
import { invalidArgument, isS3Error, type S3Error } from '../error.ts'
import { bucketOf, objectOf, type S3Visit } from '../operation.ts'
import { lockOfUpload, shownLock } from './object-lock-headers.ts'
import { tagsOfUpload } from './object-tagging.ts'

const TICKS_PER_MS = TICKS_PER_SECOND / 1000

/** Tags and locks that the headers of an upload ask for, as they are stored. */
export async function configuredUpload(visit: S3Visit): Promise<Readonly<Record<string, string>> | S3Error> {
  const tags = tagsOfUpload(visit)
  if (isS3Error(tags)) return tags
  const lock = await lockOfUpload(visit)
  return isS3Error(lock) ? lock : { ...tags, ...lock }
}

/** What a copy is stored with when it takes the tags of its source over, which may have none: not those of the request. */
export function withTagsOf(
  source: HeaderMap,
  metadata: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const { [TAGS_FACT]: _ofRequest, ...others } = metadata
  const tags = source[TAGS_FACT]
  return tags === undefined ? others : { ...others, [TAGS_FACT]: tags }
}

const LOCK_HEADER = 'x-amz-bucket-object-lock-enabled'

/** What CreateBucket gives a container that is to lock objects: versions are kept from the first object on. */
export function lockOfBucket({ request }: S3Visit): HeaderMap | S3Error {
  const written = request.headers[LOCK_HEADER]
  switch (written?.toLowerCase()) {
    case undefined:
    case 'false':
      return {}
    case 'true':
      return { [LOCK_FLAG]: 'Enabled', [ENABLED_HEADER]: 'true' }
    default:
      return invalidArgument(LOCK_HEADER, written ?? '', 'The value must be true or false')
  }
}

/** An object that is told of. */
export interface ToldObject {
  /** What is stored with it. */
  readonly headers: HeaderMap
  readonly versionId: string | undefined
  readonly sizeBytes: number
  /** When it was put. */
  readonly writtenMs: number
}

/**
 * Headers of an answer about an object: how many tags it has, what locks it, when it expires. Of a bucket that has nothing
 * configured only the first is looked for, which is at hand.
 */
export async function configuredHeaders(
  visit: S3Visit,
  told: ToldObject,
): Promise<Readonly<Record<string, string>>> {
  const { info } = bucketOf(visit)
  const tags = told.headers[TAGS_FACT]
  const count = tags === undefined ? {} : { 'x-amz-tagging-count': String(tagsIn(told.headers).length) }
  const lock = locksObjects(info) ? await lockHeaders(visit, told) : {}
  const expiration = hasSettings(info) ? await expirationHeader(visit, told) : {}
  return { ...count, ...lock, ...expiration, ...replicationHeader(told.headers) }
}

/** `x-amz-expiration` of what was just put; `headers` are stored with it. */
export async function expirationOfUpload(
  visit: S3Visit,
  { timestamp, sizeBytes, versionId }: Pick<ObjectPutReceipt, 'timestamp' | 'sizeBytes' | 'versionId'>,
  headers: HeaderMap,
): Promise<Readonly<Record<string, string>>> {
  if (!hasSettings(bucketOf(visit).info)) return {}
  const writtenMs = ticksOf(timestamp) / TICKS_PER_MS
  return await expirationHeader(visit, { headers, sizeBytes, versionId, writtenMs })
}

/** When an upload in parts is given up, and by which rule, if it is; `begunMs`: milliseconds since 1970. */
export async function abortHeaders(
  visit: S3Visit,
  begunMs: number,
): Promise<Readonly<Record<string, string>>> {
  if (!hasSettings(bucketOf(visit).info)) return {}
  const due = uploadAbortOf(
    await lifecycleRules(visit),
    visit.request.key ?? '',
    begunMs,
    visit.deps.options.lifecycleDayMs,
  )
  if (due === undefined) return {}
  const date = new Date(due.dueMs).toUTCString()
  return { 'x-amz-abort-date': date, 'x-amz-abort-rule-id': encodeURIComponent(due.ruleId) }
}

/** What became of a version that was to be replicated, or that it is a replica. */
function replicationHeader(stored: HeaderMap): Readonly<Record<string, string>> {
  const status = replicationStatusIn(stored)
  return status === undefined ? {} : { 'x-amz-replication-status': status.toUpperCase() }
}

/** None where they cannot be read: an answer about an object does not wait for them. */
async function lifecycleRules({ deps, transaction, bucket }: S3Visit): Promise<readonly LifecycleRule[]> {
  if (bucket === undefined) return []
  const read = await deps.settings.ofKnown(transaction, bucket.container, bucket.info)
  return read.kind === 'settings' ? (read.documents.lifecycle?.rules ?? []) : []
}

async function lockHeaders(
  visit: S3Visit,
  { headers, versionId }: ToldObject,
): Promise<Record<string, string>> {
  const { deps, transaction } = visit
  const name = { ...objectOf(visit), versionId }
  const lock = await deps.locks.ofKnown(transaction, name, lockIn(headers))
  return { ...shownLock(lock) }
}

/** `x-amz-expiration`: of the current version, when it goes and by which rule. */
async function expirationHeader(
  visit: S3Visit,
  { headers, sizeBytes, writtenMs }: ToldObject,
): Promise<Record<string, string>> {
  const { deps, request } = visit
  if (request.query.has('versionId')) return {}
  const rules = await lifecycleRules(visit)
  if (rules.length === 0) return {}
  const object = { key: request.key ?? '', sizeBytes, tags: tagsIn(headers) }
  const due = expirationOf(rules, object, writtenMs, deps.options.lifecycleDayMs)
  if (due === undefined || due === 'needs_tags') return {}
  const date = new Date(due.dueMs).toUTCString()
  return { 'x-amz-expiration': `expiry-date="${date}", rule-id="${encodeURIComponent(due.ruleId)}"` }
}

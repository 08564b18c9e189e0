/** DeleteObject: 204, whether there was something or not. */
import type { HeaderMap, Response } from '#http/message.ts'
import type { ObjectDelete, ObjectDeleteOutcome } from '#store/contract.ts'
import { bypassIn, lockedProblem } from '../config/object-lock-headers.ts'
import { isS3Error, type S3Error, s3Error } from '../error.ts'
import { bucketOf, type S3Visit } from '../operation.ts'
import { versionAsked } from '../versions/version-asked.ts'
import { unfulfilled, writeConditionIn } from './write-condition.ts'

export interface Removed {
  readonly kind: 'removed'
  /** In a bucket that keeps versions: that which was deleted, or which says that the object was. */
  readonly versionId: string | undefined
  readonly isDeleteMarker: boolean
}

/** What is to be deleted. */
export interface Removal extends Pick<ObjectDelete, 'versionId' | 'condition'> {
  readonly key: string
  /** The headers that the condition was in. */
  readonly headers: HeaderMap
}

/** Conditions that only buckets of another kind know. */
const ELSEWHERE = ['x-amz-if-match-last-modified-time', 'x-amz-if-match-size'] as const

export async function deleteObject(visit: S3Visit): Promise<Response | S3Error> {
  const { query, headers, key = '' } = visit.request
  const elsewhere = ELSEWHERE.find((name) => headers[name] !== undefined)
  if (elsewhere !== undefined) return s3Error('NotImplemented', { extra: { Header: elsewhere } })
  const version = versionAsked(query)
  if (isS3Error(version)) return version
  const condition = writeConditionIn(headers)
  if (isS3Error(condition)) return condition
  const removed = await removeObject(visit, { key, headers, ...version, ...condition })
  if (isS3Error(removed)) return removed
  const { versionId, isDeleteMarker } = removed
  const told = versionId === undefined ? {} : { 'x-amz-version-id': versionId }
  const marker = isDeleteMarker ? { 'x-amz-delete-marker': 'true' } : {}
  return { status: 204, headers: { ...told, ...marker }, body: undefined }
}

/** Deletes what is under a key of the visited bucket, or a version of it. */
export async function removeObject(
  visit: S3Visit,
  { key, headers, versionId, condition }: Removal,
): Promise<Removed | S3Error> {
  const { deps, transaction } = visit
  const governance = versionId === undefined ? undefined : await bypassIn(visit, key)
  if (typeof governance === 'object') return governance
  const name = { ...bucketOf(visit).container, object: key }
  const deleted = await deps.store.objects.delete(transaction, name, {
    versionId,
    // Conditions are about what stands under the key.
    condition: versionId === undefined ? condition : undefined,
    governance,
    nullVersion: 'replaced',
    successor: 'newest',
  })
  if (isGone(deleted, versionId) && (deleted.kind !== 'no_such_object' || condition === undefined)) {
    const isDeleteMarker = 'isDeleteMarker' in deleted && deleted.isDeleteMarker === true
    return { kind: 'removed', versionId: deleted.versionId ?? versionId, isDeleteMarker }
  }
  if (deleted.kind === 'deleted') throw new Error('what was deleted is gone')
  if (deleted.kind === 'no_such_object') return s3Error('NoSuchKey', { extra: { Key: key } })
  if (deleted.kind === 'denied' && versionId !== undefined) return lockedProblem()
  return unfulfilled(deleted, headers, key)
}

/** There is no such thing now; a version of a bucket that never had any is none. */
function isGone({ kind }: ObjectDeleteOutcome, versionId: string | undefined): boolean {
  return (
    kind === 'deleted' || kind === 'no_such_object' || (kind === 'version_refused' && versionId !== undefined)
  )
}

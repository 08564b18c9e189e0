/** DeleteObject: 204, whether there was something or not. */
import type { Response } from '#http/message.ts'
import type { ObjectDeleteOutcome } from '#store/contract.ts'
import { bypassIn, lockedProblem } from '../config/object-lock-headers.ts'
import { isS3Error, type S3Error, s3Error } from '../error.ts'
import { bucketOf, type S3Visit } from '../operation.ts'
import { versionAsked } from '../versions/version-asked.ts'
import { deleteConditionFor, type Wanted } from './delete-condition.ts'
import { unfulfilled } from './write-condition.ts'

export interface Removed {
  readonly kind: 'removed'
  /** In a bucket that keeps versions: that which was deleted, or which says that the object was. */
  readonly versionId: string | undefined
  readonly isDeleteMarker: boolean
}

export async function deleteObject(visit: S3Visit): Promise<Response | S3Error> {
  const { query, headers, key = '' } = visit.request
  const version = versionAsked(query)
  if (isS3Error(version)) return version
  const removed = await removeObject(visit, { key, headers, ...version })
  if (isS3Error(removed)) return removed
  const { versionId, isDeleteMarker } = removed
  const told = versionId === undefined ? {} : { 'x-amz-version-id': versionId }
  const marker = isDeleteMarker ? { 'x-amz-delete-marker': 'true' } : {}
  return { status: 204, headers: { ...told, ...marker }, body: undefined }
}

/** Deletes what is under a key of the visited bucket, or a version of it. */
export async function removeObject(visit: S3Visit, wanted: Wanted): Promise<Removed | S3Error> {
  const { deps, transaction } = visit
  const { key, headers, versionId } = wanted
  const conditional = await deleteConditionFor(visit, wanted)
  if (isS3Error(conditional)) return conditional
  const { condition } = conditional
  const governance = versionId === undefined ? undefined : await bypassIn(visit, key)
  if (typeof governance === 'object') return governance
  const name = { ...bucketOf(visit).container, object: key }
  const deleted = await deps.store.objects.delete(transaction, name, {
    versionId,
    condition,
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
  const failed = condition?.kind === 'matches' ? { 'if-match': condition.etags } : headers
  return unfulfilled(deleted, failed, key)
}

/** There is no such thing now; a version of a bucket that never had any is none. */
function isGone({ kind }: ObjectDeleteOutcome, versionId: string | undefined): boolean {
  return (
    kind === 'deleted' || kind === 'no_such_object' || (kind === 'version_refused' && versionId !== undefined)
  )
}

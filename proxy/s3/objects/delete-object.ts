/** DeleteObject: 204, whether there was something or not. */
import type { Response } from '#http/message.ts'
import { bypassIn, lockedProblem } from '../config/object-lock-headers.ts'
import { isS3Error, type S3Error } from '../error.ts'
import { bucketOf, type S3Visit } from '../operation.ts'
import { storeError } from '../store-errors.ts'

export interface Removed {
  readonly kind: 'removed'
  /** In a bucket that keeps versions: that which was deleted, or which says that the object was. */
  readonly versionId: string | undefined
}

export async function deleteObject(visit: S3Visit): Promise<Response | S3Error> {
  const removed = await removeObject(visit, visit.request.key ?? '')
  if (isS3Error(removed)) return removed
  const { versionId } = removed
  const headers = versionId === undefined ? {} : { 'x-amz-version-id': versionId }
  return { status: 204, headers, body: undefined }
}

/** Deletes what is under a key of the visited bucket. */
export async function removeObject(visit: S3Visit, key: string): Promise<Removed | S3Error> {
  const { deps, transaction } = visit
  const name = { ...bucketOf(visit).container, object: key }
  const governance = await bypassIn(visit)
  if (governance !== undefined && governance !== 'bypassed') return governance
  const deleted = await deps.store.objects.delete(transaction, name, { governance })
  if (deleted.kind === 'deleted' || deleted.kind === 'no_such_object') {
    return { kind: 'removed', versionId: deleted.versionId }
  }
  return deleted.kind === 'denied' ? lockedProblem() : storeError(deleted, { Key: key })
}

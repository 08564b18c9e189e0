/** DeleteBucket. Steps: the container, which must be empty; then the record of its name. */
import type { Response } from '#http/message.ts'
import { type S3Error, s3Error } from '../error.ts'
import { bucketOf, type S3Visit } from '../operation.ts'
import { isStoreFailure, storeError } from '../store-errors.ts'

export async function deleteBucket(visit: S3Visit): Promise<Response | S3Error> {
  const { deps, transaction } = visit
  const { name, container } = bucketOf(visit)
  const extra = { BucketName: name }
  const deleted = await deps.store.containers.delete(transaction, container)
  if (deleted.kind === 'version_refused') return s3Error('BucketNotEmpty', { extra })
  if (isStoreFailure(deleted)) return storeError(deleted, extra)
  const released = await deps.records.release(transaction, name, container.account)
  if (isStoreFailure(released)) {
    transaction.log.warn(
      { bucket: name, failure: released },
      'the name of a deleted bucket could not be freed',
    )
  }
  return { status: 204, headers: {}, body: undefined }
}

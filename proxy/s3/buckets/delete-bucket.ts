/** DeleteBucket. Steps: the container, which must be empty; then the record of its name. */
import type { Response } from '#http/message.ts'
import { type S3Error, s3Error } from '../error.ts'
import { bucketOf, type S3Visit } from '../operation.ts'
import { isStoreFailure, recordError, storeError } from '../store-errors.ts'

const NO_CONTENT: Response = { status: 204, headers: {}, body: undefined }

export async function deleteBucket(visit: S3Visit): Promise<Response | S3Error> {
  const { deps, transaction } = visit
  const { name, container } = bucketOf(visit)
  const extra = { BucketName: name }
  const held = await deps.records.held(transaction, name)
  if (held !== undefined && held.kind !== 'found') return recordError(held)
  const deleted = await deps.store.containers.delete(transaction, container)
  if (deleted.kind === 'version_refused') {
    const message = 'The bucket you tried to delete is not empty. You must delete all versions in the bucket.'
    return s3Error('BucketNotEmpty', { message, extra })
  }
  if (isStoreFailure(deleted)) return storeError(deleted, extra)
  if (held?.value.account !== container.account) return NO_CONTENT
  const released = await deps.records.release(transaction, held)
  if (released.kind !== 'removed' && released.kind !== 'changed') {
    transaction.log.warn({ bucket: name, failure: released }, 'the name of a deleted bucket was not freed')
  }
  return NO_CONTENT
}

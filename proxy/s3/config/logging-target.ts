/** Where the log of a bucket may go: a bucket of the same owner (PutBucketLogging). */
import type { LoggingConfiguration } from '#store/bucket-settings/documents.ts'
import { findBucket } from '../buckets/resolve-bucket.ts'
import { isS3Error, type S3Error, s3Error } from '../error.ts'
import { bucketOf, type S3Visit } from '../operation.ts'

export async function loggingProblem(
  visit: S3Visit,
  { enabled }: LoggingConfiguration,
): Promise<S3Error | undefined> {
  if (enabled === undefined) return undefined
  const { deps, transaction, caller } = visit
  const extra = { TargetBucket: enabled.targetBucket }
  const target = await findBucket(deps, transaction, enabled.targetBucket, caller)
  if (isS3Error(target)) {
    const message = 'The target bucket for logging does not exist'
    return s3Error('InvalidTargetBucketForLogging', { message, extra })
  }
  const { account } = bucketOf(visit).container
  if (target.container.account === account) return undefined
  const message = 'The owner for the bucket to be logged and the target bucket must be the same.'
  return s3Error('InvalidTargetBucketForLogging', { message, extra })
}

/** Where the log of a bucket may go: a bucket of the same owner, who lets logs be put there (PutBucketLogging). */
import type { LoggingConfiguration } from '#store/bucket-settings/documents.ts'
import { findBucket } from '../buckets/resolve-bucket.ts'
import { isS3Error, type S3Error, s3Error } from '../error.ts'
import { mayDeliver } from '../logging/log-access.ts'
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
  const { container: source } = bucketOf(visit)
  if (target.container.account !== source.account) {
    const message = 'The owner for the bucket to be logged and the target bucket must be the same.'
    return s3Error('InvalidTargetBucketForLogging', { message, extra })
  }
  const object = { ...target.container, object: enabled.targetPrefix + ANY_NAME }
  const allowed = await mayDeliver(deps.access, transaction, source, object)
  if (allowed === 'unavailable') return s3Error('ServiceUnavailable')
  return allowed === 'yes'
    ? undefined
    : s3Error('InvalidTargetBucketForLogging', { message: NOT_GRANTED, extra })
}

/** Stands for the rest of the names of log objects. */
const ANY_NAME = '2006-03-01-00-00-00-0000000000000000'
const NOT_GRANTED = 'You must give the log-delivery group WRITE and READ_ACP permissions to the target bucket'

/**
 * Whether a bucket locks objects: a flag of the container, so that every door and every delete sees it without asking for
 * more. Once set it stays, and so does the keeping of versions (PutObjectLockConfiguration; CreateBucket).
 */
import type { ContainerInfo } from '#store/contract.ts'
import { LOCK_FLAG, locksObjects } from '#store/object-lock/lock-facts.ts'
import { versionsIn } from '#store/versions/kept-versions.ts'
import { type S3Error, s3Error } from '../error.ts'
import { bucketOf, type S3Visit } from '../operation.ts'
import { storeError } from '../store-errors.ts'

/** Of a bucket that keeps versions the first configuration turns locking on. */
export async function lockConfigurationProblem(visit: S3Visit): Promise<S3Error | undefined> {
  const { info, container, name } = bucketOf(visit)
  if (locksObjects(info)) return undefined
  if (versionsIn(info.metadata)?.keeping !== 'on') {
    const message = "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration"
    return s3Error('InvalidBucketState', { message })
  }
  const posted = await visit.deps.store.containers.post(visit.transaction, container, {
    [LOCK_FLAG]: 'Enabled',
  })
  return posted.kind === 'updated' ? undefined : storeError(posted, { BucketName: name })
}

/** AWS writes it differently to uploads and to operations on locks. */
const MISSING = {
  upload: 'Bucket is missing ObjectLockConfiguration',
  lock: 'Bucket is missing Object Lock Configuration',
}

/** The refusal of what is about locks in a bucket that has none; `undefined` where it has. */
export function withoutLocks(info: ContainerInfo, asked: keyof typeof MISSING): S3Error | undefined {
  return locksObjects(info) ? undefined : s3Error('InvalidRequest', { message: MISSING[asked] })
}

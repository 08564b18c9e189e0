/** What is said of a key under which nothing is. */
import { type S3Error, s3Error } from '../error.ts'
import type { S3Visit } from '../operation.ts'
import { markerHeaders } from '../versions/version-asked.ts'

/** `NoSuchKey`; only to those who may list the bucket, others are not told what is not there. */
export async function missingObject(visit: S3Visit): Promise<S3Error> {
  const { deps, bucket, request } = visit
  const denied = await deps.authorize(visit, { action: 's3:ListBucket', bucket, key: undefined })
  if (denied !== undefined) return denied
  const { key = '' } = request
  return s3Error('NoSuchKey', { extra: { Key: key }, headers: await markerHeaders(visit, key) })
}

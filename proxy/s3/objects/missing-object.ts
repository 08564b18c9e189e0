/** What is said of a key under which nothing is. */
import { type S3Error, s3Error } from '../error.ts'
import type { S3Visit } from '../operation.ts'
import { markerHeaders } from '../versions/version-asked.ts'

/** `NoSuchKey`; the door tells it only to those who may list the bucket. */
export async function missingObject(visit: S3Visit): Promise<S3Error> {
  const { key = '' } = visit.request
  return s3Error('NoSuchKey', { extra: { Key: key }, headers: await markerHeaders(visit, key) })
}

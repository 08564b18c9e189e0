/** AbortMultipartUpload. */
import type { Response } from '#http/message.ts'
import { isS3Error, type S3Error, s3Error } from '../error.ts'
import type { S3Visit } from '../operation.ts'
import { uploadRefused } from './initiator-right.ts'
import { uploadError, uploadNamed } from './upload-named.ts'

const INITIATED = 'x-amz-if-match-initiated-time'

export async function abortMultipartUpload(visit: S3Visit): Promise<Response | S3Error> {
  const refused = await uploadRefused(visit, 's3:AbortMultipartUpload')
  if (refused !== undefined) return refused
  // A condition that only buckets of another kind know.
  if (visit.request.headers[INITIATED] !== undefined) {
    return s3Error('NotImplemented', { extra: { Header: INITIATED } })
  }
  const named = uploadNamed(visit)
  if (isS3Error(named)) return named
  const aborted = await visit.deps.multipart.abort(visit.transaction, named)
  if (aborted.kind !== 'aborted') return uploadError(visit, aborted)
  return { status: 204, headers: {}, body: undefined }
}

/** The upload that a request names, and what is said when there is none. */

import type { StoreFailure } from '#store/failure.ts'
import type { UploadBusy } from '#store/multipart/complete-upload.ts'
import type { UploadName } from '#store/multipart/multipart-uploads.ts'
import { isUploadId } from '#store/multipart/upload-names.ts'
import type { NoSuchUpload, Upload } from '#store/multipart/upload-record.ts'
import { badBody } from '../body/content-md5.ts'
import { invalidArgument, isS3Error, type S3Error, s3Error } from '../error.ts'
import { objectOf, type S3Visit } from '../operation.ts'
import { storeError } from '../store-errors.ts'

/** `NoSuchUpload` when the id cannot be one. */
export function uploadNamed(visit: S3Visit): UploadName | S3Error {
  const uploadId = visit.request.query.get('uploadId') ?? ''
  return isUploadId(uploadId) ? { name: objectOf(visit), uploadId } : noSuchUpload(uploadId)
}

/** The upload itself, while it is not complete. */
export async function uploadIn(visit: S3Visit): Promise<Upload | S3Error> {
  const named = uploadNamed(visit)
  if (isS3Error(named)) return named
  const upload = await visit.deps.multipart.read(visit.transaction, named)
  return upload.kind === 'upload' ? upload : uploadError(visit, upload)
}

/** What an operation on an upload failed with. */
export function uploadError(visit: S3Visit, failure: NoSuchUpload | UploadBusy | StoreFailure): S3Error {
  if (failure.kind === 'no_such_upload') return noSuchUpload(visit.request.query.get('uploadId') ?? '')
  if (failure.kind === 'upload_busy') return s3Error('OperationAborted')
  if (failure.kind === 'etag_mismatch') return badBody(visit.request.headers, failure)
  return storeError(failure, { Key: visit.request.key ?? '' })
}

function noSuchUpload(uploadId: string): S3Error {
  return s3Error('NoSuchUpload', { extra: { UploadId: uploadId } })
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
export const PARTS_MAX = 10_000

/** `partNumber` of a request that sends a part; an upload as such cannot be put. */
export function partNumberIn(query: ReadonlyMap<string, string>): { readonly number: number } | S3Error {
  const written = query.get('partNumber')
  if (written === undefined) {
    return s3Error('MethodNotAllowed', {
      extra: { Method: 'PUT', ResourceType: 'UPLOAD' },
      headers: { allow: 'DELETE, POST, GET' },
    })
  }
  const number = /^\d{1,5}$/.test(written) ? Number(written) : 0
  if (number >= 1 && number <= PARTS_MAX) return { number }
  const message = `Part number must be an integer between 1 and ${PARTS_MAX}, inclusive`
  return invalidArgument('partNumber', written, message)
}

/** A part of no upload, which is not to become an object. */
export function checkNoPart(query: ReadonlyMap<string, string>): S3Error | undefined {
  const written = query.get('partNumber')
  if (written === undefined) return undefined
  return invalidArgument('partNumber', written, 'This operation does not accept partNumber without uploadId')
}

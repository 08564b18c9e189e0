/** PutObject. */
import type { Response } from '#http/message.ts'
import { uploadAcl } from '../access/upload-acl.ts'
import { isS3Error, type S3Error } from '../error.ts'
import { objectOf, type S3Visit } from '../operation.ts'
import { storeError } from '../store-errors.ts'
import { versionHeaders } from './shown-object.ts'
import { checksumHeaders } from './stored-checksum.ts'
import { uploadIn } from './upload.ts'

export async function putObject(visit: S3Visit): Promise<Response | S3Error> {
  const { deps, transaction, request, sent } = visit
  const upload = uploadIn(visit)
  if (isS3Error(upload)) return upload
  const acl = await uploadAcl(visit)
  if (isS3Error(acl)) return acl
  const put = await deps.store.objects.put(transaction, objectOf(visit), {
    ...upload,
    metadata: { ...upload.metadata, ...acl },
    body: sent.body,
  })
  if (put.kind !== 'created') return sent.problem() ?? storeError(put, { Key: request.key ?? '' })
  const checksum = sent.checksum()
  const headers = {
    etag: `"${put.etag}"`,
    'content-length': '0',
    ...checksumHeaders(checksum && { ...checksum, type: 'FULL_OBJECT' }),
    ...versionHeaders(put),
  }
  return { status: 200, headers, body: undefined }
}

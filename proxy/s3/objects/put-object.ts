/** PutObject. */
import type { Response } from '#http/message.ts'
import { uploadAcl } from '../access/upload-acl.ts'
import { expirationOfUpload } from '../config/object-headers.ts'
import { uploadEncryption } from '../encryption/upload-encryption.ts'
import { isS3Error, type S3Error } from '../error.ts'
import { checkNoPart } from '../multipart/upload-named.ts'
import { objectOf, type S3Visit } from '../operation.ts'
import { madeVersion } from './shown-object.ts'
import { checksumHeaders } from './stored-checksum.ts'
import { uploadIn } from './upload.ts'
import { unfulfilled, writeConditionIn } from './write-condition.ts'

export async function putObject(visit: S3Visit): Promise<Response | S3Error> {
  const { deps, transaction, request, sent } = visit
  const stray = checkNoPart(request.query)
  if (stray !== undefined) return stray
  const upload = await uploadIn(visit)
  if (isS3Error(upload)) return upload
  const condition = writeConditionIn(request.headers)
  if (isS3Error(condition)) return condition
  const acl = await uploadAcl(visit)
  if (isS3Error(acl)) return acl
  const encryption = await uploadEncryption(visit)
  if (isS3Error(encryption)) return encryption
  const put = await deps.store.objects.put(transaction, objectOf(visit), {
    ...upload,
    ...condition,
    metadata: { ...upload.metadata, ...acl, ...encryption.metadata },
    customerKey: encryption.customerKey,
    body: sent.body,
    cause: request.method === 'POST' ? 'Post' : undefined,
    nullVersion: 'replaced',
  })
  if (put.kind !== 'created') {
    return sent.problem() ?? unfulfilled(put, request.headers, request.key ?? '')
  }
  const checksum = sent.checksum()
  const headers = {
    etag: `"${put.etag}"`,
    'content-length': '0',
    ...checksumHeaders(checksum && { ...checksum, type: 'FULL_OBJECT' }),
    ...madeVersion(put),
    ...encryption.told,
    ...(await expirationOfUpload(visit, put, upload.metadata)),
  }
  return { status: 200, headers, body: undefined }
}

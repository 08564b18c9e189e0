/** CreateMultipartUpload. */
import type { Response } from '#http/message.ts'
import { initiatedMs } from '#store/multipart/upload-names.ts'
import { uploadAcl } from '../access/upload-acl.ts'
import { abortHeaders } from '../config/object-headers.ts'
import { uploadEncryption } from '../encryption/upload-encryption.ts'
import { isS3Error, type S3Error } from '../error.ts'
import { STANDARD } from '../objects/storage-class.ts'
import { describedObject } from '../objects/upload.ts'
import { bucketOf, objectOf, type S3Visit } from '../operation.ts'
import { storeError } from '../store-errors.ts'
import { document, element, xmlAnswer } from '../xml-writer.ts'
import { uploadChecksumIn } from './upload-checksum.ts'
import { writeFacts } from './upload-facts.ts'

export async function createMultipartUpload(visit: S3Visit): Promise<Response | S3Error> {
  const { deps, transaction, request, caller } = visit
  const { headers, key = '' } = request
  const described = await describedObject(visit)
  if (isS3Error(described)) return described
  const acl = await uploadAcl(visit)
  if (isS3Error(acl)) return acl
  const encryption = await uploadEncryption(visit)
  if (isS3Error(encryption)) return encryption
  const checksum = uploadChecksumIn(headers)
  if (isS3Error(checksum)) return checksum
  const { name: bucket, owner } = bucketOf(visit)
  const begun = await deps.multipart.begin(transaction, objectOf(visit), {
    ...described,
    metadata: { ...described.metadata, ...acl, ...encryption.metadata },
    customerKey: encryption.customerKey,
    summary: writeFacts({
      owner,
      initiator: caller.kind === 'user' ? caller.user : owner,
      storageClass: headers['x-amz-storage-class'] ?? STANDARD,
      checksum: checksum.checksum,
      isChecksumAsked: checksum.isAsked,
    }),
  })
  if (begun.kind !== 'begun') return storeError(begun, { BucketName: bucket })
  const { algorithm, type } = checksum.checksum
  const told: Record<string, string> = checksum.isAsked
    ? { 'x-amz-checksum-algorithm': algorithm, 'x-amz-checksum-type': type }
    : {}
  const xml = document(
    'InitiateMultipartUploadResult',
    element('Bucket', bucket),
    element('Key', key),
    element('UploadId', begun.uploadId),
  )
  const given = await abortHeaders(visit, initiatedMs(begun.uploadId))
  return xmlAnswer(200, xml, { ...told, ...encryption.told, ...given })
}

/** What the headers of an upload ask for, checked: everything of a put but its body. */
import { MAX_OBJECT_NAME_BYTES } from '#base/limits.ts'
import type { HeaderMap } from '#http/message.ts'
import type { ObjectPut } from '#store/contract.ts'
import { isS3Error, type S3Error, s3Error } from '../error.ts'
import type { S3Visit, SentBody } from '../operation.ts'
import { md5In } from '../sent-xml.ts'
import { COMMON_HEADERS, DEFAULT_CONTENT_TYPE, REDIRECT_SYSMETA } from './object-facts.ts'
import { storageClassIn } from './storage-class.ts'
import { checksumToStore } from './stored-checksum.ts'
import { userMetadataIn } from './user-metadata.ts'

export type Upload = Omit<ObjectPut, 'body'>

export function uploadIn({ deps, request, sent }: S3Visit): Upload | S3Error {
  const { headers, key = '' } = request
  const wrong = checkKey(key)
  if (wrong !== undefined) return wrong
  if (sent.body.lengthBytes === undefined) return s3Error('MissingContentLength')
  const expectedEtag = expectedIn(headers)
  if (isS3Error(expectedEtag)) return expectedEtag
  const metadata = objectMetadataIn(headers)
  if (isS3Error(metadata)) return metadata
  const limitBytes = deps.maxFileSizeBytes
  if (sent.body.lengthBytes > limitBytes) {
    const extra = { ProposedSize: String(sent.body.lengthBytes), MaxSizeAllowed: String(limitBytes) }
    return s3Error('EntityTooLarge', { extra })
  }
  return {
    contentType: headers['content-type'] ?? DEFAULT_CONTENT_TYPE,
    expectedEtag: expectedEtag.md5,
    metadata,
    limitBytes,
    atEnd: () => verified(sent),
  }
}

/** The refusal of a key that is too long, or `undefined`. */
export function checkKey(key: string): S3Error | undefined {
  const sizeBytes = Buffer.byteLength(key)
  if (sizeBytes <= MAX_OBJECT_NAME_BYTES) return undefined
  const extra = { Size: String(sizeBytes), MaxSizeAllowed: String(MAX_OBJECT_NAME_BYTES) }
  return s3Error('KeyTooLongError', { extra })
}

function expectedIn(headers: HeaderMap): { readonly md5: string | undefined } | S3Error {
  const stated = headers['content-md5']
  if (stated === undefined) return { md5: undefined }
  const md5 = md5In(stated)
  return md5 === undefined ? s3Error('InvalidDigest', { extra: { 'Content-MD5': stated } }) : { md5 }
}

/** All that is stored of an upload's headers. */
export function objectMetadataIn(headers: HeaderMap): Record<string, string> | S3Error {
  const metadata = userMetadataIn(headers)
  if (isS3Error(metadata)) return metadata
  const storageClass = storageClassIn(headers)
  if (isS3Error(storageClass)) return storageClass
  Object.assign(metadata, storageClass)
  for (const name of COMMON_HEADERS) {
    const value = name === 'content-encoding' ? contentEncodingIn(headers) : headers[name]
    if (value !== undefined && value !== '') metadata[name] = value
  }
  const redirect = headers['x-amz-website-redirect-location']
  if (redirect !== undefined) metadata[REDIRECT_SYSMETA] = redirect
  return metadata
}

/** `aws-chunked` is how the body came, not what it is. */
function contentEncodingIn(headers: HeaderMap): string | undefined {
  const value = headers['content-encoding']
  if (value === undefined || !value.toLowerCase().includes('aws-chunked')) return value
  const codings = value.split(',').map((coding) => coding.trim())
  return codings.filter((coding) => coding.toLowerCase() !== 'aws-chunked').join(',')
}

/** Asked after the last byte: what the client said about its body must be true before it becomes an object. */
function verified(sent: SentBody): HeaderMap | 'etag_mismatch' {
  if (sent.problem() !== undefined) return 'etag_mismatch'
  const checksum = sent.checksum()
  return checksum === undefined ? {} : checksumToStore({ ...checksum, type: 'FULL_OBJECT' })
}

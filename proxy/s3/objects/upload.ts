/** What the headers of an upload ask for, checked: everything of a put but its body. */
import { MAX_OBJECT_NAME_BYTES } from '#base/limits.ts'
import type { HeaderMap } from '#http/message.ts'
import type { ObjectPut } from '#store/contract.ts'
import { statesChecksum } from '../body/announced-checksum.ts'
import { expectedMd5In } from '../body/content-md5.ts'
import { configuredUpload } from '../config/object-headers.ts'
import { asksForLock } from '../config/object-lock-headers.ts'
import { isS3Error, type S3Error, s3Error } from '../error.ts'
import type { S3Visit, SentBody } from '../operation.ts'
import { factsInRow } from './listed-facts.ts'
import { COMMON_HEADERS } from './object-facts.ts'
import { storageClassIn } from './storage-class.ts'
import { checksumToStore } from './stored-checksum.ts'
import { contentTypeIn, redirectIn } from './uploaded-headers.ts'
import { userMetadataIn } from './user-metadata.ts'

export type Upload = Omit<ObjectPut, 'body'>

/** What an object gets whose sender names no checksum, as AWS does since December 2024. */
export const DEFAULT_CHECKSUM = 'CRC64NVME'

export async function uploadIn(visit: S3Visit): Promise<Upload | S3Error> {
  const { deps, request, sent } = visit
  const { headers, key = '' } = request
  const wrong = checkKey(key)
  if (wrong !== undefined) return wrong
  const { lengthBytes } = sent.body
  // A form does not say how long its file is.
  if (lengthBytes === undefined && request.method === 'PUT') return s3Error('MissingContentLength')
  const expectedEtag = expectedMd5In(headers)
  if (isS3Error(expectedEtag)) return expectedEtag
  const described = await describedObject(visit)
  if (isS3Error(described)) return described
  const unproven = checkLockProven(headers)
  if (unproven !== undefined) return unproven
  const tooLarge = checkLength(visit)
  if (tooLarge !== undefined) return tooLarge
  sent.computeChecksum(DEFAULT_CHECKSUM)
  return {
    ...described,
    expectedEtag: expectedEtag.md5,
    limitBytes: deps.maxFileSizeBytes,
    atEnd: ({ etag }) => verified(sent, described.metadata, etag),
  }
}

/** What an object is stored with, by the headers of the request that makes it: type, metadata, tags and locks. */
export async function describedObject(
  visit: S3Visit,
): Promise<Pick<Upload, 'contentType' | 'metadata'> | S3Error> {
  const { headers } = visit.request
  const metadata = objectMetadataIn(headers)
  if (isS3Error(metadata)) return metadata
  const type = contentTypeIn(headers)
  if (isS3Error(type)) return type
  const configured = await configuredUpload(visit)
  return isS3Error(configured) ? configured : { ...type, metadata: { ...metadata, ...configured } }
}

/** The refusal of a body that says that it is longer than one may be, or `undefined`. */
export function checkLength({ deps, sent }: S3Visit): S3Error | undefined {
  const { lengthBytes } = sent.body
  const limitBytes = deps.maxFileSizeBytes
  if (lengthBytes === undefined || lengthBytes <= limitBytes) return undefined
  const extra = { ProposedSize: String(lengthBytes), MaxSizeAllowed: String(limitBytes) }
  return s3Error('EntityTooLarge', { extra })
}

/** What is to be locked must be proven to have arrived as it was sent: nobody could put it right. */
function checkLockProven(headers: HeaderMap): S3Error | undefined {
  if (!asksForLock(headers) || headers['content-md5'] !== undefined) return undefined
  const isProven = headers['x-amz-trailer'] !== undefined || statesChecksum(headers)
  if (isProven) return undefined
  const message =
    'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters'
  return s3Error('InvalidRequest', { message })
}

/** The refusal of a key that is too long, or `undefined`. */
export function checkKey(key: string): S3Error | undefined {
  const sizeBytes = Buffer.byteLength(key)
  if (sizeBytes <= MAX_OBJECT_NAME_BYTES) return undefined
  const extra = { Size: String(sizeBytes), MaxSizeAllowed: String(MAX_OBJECT_NAME_BYTES) }
  return s3Error('KeyTooLongError', { extra })
}

/** What AWS does by these cannot be left undone silently: a lock that does not lock, a whole in place of an end. */
const NOT_HERE = [
  'x-amz-object-lock-event-hold',
  'x-amz-object-lock-event-hold-duration-days',
  'x-amz-object-lock-event-hold-duration-years',
  'x-amz-write-offset-bytes',
] as const

/** All that is stored of an upload's headers. */
export function objectMetadataIn(headers: HeaderMap): Record<string, string> | S3Error {
  const unknown = NOT_HERE.find((name) => headers[name] !== undefined)
  if (unknown !== undefined) return s3Error('NotImplemented', { extra: { Header: unknown } })
  const metadata = userMetadataIn(headers)
  if (isS3Error(metadata)) return metadata
  const storageClass = storageClassIn(headers)
  if (isS3Error(storageClass)) return storageClass
  Object.assign(metadata, storageClass)
  for (const name of COMMON_HEADERS) {
    const value = name === 'content-encoding' ? contentEncodingIn(headers) : headers[name]
    if (value !== undefined && value !== '') metadata[name] = value
  }
  const redirect = redirectIn(headers)
  if (isS3Error(redirect)) return redirect
  return Object.assign(metadata, redirect)
}

/** `aws-chunked` is how the body came, not what it is. */
function contentEncodingIn(headers: HeaderMap): string | undefined {
  const value = headers['content-encoding']
  if (value === undefined || !value.toLowerCase().includes('aws-chunked')) return value
  const codings = value.split(',').map((coding) => coding.trim())
  return codings.filter((coding) => coding.toLowerCase() !== 'aws-chunked').join(',')
}

/** Asked after the last byte: what the client said about its body must be true before it becomes an object. */
function verified(sent: SentBody, metadata: HeaderMap, etag: string): HeaderMap | 'etag_mismatch' {
  if (sent.problem() !== undefined) return 'etag_mismatch'
  const checksum = sent.checksum()
  const found = checksum === undefined ? {} : checksumToStore({ ...checksum, type: 'FULL_OBJECT' })
  return { ...found, ...factsInRow({ ...metadata, ...found }, etag) }
}

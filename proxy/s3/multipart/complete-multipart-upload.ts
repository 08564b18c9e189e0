/** CompleteMultipartUpload. */
import { CHECKSUM_ALGORITHMS } from '#base/checksums/checksum.ts'
import { quotedPath } from '#base/names.ts'
import type { HeaderMap, Response } from '#http/message.ts'
import type { Completed, PartRefused } from '#store/multipart/complete-upload.ts'
import type { UploadName } from '#store/multipart/multipart-uploads.ts'
import type { Part } from '#store/multipart/parts.ts'
import type { Upload } from '#store/multipart/upload-record.ts'
import { ROW_ETAG } from '#store/symlinks/link-metadata.ts'
import { hostUrlOf } from '../../host-url.ts'
import { expirationOfUpload } from '../config/object-headers.ts'
import { shownEncryption } from '../encryption/upload-encryption.ts'
import { isS3Error, type S3Error, s3Error } from '../error.ts'
import { answerInTime } from '../long-answer.ts'
import { listedFacts } from '../objects/listed-facts.ts'
import { madeVersion } from '../objects/shown-object.ts'
import { checksumIn, checksumToStore, type StoredChecksum } from '../objects/stored-checksum.ts'
import { unfulfilled, writeConditionIn } from '../objects/write-condition.ts'
import { bucketOf, type S3Visit } from '../operation.ts'
import { sentXml } from '../sent-xml.ts'
import { document, element, xmlAnswer } from '../xml-writer.ts'
import { type CheckedPart, invalidPart, partsIn } from './named-parts.ts'
import { checksumElement, objectChecksum, partChecksum } from './upload-checksum.ts'
import { readFacts, type UploadFacts } from './upload-facts.ts'
import { uploadError, uploadNamed } from './upload-named.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const PART_BYTES_MIN = 5 * 1024 * 1024
/** Ten thousand parts with their checksums. */
const DOCUMENT_BYTES_MAX = 4 * 1024 * 1024

export async function completeMultipartUpload(visit: S3Visit): Promise<Response | S3Error> {
  const named = uploadNamed(visit)
  if (isS3Error(named)) return named
  const condition = writeConditionIn(visit.request.headers)
  if (isS3Error(condition)) return condition
  const root = await sentXml(visit, 'CompleteMultipartUpload', DOCUMENT_BYTES_MAX)
  // Of this operation AWS takes a body that is missing for a document that is none.
  if (isS3Error(root)) return root.code === 'MissingRequestBodyError' ? s3Error('MalformedXML') : root
  const parts = partsIn(root, named.uploadId)
  if (isS3Error(parts)) return parts
  return await answerInTime(visit, () => complete(visit, named, parts, condition))
}

async function complete(
  visit: S3Visit,
  { name, uploadId }: UploadName,
  parts: readonly CheckedPart[],
  { condition }: Exclude<ReturnType<typeof writeConditionIn>, S3Error>,
): Promise<Response | S3Error> {
  const { deps, transaction, request } = visit
  const outcome = await deps.multipart.complete<S3Error>(transaction, {
    name,
    uploadId,
    parts,
    condition,
    partBytesMin: PART_BYTES_MIN,
    describe: (upload, stored) => described(request.headers, { upload, uploadId, named: parts, stored }),
  })
  if (outcome.kind === 'completed') return await completedAnswer(visit, outcome)
  if (outcome.kind === 's3_error') return outcome
  if (outcome.kind === 'invalid_part') return invalidPart(outcome.part, uploadId)
  if (outcome.kind === 'part_too_small') return tooSmall(outcome)
  if (outcome.kind === 'no_such_upload' || outcome.kind === 'upload_busy') return uploadError(visit, outcome)
  return unfulfilled(outcome, request.headers, request.key ?? '')
}

function tooSmall({ part, bytesMin }: Extract<PartRefused, { readonly kind: 'part_too_small' }>): S3Error {
  const { number, etag, sizeBytes } = part
  return s3Error('EntityTooSmall', {
    extra: {
      ProposedSize: String(sizeBytes),
      MinSizeAllowed: String(bytesMin),
      PartNumber: String(number),
      ETag: etag,
    },
  })
}

interface Described {
  readonly upload: Upload
  readonly uploadId: string
  readonly named: readonly CheckedPart[]
  readonly stored: readonly Part[]
}

/** Holds what is said of parts and of the whole against what is stored; what is kept of the object. */
function described(
  headers: HeaderMap,
  { upload, uploadId, named, stored }: Described,
): { readonly kind: 'described'; readonly metadata: HeaderMap } | S3Error {
  const wrong = named.find((part, at) => !isAsStored(part, stored[at]))
  if (wrong !== undefined) return invalidPart(wrong, uploadId)
  const badSize = sizeProblem(headers['x-amz-mp-object-size'], stored)
  if (badSize !== undefined) return badSize
  const facts = readFacts(upload.summary)
  const { checksum } = facts
  const unstated = unstatedProblem(facts, named)
  if (unstated !== undefined) return unstated
  const value = objectChecksum(checksum, stored)
  const problem = checksumProblem(headers, value === undefined ? undefined : { ...checksum, value })
  if (problem !== undefined) return problem
  const kept = value === undefined ? {} : checksumToStore({ ...checksum, value })
  const listed = listedFacts({ ...upload.metadata, ...kept })
  return { kind: 'described', metadata: { ...kept, [ROW_ETAG]: listed } }
}

function isAsStored({ checksums }: CheckedPart, part: Part | undefined): boolean {
  return checksums.every(({ algorithm, value }) => {
    const kept = part && partChecksum(part, algorithm)
    return kept === undefined || kept === value
  })
}

/** Of what is made of the checksums of parts, each of them is to be stated. */
function unstatedProblem(
  { checksum: { algorithm, type }, isChecksumAsked }: UploadFacts,
  named: readonly CheckedPart[],
): S3Error | undefined {
  if (!isChecksumAsked || type !== 'COMPOSITE') return undefined
  const without = named.find(({ checksums }) => !checksums.some((one) => one.algorithm === algorithm))
  if (without === undefined) return undefined
  const message = `The upload was created using a ${algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${without.number} in the request.`
  return s3Error('InvalidRequest', { message })
}

function sizeProblem(stated: string | undefined, parts: readonly Part[]): S3Error | undefined {
  if (stated === undefined) return undefined
  if (!/^\d{1,15}$/.test(stated)) {
    const message = `Value for x-amz-mp-object-size header is invalid: '${stated}'`
    return s3Error('InvalidRequest', { message })
  }
  const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0)
  if (Number(stated) === sizeBytes) return undefined
  const message = `The provided 'x-amz-mp-object-size' header value ${stated} does not match what was computed: ${sizeBytes}`
  return s3Error('InvalidRequest', { message })
}

/** A client may state the checksum of the whole, with or without the number of parts behind it. */
function checksumProblem(headers: HeaderMap, found: StoredChecksum | undefined): S3Error | undefined {
  const type = headers['x-amz-checksum-type']?.toUpperCase()
  if (type !== undefined && found !== undefined && type !== found.type) {
    const message = `The upload was created using the ${found.type} checksum mode. The complete request must use the same checksum mode.`
    return s3Error('InvalidRequest', { message })
  }
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    const stated = headers[`x-amz-checksum-${algorithm.toLowerCase()}`]
    if (stated === undefined || found?.algorithm !== algorithm) continue
    if (stated === found.value || stated === found.value.split('-', 1)[0]) continue
    const message = `The ${algorithm} you specified did not match the calculated checksum.`
    return s3Error('BadDigest', { message })
  }
  return undefined
}

async function completedAnswer(visit: S3Visit, completed: Completed): Promise<Response> {
  const { request } = visit
  const { etag, metadata, sizeBytes, versionId, writtenAt: timestamp } = completed
  const { name } = bucketOf(visit)
  const checksum = checksumIn(metadata)
  const path = request.style === 'host' ? `/${request.key}` : `/${name}/${request.key}`
  const xml = document(
    'CompleteMultipartUploadResult',
    element('Location', hostUrlOf(request.http) + quotedPath(path)),
    element('Bucket', name),
    element('Key', request.key),
    element('ETag', `"${etag}"`),
    checksum === undefined ? '' : element(checksumElement(checksum.algorithm), checksum.value),
    element('ChecksumType', checksum?.type),
  )
  return xmlAnswer(200, xml, {
    ...madeVersion({ versionId }),
    ...shownEncryption(metadata, undefined),
    ...(await expirationOfUpload(visit, { timestamp, sizeBytes, versionId }, metadata)),
  })
}

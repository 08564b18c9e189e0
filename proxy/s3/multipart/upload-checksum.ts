/**
 * Checksums of uploads in parts: what a new upload asks for, and the checksum of the object from those of its parts
 * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html).
 */
import { type ChecksumAlgorithm, checksumOf, isCrc } from '#base/checksums/checksum.ts'
import { combinedChecksum } from '#base/checksums/combine.ts'
import type { HeaderMap } from '#http/message.ts'
import type { Part } from '#store/multipart/parts.ts'
import { announcedChecksum, checksumAsked } from '../body/announced-checksum.ts'
import { isS3Error, type S3Error, s3Error } from '../error.ts'
import type { SentChecksum } from '../operation.ts'
import type { UploadChecksum, UploadFacts } from './upload-facts.ts'

const TYPE = 'x-amz-checksum-type'
/** What AWS computes where nobody asks for anything. */
const DEFAULT: UploadChecksum = { algorithm: 'CRC64NVME', type: 'FULL_OBJECT' }

/** What a request to begin an upload asks for. */
export function uploadChecksumIn(
  headers: HeaderMap,
): { readonly checksum: UploadChecksum; readonly isAsked: boolean } | S3Error {
  const type = headers[TYPE]
  const asked = checksumAsked(headers)
  if (isS3Error(asked)) return asked
  const { algorithm } = asked
  if (algorithm === undefined) {
    if (type === undefined) return { checksum: DEFAULT, isAsked: false }
    const message =
      'The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.'
    return s3Error('InvalidRequest', { message })
  }
  const checked = typeIn(algorithm, type)
  return isS3Error(checked) ? checked : { checksum: { algorithm, type: checked.type }, isAsked: true }
}

/** CRC-64 has no composite form, digests have no other. */
function typeIn(
  algorithm: ChecksumAlgorithm,
  written: string | undefined,
): { readonly type: UploadChecksum['type'] } | S3Error {
  const usual = algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE'
  if (written === undefined) return { type: usual }
  const type = written.toUpperCase()
  if (type !== 'COMPOSITE' && type !== 'FULL_OBJECT') {
    return s3Error('InvalidRequest', { message: 'Value for x-amz-checksum-type header is invalid.' })
  }
  const isPossible = type === usual || (isCrc(algorithm) && algorithm !== 'CRC64NVME')
  if (isPossible) return { type }
  const message = `The ${type} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`
  return s3Error('InvalidRequest', { message })
}

/**
 * The refusal of a part whose checksum is of another algorithm than its upload asked for, or has none where that of the
 * object is made of those of the parts.
 */
export function checkPartAlgorithm(
  { checksum: { algorithm, type }, isChecksumAsked }: UploadFacts,
  headers: HeaderMap,
): S3Error | undefined {
  if (!isChecksumAsked) return undefined
  const announced = announcedChecksum(headers)
  if (isS3Error(announced)) return announced
  const sent = announced.kind === 'none' ? undefined : announced.algorithm
  if (sent === algorithm || (sent === undefined && type === 'FULL_OBJECT')) return undefined
  const message = `Checksum Type mismatch occurred, expected checksum Type: ${algorithm.toLowerCase()}, actual checksum Type: ${sent?.toLowerCase() ?? 'null'}`
  return s3Error('InvalidRequest', { message })
}

/** A part's checksum as the store keeps it. */
export function writtenChecksum({ algorithm, value }: SentChecksum): string {
  return `${algorithm}:${value}`
}

/** The checksum that is kept of a part, if it is of this algorithm. */
export function partChecksum({ checksum }: Part, algorithm: ChecksumAlgorithm): string | undefined {
  const prefix = `${algorithm}:`
  return checksum?.startsWith(prefix) === true ? checksum.slice(prefix.length) : undefined
}

/** The checksum of the object, base64 (and `-` and the number of parts); `undefined` when one of a part is missing. */
export function objectChecksum(
  { algorithm, type }: UploadChecksum,
  parts: readonly Part[],
): string | undefined {
  const checked: { readonly checksum: string; readonly sizeBytes: number }[] = []
  for (const part of parts) {
    const checksum = partChecksum(part, algorithm)
    if (checksum === undefined) return undefined
    checked.push({ checksum, sizeBytes: part.sizeBytes })
  }
  if (type === 'FULL_OBJECT') return isCrc(algorithm) ? combinedChecksum(algorithm, checked) : undefined
  const joined = Buffer.concat(checked.map(({ checksum }) => Buffer.from(checksum, 'base64')))
  return `${checksumOf(algorithm, joined)}-${parts.length}`
}

/** The element of a checksum: `ChecksumCRC32C`. */
export function checksumElement(algorithm: ChecksumAlgorithm): string {
  return `Checksum${algorithm}`
}

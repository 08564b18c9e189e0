/**
 * Which checksum a client says its body has, and where: in a header, or in a trailer behind the body ("Checking object
 * integrity in Amazon S3"; the texts are AWS's).
 */
import {
  CHECKSUM_ALGORITHMS,
  type ChecksumAlgorithm,
  checksumAlgorithmNamed,
  isChecksumText,
} from '#base/checksums/checksum.ts'
import type { HeaderMap } from '#http/message.ts'
import { type S3Error, s3Error } from '../error.ts'

export type AnnouncedChecksum =
  | { readonly kind: 'none' }
  /** Base64. */
  | { readonly kind: 'in_header'; readonly algorithm: ChecksumAlgorithm; readonly value: string }
  | { readonly kind: 'in_trailer'; readonly algorithm: ChecksumAlgorithm }

const NONE: AnnouncedChecksum = { kind: 'none' }

const PREFIX = 'x-amz-checksum-'

/** `x-amz-checksum-crc32c`. */
export function checksumHeader(algorithm: ChecksumAlgorithm): string {
  return PREFIX + algorithm.toLowerCase()
}

const HEADERS = CHECKSUM_ALGORITHMS.map((algorithm) => ({ algorithm, name: checksumHeader(algorithm) }))

const ONE_TYPE = 'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.'
const ONE_PLACE = 'Expecting a single x-amz-checksum- header'
const NOTHING_SPECIFIED =
  'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.'

/** Whether a header of the request holds a checksum of its body. */
export function statesChecksum(headers: HeaderMap): boolean {
  return HEADERS.some(({ name }) => headers[name] !== undefined)
}

/** The algorithm by which the checksum of an object is to be made that is not sent with the request: of a copy, of an upload in parts. */
export function checksumAsked(
  headers: HeaderMap,
): { readonly algorithm: ChecksumAlgorithm | undefined } | S3Error {
  const named = headers['x-amz-checksum-algorithm']
  if (named === undefined) return { algorithm: undefined }
  const algorithm = checksumAlgorithmNamed(named)
  if (algorithm !== undefined) return { algorithm }
  const valid = CHECKSUM_ALGORITHMS.join(', ')
  return refused(
    `Checksum algorithm provided is unsupported. Please try again with any of the valid types: [${valid}]`,
  )
}

export function announcedChecksum(headers: HeaderMap): AnnouncedChecksum | S3Error {
  const given = HEADERS.filter(({ name }) => headers[name] !== undefined)
  const trailer = headers['x-amz-trailer']
  if (given.length > 1) return refused(ONE_TYPE)
  if (given.length > 0 && trailer !== undefined) return refused(ONE_PLACE)
  const unknown = given.length === 0 && trailer === undefined ? unknownIn(headers) : undefined
  if (unknown !== undefined) return unknown
  const announced = trailer === undefined ? inHeader(given[0], headers) : inTrailer(trailer)
  return announced.kind === 's3_error' ? announced : (checkNamed(headers, announced) ?? announced)
}

/** Headers of this beginning that hold no checksum. */
const ABOUT_CHECKSUMS: ReadonlySet<string> = new Set(
  ['algorithm', 'mode', 'type'].map((word) => PREFIX + word),
)
/** AWS has these algorithms; here nobody could compare what they come to. */
const UNVERIFIED: ReadonlySet<string> = new Set(
  ['xxhash64', 'xxhash3', 'xxhash128'].map((word) => PREFIX + word),
)

/** A body is not stored as if it had been compared with a checksum that nobody here knows. */
function unknownIn(headers: HeaderMap): S3Error | undefined {
  for (const name in headers) {
    if (!name.startsWith(PREFIX) || ABOUT_CHECKSUMS.has(name)) continue
    if (UNVERIFIED.has(name)) return s3Error('NotImplemented', { extra: { Header: name } })
    return refused('The algorithm type you specified in x-amz-checksum- header is invalid.')
  }
  return undefined
}

function inHeader(
  given: { readonly algorithm: ChecksumAlgorithm; readonly name: string } | undefined,
  headers: HeaderMap,
): AnnouncedChecksum | S3Error {
  if (given === undefined) return NONE
  const { algorithm, name } = given
  const value = headers[name] ?? ''
  if (!isChecksumText(algorithm, value)) return refused(`Value for ${name} header is invalid.`)
  return { kind: 'in_header', algorithm, value }
}

function inTrailer(trailer: string): AnnouncedChecksum | S3Error {
  const name = trailer.trim().toLowerCase()
  const algorithm = name.startsWith(PREFIX) ? checksumAlgorithmNamed(name.slice(PREFIX.length)) : undefined
  if (algorithm === undefined) {
    return refused('The value specified in the x-amz-trailer header is not supported')
  }
  return { kind: 'in_trailer', algorithm }
}

/** What the SDK says it sends must be what was sent. */
function checkNamed(headers: HeaderMap, announced: AnnouncedChecksum): S3Error | undefined {
  const named = headers['x-amz-sdk-checksum-algorithm']
  if (named === undefined) return undefined
  const algorithm = checksumAlgorithmNamed(named)
  if (algorithm === undefined) return refused('Value for x-amz-sdk-checksum-algorithm header is invalid.')
  if (announced.kind === 'none') return refused(NOTHING_SPECIFIED)
  if (announced.algorithm === algorithm) return undefined
  return refused('Value for x-amz-sdk-checksum-algorithm header is invalid.')
}

function refused(message: string): S3Error {
  return s3Error('InvalidRequest', { message })
}

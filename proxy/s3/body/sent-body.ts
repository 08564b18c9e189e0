/**
 * How the body of a request came, by its headers and its signature: as it is or in chunks, with which checksums. What is
 * wrong already there is answered before a byte is read.
 */
import { ChunkSignatures } from '#auth/s3/chunk-signatures.ts'
import { type PayloadKind, payloadKind } from '#auth/s3/payload-hash.ts'
import type { Sender } from '#auth/s3/request-verifier.ts'
import type { HeaderMap, Request } from '#http/message.ts'
import { isS3Error, type S3Error, s3Error } from '../error.ts'
import type { SentBody } from '../operation.ts'
import type { S3Request } from '../request.ts'
import { NOTHING_SENT } from '../visitor.ts'
import { type AnnouncedChecksum, announcedChecksum } from './announced-checksum.ts'
import { type BodyFraming, PlainFraming } from './body-framing.ts'
import { CheckedBody } from './checked-body.ts'
import { ChunkedFraming } from './chunked-framing.ts'

const NO_CHECKSUM: AnnouncedChecksum = { kind: 'none' }

export function sentBody(request: S3Request, sender: Sender): SentBody | S3Error {
  const { method, headers, http } = request
  if (method !== 'PUT' && method !== 'POST') return NOTHING_SENT
  const announced = isAboutBody(request) ? announcedChecksum(headers) : NO_CHECKSUM
  if (isS3Error(announced)) return announced
  const payload = payloadOf(headers, sender)
  if (payload.kind === 'digest' || payload.kind === 'unsigned') {
    const framing = new PlainFraming(payload.kind === 'digest' ? payload.hash : undefined)
    const refusal = checkLength(request) ?? checkNoTrailer(announced) ?? checkNothing(http, payload)
    if (refusal !== undefined) return refusal
    return new CheckedBody({ inner: http.body, framing, lengthBytes: http.body.lengthBytes, announced })
  }
  const payloadBytes = decodedLength(headers)
  if (payloadBytes === undefined) return s3Error('MissingContentLength')
  const framing = chunkedFraming(payload.kind, payloadBytes, announced, sender)
  if (isS3Error(framing)) return framing
  return new CheckedBody({ inner: http.body, framing, lengthBytes: payloadBytes, announced })
}

/** The checksums of CompleteMultipartUpload are those of the object, not of the list of its parts. */
function isAboutBody({ method, query }: S3Request): boolean {
  return method !== 'POST' || !query.has('uploadId')
}

interface Payload {
  readonly kind: PayloadKind
  readonly hash: string
}

/** What the signature says of the body; without one, what the header says. */
function payloadOf(headers: HeaderMap, sender: Sender): Payload {
  const signed = sender.kind === 'signed' ? sender.payloadHash : undefined
  const hash = signed ?? headers['x-amz-content-sha256'] ?? ''
  const kind = payloadKind(hash) ?? 'unsigned'
  // Some say the encoding only where encodings are said.
  const isChunked = kind === 'unsigned' && /\baws-chunked\b/i.test(headers['content-encoding'] ?? '')
  const comesInChunks = isChunked && headers['x-amz-decoded-content-length'] !== undefined
  return { kind: comesInChunks ? 'unsigned_chunks' : kind, hash }
}

function chunkedFraming(
  kind: Exclude<PayloadKind, 'digest' | 'unsigned'>,
  payloadBytes: number,
  announced: AnnouncedChecksum,
  sender: Sender,
): BodyFraming | S3Error {
  const trailer = announced.kind === 'in_trailer' ? announced.algorithm : undefined
  if (kind === 'unsigned_chunks') {
    return new ChunkedFraming({ payloadBytes, signatures: undefined, trailer, trailerSigned: 'unsigned' })
  }
  const chunks = sender.kind === 'signed' ? sender.chunks : undefined
  if (chunks === undefined) return s3Error('NotImplemented', { message: UNVERIFIABLE })
  const trailerSigned = kind === 'signed_chunks' ? 'unsigned' : 'signed'
  const refusal = kind === 'signed_chunks' ? checkNoTrailer(announced) : undefined
  if (refusal !== undefined) return refusal
  return new ChunkedFraming({ payloadBytes, signatures: new ChunkSignatures(chunks), trailer, trailerSigned })
}

/** A body that has no room for a trailer cannot bring one, and one that nobody signed must not pass for signed. */
function checkNoTrailer(announced: AnnouncedChecksum): S3Error | undefined {
  return announced.kind === 'in_trailer' ? s3Error('MalformedTrailerError') : undefined
}

/** Who does not read a body that is empty must know that it was to be. */
function checkNothing({ body }: Request, { kind, hash: sha256 }: Payload): S3Error | undefined {
  return body.lengthBytes === 0 && kind === 'digest' ? new PlainFraming(sha256).end() : undefined
}

const UNVERIFIABLE = 'The signatures of the chunks cannot be verified with these credentials.'

/** `x-amz-decoded-content-length`; AWS calls one that is no number missing. */
function decodedLength(headers: HeaderMap): number | undefined {
  const written = headers['x-amz-decoded-content-length'] ?? ''
  return /^\d{1,15}$/.test(written) ? Number(written) : undefined
}

/** What is put to a key and is no upload: nothing at all may come with it. */
const NO_UPLOADS: readonly string[] = ['acl', 'tagging', 'retention', 'legal-hold']

/** An upload says how long it is; only chunks of AWS's own kind may leave that to another header. */
function checkLength({ level, method, headers, query }: S3Request): S3Error | undefined {
  if (level !== 'object' || method !== 'PUT' || headers['x-amz-copy-source'] !== undefined) return undefined
  if (query.size > 0 && NO_UPLOADS.some((name) => query.has(name))) return undefined
  if (headers['transfer-encoding'] !== undefined) {
    return s3Error('NotImplemented', { extra: { Header: 'Transfer-Encoding' } })
  }
  return headers['content-length'] === undefined ? s3Error('MissingContentLength') : undefined
}

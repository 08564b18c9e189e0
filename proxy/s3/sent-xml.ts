/** The document that a request brought: read whole, verified, parsed. */
import { hash } from 'node:crypto'
import { BodyError, readWhole } from '#http/message.ts'
import { type S3Error, s3Error } from './error.ts'
import type { S3Visit, SentBody } from './operation.ts'
import { parseXml, XmlElement } from './xml-reader.ts'

/** Nothing was sent. */
export function bodyIsEmpty({ body }: SentBody): boolean {
  return body.lengthBytes === 0
}

/**
 * The root element of the body, which must have this name: else `MalformedXML`. More than `limitBytes` is
 * `MaxMessageLengthExceeded`, nothing `MissingRequestBodyError`.
 */
export async function sentXml(
  visit: S3Visit,
  root: string,
  limitBytes: number,
): Promise<XmlElement | S3Error> {
  const bytes = await sentBytes(visit, limitBytes)
  if (!Buffer.isBuffer(bytes)) return bytes
  if (bytes.length === 0) return s3Error('MissingRequestBodyError')
  const parsed = parseXml(bytes)
  if (!(parsed instanceof XmlElement)) return parsed
  return parsed.name === root ? parsed : s3Error('MalformedXML')
}

/** The whole body of a request that is no upload, after all that was said about it has been found to be true. */
export async function sentBytes({ sent, request }: S3Visit, limitBytes: number): Promise<Buffer | S3Error> {
  try {
    const bytes = await readWhole(sent.body, limitBytes)
    return sent.problem() ?? digestProblem(request.headers['content-md5'], bytes) ?? bytes
  } catch (error) {
    if (!(error instanceof BodyError)) throw error
    if (error.code === 'BODY_TOO_LARGE') return s3Error('MaxMessageLengthExceeded')
    const usual = s3Error(error.code === 'SENDER_TIMEOUT' ? 'RequestTimeout' : 'IncompleteBody')
    return sent.problem() ?? usual
  }
}

function digestProblem(stated: string | undefined, bytes: Buffer): S3Error | undefined {
  if (stated === undefined) return undefined
  const wanted = md5In(stated)
  if (wanted === undefined) return s3Error('InvalidDigest', { extra: { 'Content-MD5': stated } })
  return wanted === hash('md5', bytes) ? undefined : badDigest(wanted, hash('md5', bytes))
}

const MD5_BYTES = 16

/** The digest in a `Content-MD5`, as hex; `undefined` when it is none. */
export function md5In(written: string): string | undefined {
  const bytes = Buffer.from(written, 'base64')
  const isDigest = bytes.length === MD5_BYTES && bytes.toString('base64') === written.trim()
  return isDigest ? bytes.toString('hex') : undefined
}

function badDigest(wanted: string, found: string): S3Error {
  const base64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64')
  const message = 'The Content-MD5 you specified did not match what we received.'
  return s3Error('BadDigest', {
    message,
    extra: { ExpectedDigest: base64(wanted), CalculatedDigest: base64(found) },
  })
}

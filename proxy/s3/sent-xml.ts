/** The document that a request brought: read whole, verified, parsed. */
import { hash } from 'node:crypto'
import { BodyError, type HeaderMap, readWhole } from '#http/message.ts'
import { badDigest, expectedMd5In } from './body/content-md5.ts'
import { isS3Error, type S3Error, s3Error } from './error.ts'
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
    return sent.problem() ?? digestProblem(request.headers, bytes) ?? bytes
  } catch (error) {
    if (!(error instanceof BodyError)) throw error
    if (error.code === 'BODY_TOO_LARGE') return s3Error('MaxMessageLengthExceeded')
    const usual = s3Error(error.code === 'SENDER_TIMEOUT' ? 'RequestTimeout' : 'IncompleteBody')
    return sent.problem() ?? usual
  }
}

function digestProblem(headers: HeaderMap, bytes: Buffer): S3Error | undefined {
  const stated = expectedMd5In(headers)
  if (isS3Error(stated)) return stated
  if (stated.md5 === undefined) return undefined
  const found = hash('md5', bytes)
  return stated.md5 === found ? undefined : badDigest(stated.md5, found)
}

/** What may not be in headers of an upload. */
import { isUtf8 } from 'node:buffer'
import type { HeaderMap } from '#http/message.ts'
import { invalidArgument, type S3Error, s3Error } from '../error.ts'
import { DEFAULT_CONTENT_TYPE, REDIRECT_SYSMETA } from './object-facts.ts'

/** The type of an upload; one that speaks our own language, which listings believe, is refused. */
export function contentTypeIn(headers: HeaderMap): { readonly contentType: string } | S3Error {
  const written = headers['content-type']
  if (written === undefined || written === '') return { contentType: DEFAULT_CONTENT_TYPE }
  const [, ...parameters] = written.split(';')
  const isOurs = parameters.some((parameter) => parameter.trimStart().toLowerCase().startsWith('swift_'))
  if (!isOurs && isUtf8(Buffer.from(written, 'latin1'))) return { contentType: written }
  return invalidArgument('content-type', written, 'The content type is not valid.')
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-page-redirect.html */
const REDIRECT_LIMIT_BYTES = 2_048

/** Where a website sends whoever asks for the object. */
export function redirectIn(headers: HeaderMap): Readonly<Record<string, string>> | S3Error {
  const written = headers['x-amz-website-redirect-location']
  if (written === undefined) return {}
  const isPlace = /^(?:\/|https?:\/\/)/.test(written) && written.length <= REDIRECT_LIMIT_BYTES
  return isPlace ? { [REDIRECT_SYSMETA]: written } : s3Error('InvalidRedirectLocation')
}

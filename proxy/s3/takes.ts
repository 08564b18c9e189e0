/**
 * Which requests are S3's. Two looks at a request, because hosts that stand for Swift's accounts are found between them:
 * what is surely S3's (it is signed as S3 is, or comes to a bucket's host) is taken at once; of what nobody signed, all
 * that is not in a place of another service's.
 */
import type { Request } from '#http/message.ts'
import type { S3Options } from './options.ts'
import { namedHost } from './request.ts'

/** Signed as S3 requests are, or sent to the host of a bucket. */
export function isSurelyS3(request: Request, options: S3Options): boolean {
  const authorization = request.headers['authorization']
  if (authorization !== undefined && isS3Authorization(authorization)) return true
  if (request.query !== '' && hasSignatureParameters(request.query)) return true
  return namedHost(request, options.domains).kind === 'bucket'
}

function isS3Authorization(value: string): boolean {
  return value.startsWith('AWS4-') || value.startsWith('AWS ')
}

function hasSignatureParameters(query: string): boolean {
  if (query.includes('X-Amz-')) return /(?:^|&)X-Amz-(?:Signature|Algorithm)=/.test(query)
  return query.includes('AWSAccessKeyId=') && /(?:^|&)Signature=/.test(query)
}

/** First segments of paths that are other services'; what is below them is theirs, too. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  'v1',
  'v1.0',
  'auth',
  'info',
  'healthcheck',
  'metrics',
  'endpoints',
  'identity',
  'image',
  'crossdomain.xml',
  'favicon.ico',
])

/** Swift's answers to what is nowhere stay Swift's: a bucket's name has at least three characters of few kinds. */
const BUCKET = /^[A-Za-z0-9][A-Za-z0-9._-]{2,254}$/

/** What AWS's own clients send with every request, a signed one or not. */
const SDK_HEADER = 'amz-sdk-invocation-id'

/** An anonymous request to a path that can be a bucket's, or of an S3 client to none, sent without anything of Swift's. */
export function isPerhapsS3({ path, headers }: Request, authPrefix: string): boolean {
  if (headers['x-auth-token'] !== undefined || headers['x-storage-token'] !== undefined) return false
  if (path === '/') return headers[SDK_HEADER] !== undefined
  if (path.startsWith(authPrefix)) return false
  const end = path.indexOf('/', 1)
  const first = path.slice(1, end < 0 ? path.length : end)
  return BUCKET.test(first) && !ELSEWHERE.has(first)
}

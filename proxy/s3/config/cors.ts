/**
 * Requests that scripts of other sites make: the preflight that asks whether they may, and what the answer to the request
 * itself tells the browser (Amazon S3 User Guide, "Using cross-origin resource sharing").
 */
import type { Response } from '#http/message.ts'
import type { CorsConfiguration } from '#store/bucket-settings/documents.ts'
import type { Transaction } from '../../transaction.ts'
import { findBucket } from '../buckets/resolve-bucket.ts'
import { isS3Error, type S3Error, s3Error } from '../error.ts'
import type { S3Deps, S3Operation, S3Visit } from '../operation.ts'
import type { S3Request } from '../request.ts'
import { type CrossOriginRequest, corsHeaders, headerNamesIn, ruleFor } from './cors-match.ts'

const METHOD_HEADER = 'access-control-request-method'

export const corsOperations: readonly S3Operation[] = (['bucket', 'object'] as const).map((level) => ({
  name: level === 'bucket' ? 'OptionsBucket' : 'OptionsObject',
  method: 'OPTIONS',
  level,
  // A browser asks, which signs nothing; the signature in a link is that of the request to come.
  signature: 'not_looked_at',
  action: 'none',
  bucket: 'may_be_missing',
  run: preflight,
}))

/** What a browser is told that asks whether a script may make a request. */
export async function preflight({ deps, transaction, request }: S3Visit): Promise<Response | S3Error> {
  const { headers } = request
  const origin = headers['origin']
  if (origin === undefined || origin === '') {
    const message = 'Insufficient information. Origin request header needed.'
    return s3Error('BadRequest', { message })
  }
  const method = headers[METHOD_HEADER]
  if (method === undefined || !METHODS.has(method)) {
    const message = `Invalid Access-Control-Request-Method: ${method ?? 'null'}`
    return s3Error('BadRequest', { message })
  }
  const found = await configurationOf(deps, transaction, request)
  const extra = { Method: method, ResourceType: request.level.toUpperCase() }
  if (typeof found === 'string') return forbidden(found, extra)
  const asked = { origin, method, headers: headerNamesIn(headers['access-control-request-headers']) }
  const rule = ruleFor(found, asked)
  if (rule === undefined) return forbidden(NOT_ALLOWED, extra)
  return { status: 200, headers: { ...corsHeaders(rule, asked), 'content-length': '0' }, body: undefined }
}

const METHODS: ReadonlySet<string> = new Set(['GET', 'PUT', 'HEAD', 'POST', 'DELETE'])
const NO_BUCKET = 'CORSResponse: Bucket not found'
const NOT_ENABLED = 'CORSResponse: CORS is not enabled for this bucket.'
const NOT_ALLOWED =
  'CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / ' +
  "Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec."

function forbidden(message: string, extra: Readonly<Record<string, string>>): S3Error {
  return s3Error('AccessForbidden', { message, extra })
}

/** What the bucket of the request allows; a sentence when it allows nothing. */
async function configurationOf(
  deps: S3Deps,
  transaction: Transaction,
  { bucket: name = '' }: S3Request,
): Promise<CorsConfiguration | string> {
  const bucket = await findBucket(deps, transaction, name, { kind: 'anonymous' })
  if (isS3Error(bucket)) return NO_BUCKET
  const read = await deps.settings.ofKnown(transaction, bucket.container, bucket.info)
  const configuration = read.kind === 'settings' ? read.documents.cors : undefined
  return configuration ?? NOT_ENABLED
}

/** Any answer, or error, with what the browser of a script of another site must be told of it. */
export async function withCors<Result extends Response | S3Error>(
  deps: S3Deps,
  transaction: Transaction,
  request: S3Request,
  result: Result,
): Promise<Result> {
  const { origin } = request.headers
  const isAsked = origin !== undefined && origin !== '' && request.bucket !== undefined
  if (!isAsked || request.method === 'OPTIONS') return result
  const found = await configurationOf(deps, transaction, request)
  if (typeof found === 'string') return result
  const asked: CrossOriginRequest = { origin, method: request.method, headers: [] }
  const rule = ruleFor(found, asked)
  return rule === undefined
    ? result
    : { ...result, headers: { ...result.headers, ...corsHeaders(rule, asked) } }
}

/**
 * A request to the S3 door, parsed once: which bucket and which key it names, in whichever style. A key is what its
 * percent-encoding says, byte for byte: nothing about slashes, dots or the forms of Unicode is ever put right.
 */
import { decodePercent } from '#base/names.ts'
import type { HeaderMap, Request } from '#http/message.ts'
import { parseQuery } from '#http/query.ts'
import { hostOf } from '../middleware/host-header.ts'
import { type S3Error, s3Error } from './error.ts'
import { withHoistedHeaders } from './hoisted-headers.ts'

export interface S3Request {
  /** As the client sent it; path and query percent-encoded. */
  readonly http: Request
  readonly method: string
  readonly headers: HeaderMap
  /** Decoded parameters; of a repeated one the last counts. */
  readonly query: ReadonlyMap<string, string>
  readonly level: Level
  /** `undefined` at the service. */
  readonly bucket: string | undefined
  /** `undefined` at the service and at a bucket. */
  readonly key: string | undefined
  /** At the level of accounts, what of the account: `configuration/publicAccessBlock`. */
  readonly ofAccount?: string | undefined
  /** `host`: the bucket is in the name of the host. */
  readonly style: 'path' | 'host'
  /** What errors name: `/bucket/key`, decoded. */
  readonly resource: string
}

/** `account`: of S3 Control, about a whole account. */
export type Level = 'service' | 'account' | 'bucket' | 'object'

/** What the host of a request says, where domains are configured. */
export type NamedHost =
  /** `bucket.domain`. */
  | { readonly kind: 'bucket'; readonly bucket: string }
  /** The domain itself: the bucket is in the path. */
  | { readonly kind: 'domain' }
  /** None of ours. */
  | { readonly kind: 'other' }

const OTHER: NamedHost = { kind: 'other' }
const DOMAIN: NamedHost = { kind: 'domain' }

/** `domains` are lower-case and without a leading dot. */
export function namedHost(request: Request, domains: readonly string[]): NamedHost {
  if (domains.length === 0) return OTHER
  const host = hostOf(request)
  if (host === undefined) return OTHER
  const name = host.name.toLowerCase()
  for (const domain of domains) {
    if (name === domain) return DOMAIN
    if (name.length > domain.length + 1 && name.endsWith(`.${domain}`)) {
      return { kind: 'bucket', bucket: name.slice(0, -domain.length - 1) }
    }
  }
  return OTHER
}

/** `InvalidURI` when the path is no text: not UTF-8, escaped wrongly, or with a NUL, which separates our own names. */
export function s3Request(request: Request, domains: readonly string[]): S3Request | S3Error {
  const path = decodedPath(request.path)
  if (path === undefined) return s3Error('InvalidURI', { extra: { URI: request.path } })
  const ofAccount = controlled(request, path)
  const host = ofAccount === undefined ? namedHost(request, domains) : OTHER
  const { bucket, key } =
    host.kind === 'bucket'
      ? inHostStyle(host.bucket, path)
      : inPathStyle(ofAccount === undefined ? path : '/')
  const { values, invalid } = parseQuery(request.query)
  if (invalid.size > 0 || request.query.includes('%00')) {
    return s3Error('InvalidURI', { extra: { URI: request.path } })
  }
  return {
    http: request,
    method: request.method,
    headers: withHoistedHeaders(request.headers, values),
    query: values,
    level: ofAccount === undefined ? levelOf({ bucket, key }) : 'account',
    bucket,
    key,
    ofAccount,
    style: host.kind === 'bucket' ? 'host' : 'path',
    resource: host.kind === 'bucket' ? `/${host.bucket}${path}` : path,
  }
}

/** The version of the API of S3 Control, with which all its paths begin. */
const CONTROL_PREFIX = '/v20180820/'
/** Whose account a request to S3 Control is about; SDKs put it before the host's name, too, which counts for nothing here. */
export const ACCOUNT_ID_HEADER = 'x-amz-account-id'

/** What of an account a request is about; `undefined` of all requests that are not S3 Control's. */
function controlled({ headers }: Request, path: string): string | undefined {
  const isControl = headers[ACCOUNT_ID_HEADER] !== undefined && path.startsWith(CONTROL_PREFIX)
  return isControl ? path.slice(CONTROL_PREFIX.length) : undefined
}

function levelOf({ bucket, key }: Named): Level {
  if (bucket === undefined) return 'service'
  return key === undefined ? 'bucket' : 'object'
}

const BAD_ESCAPE = /%(?![0-9a-fA-F]{2})/

/** The path as text; `undefined` when it is none. */
export function decodedPath(encoded: string): string | undefined {
  return encoded[0] === '/' ? decodedName(encoded) : undefined
}

/** Percent-encoded names as text; `undefined` when they are none: not UTF-8, escaped wrongly, or with a NUL. */
export function decodedName(encoded: string): string | undefined {
  if (BAD_ESCAPE.test(encoded)) return undefined
  const text = decodePercent(encoded)
  return text?.includes('\0') === true ? undefined : text
}

interface Named {
  readonly bucket: string | undefined
  readonly key: string | undefined
}

function inHostStyle(bucket: string, path: string): Named {
  return { bucket, key: path === '/' ? undefined : path.slice(1) }
}

/** The slash after the bucket ends its name; all after it is the key, further slashes at its beginning included. */
function inPathStyle(path: string): Named {
  if (path === '/') return { bucket: undefined, key: undefined }
  const slash = path.indexOf('/', 1)
  if (slash < 0) return { bucket: path.slice(1), key: undefined }
  const key = path.slice(slash + 1)
  return { bucket: path.slice(1, slash), key: key === '' ? undefined : key }
}

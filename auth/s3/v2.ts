/**
 * Signature Version 2 ("Signing and Authenticating REST Requests"), which older tools still use: an HMAC-SHA-1 over method,
 * a few headers and the resource, in the `Authorization` header or in the query of a link with an end.
 */
import { createHmac } from 'node:crypto'
import { sameInConstantTime } from '../request-signature.ts'
import { isoSeconds, parseHttpOrAmzDate } from './amz-date.ts'
import type { Parameter } from './canonical-text.ts'
import { type Refusal, refuse, refuseArgument } from './refusal.ts'
import { hexBytes, type PublicAddress, readable, type SignedRequest } from './signed-request.ts'

export interface V2Claim {
  readonly via: 'header' | 'query'
  readonly accessKey: string
  readonly signature: string
  /** When it was signed; a link says instead when it ends. Milliseconds since the epoch. */
  readonly timeMs: number | undefined
  readonly expiresMs: number | undefined
  /** The line of the string to sign that holds the date. */
  readonly dateLine: string
  readonly securityToken: string | undefined
}

const NO_DATE = 'AWS authentication requires a valid Date or x-amz-date header'
export const ONE_SPACE = "Authorization header is invalid -- one and only one ' ' (space) required"
const ONE_COLON = 'AWS authorization header is invalid.  Expected AwsAccessKeyId:signature'

/** Of an `Authorization` header that begins with `AWS `. */
export function v2ClaimInHeader(authorization: string, headers: SignedRequest['headers']): V2Claim | Refusal {
  const parts = authorization.split(' ')
  if (parts.length !== 2) return refuseArgument('Authorization', readable(authorization), ONE_SPACE)
  const [, credentials = ''] = parts
  // An access key may hold colons: those of Swift's users do.
  const colon = credentials.lastIndexOf(':')
  if (colon < 1 || colon === credentials.length - 1) {
    return refuseArgument('Authorization', readable(authorization), ONE_COLON)
  }
  const amzDate = headers['x-amz-date']
  const timeMs = parseHttpOrAmzDate(amzDate ?? headers['date'] ?? '')
  if (timeMs === undefined) return refuse('AccessDenied', NO_DATE)
  return {
    via: 'header',
    accessKey: credentials.slice(0, colon),
    signature: credentials.slice(colon + 1),
    timeMs,
    expiresMs: undefined,
    dateLine: amzDate === undefined ? (headers['date'] ?? '') : '',
    securityToken: headers['x-amz-security-token'],
  }
}

const PARAMETERS_NEEDED =
  'Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters'

/** Of a link. */
export function v2ClaimInQuery(
  parameters: readonly Parameter[],
  headers: SignedRequest['headers'],
): V2Claim | Refusal {
  const find = (name: string): string | undefined => parameters.find((one) => one.name === name)?.value
  const accessKey = find('AWSAccessKeyId')
  const signature = find('Signature')
  const expires = find('Expires')
  if (!accessKey || !signature || !expires) return refuse('AccessDenied', PARAMETERS_NEEDED)
  if (!/^\d{1,12}$/.test(expires)) {
    return refuse('AccessDenied', `Invalid date (should be seconds since epoch): ${readable(expires)}`)
  }
  return {
    via: 'query',
    accessKey,
    // Base64 has no spaces: a plus sign that was not escaped was read as one.
    signature: signature.replaceAll(' ', '+'),
    timeMs: undefined,
    expiresMs: Number(expires) * 1000,
    dateLine: expires,
    securityToken: find('x-amz-security-token') ?? headers['x-amz-security-token'],
  }
}

/** Sub-resources that Version 2 does not sign: whoever has a link could put them behind it, and do something else with it. */
const NEVER_SIGNED: ReadonlySet<string> = new Set(
  'attributes encryption intelligent-tiering legal-hold ownershipControls policyStatus publicAccessBlock retention'.split(
    ' ',
  ),
)

/** The refusal of a link that asks for something that its signature says nothing of. */
export function checkV2Link({ via }: V2Claim, parameters: readonly Parameter[]): Refusal | undefined {
  if (via !== 'query' || !parameters.some(({ name }) => NEVER_SIGNED.has(name))) return undefined
  return refuse('AccessDenied', 'This operation cannot be signed by Signature Version 2 in a query string')
}

/** The refusal of a link that has ended. */
export function checkV2Expiry({ expiresMs }: V2Claim, nowMs: number): Refusal | undefined {
  if (expiresMs === undefined || nowMs <= expiresMs) return undefined
  return refuse('AccessDenied', 'Request has expired', {
    Expires: isoSeconds(expiresMs),
    ServerTime: isoSeconds(nowMs),
  })
}

/** Parameters that are part of the resource: sub-resources, and headers that the answer is to have. */
const SIGNED_PARAMETERS: ReadonlySet<string> = new Set(
  (
    'accelerate acl analytics cors defaultObjectAcl delete inventory lifecycle location logging metrics notification ' +
    'object-lock partNumber policy replication requestPayment restore select select-type storageClass tagging torrent ' +
    'uploadId uploads versionId versioning versions website response-cache-control response-content-disposition ' +
    'response-content-encoding response-content-language response-content-type response-expires'
  ).split(' '),
)

export interface V2Check {
  readonly claim: V2Claim
  readonly request: SignedRequest
  readonly parameters: readonly Parameter[]
  readonly addresses: readonly PublicAddress[]
}

/** How the resource was written when it was signed. */
interface ResourceForm {
  /** What a proxy in front of us took off the path. */
  readonly pathPrefix: string
  /** Some write `uploads=` as it stands in the query, others `uploads`. */
  readonly emptyValues: 'as_sent' | 'without_equals'
  /** The resource of a bucket is `/bucket/` to AWS and the clients of its own, however the path is written. */
  readonly slashAfterBucket: '' | '/'
}

const AS_SENT: ResourceForm = { pathPrefix: '', emptyValues: 'as_sent', slashAfterBucket: '' }

function* otherResources({ addresses, request }: V2Check): Generator<ResourceForm> {
  const isBucket = request.bucketInHost === undefined && /^\/[^/]+$/.test(request.path)
  for (const pathPrefix of new Set(['', ...addresses.map((address) => address.pathPrefix)])) {
    for (const slashAfterBucket of isBucket ? (['/', ''] as const) : ([''] as const)) {
      yield { pathPrefix, emptyValues: 'as_sent', slashAfterBucket }
      yield { pathPrefix, emptyValues: 'without_equals', slashAfterBucket }
    }
  }
}

/** The string that was signed, if the resource was written so. */
export function v2StringToSign({ claim, request, parameters }: V2Check, form = AS_SENT): string {
  const { method, headers } = request
  return [
    method,
    headers['content-md5']?.trim() ?? '',
    headers['content-type']?.trim() ?? '',
    claim.dateLine,
    ...amzHeaderLines(claim, request, parameters),
    resourceOf(request, parameters, form),
  ].join('\n')
}

/** `undefined`: it is the key holder's. */
export function checkV2(check: V2Check, secret: string): Refusal | undefined {
  const { claim } = check
  const first = v2StringToSign(check)
  const isSigned = (text: string): boolean => sameInConstantTime(v2Signature(text, secret), claim.signature)
  if (isSigned(first)) return undefined
  for (const resource of otherResources(check))
    if (isSigned(v2StringToSign(check, resource))) return undefined
  return refuse('SignatureDoesNotMatch', undefined, {
    AWSAccessKeyId: readable(claim.accessKey),
    StringToSign: readable(first),
    SignatureProvided: readable(claim.signature),
    StringToSignBytes: hexBytes(first),
  })
}

/** Base64, of bytes. */
export function v2Signature(stringToSign: string, secret: string): string {
  return createHmac('sha1', Buffer.from(secret)).update(stringToSign, 'latin1').digest('base64')
}

/** Sorted; a link may carry them as parameters. */
function amzHeaderLines(
  { via }: V2Claim,
  { headers }: SignedRequest,
  parameters: readonly Parameter[],
): readonly string[] {
  const values = new Map<string, string>()
  for (const name in headers) if (name.startsWith('x-amz-')) values.set(name, headers[name] ?? '')
  if (via === 'query') {
    for (const { name: written, value } of parameters) {
      const name = written.toLowerCase()
      if (!name.startsWith('x-amz-')) continue
      // What is said twice, and not alike, was signed twice, or not at all: none of the two may stand in for the other.
      const before = values.get(name)
      values.set(name, before === undefined || before === value ? value : `${before},${value}`)
    }
  }
  const names = [...values.keys()].sort()
  return names.map((name) => `${name}:${(values.get(name) ?? '').trim()}`)
}

function resourceOf(
  { bucketInHost, path, query }: SignedRequest,
  parameters: readonly Parameter[],
  { pathPrefix, emptyValues, slashAfterBucket }: ResourceForm,
): string {
  const whole = `${bucketInHost === undefined ? '' : `/${bucketInHost}`}${pathPrefix}${path}${slashAfterBucket}`
  const withEquals = new Set(query.split('&').flatMap((pair) => pair.match(/^[^=]*(?==)/) ?? []))
  const written = ({ name, value }: Parameter): string => {
    const isBare = value === '' && (emptyValues === 'without_equals' || !withEquals.has(name))
    return isBare ? name : `${name}=${value}`
  }
  const signed = parameters
    .filter(({ name }) => SIGNED_PARAMETERS.has(name))
    .map(written)
    .sort()
  return signed.length === 0 ? whole : `${whole}?${signed.join('&')}`
}

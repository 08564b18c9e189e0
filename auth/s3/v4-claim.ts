/**
 * What a request signed by Signature Version 4 claims, read from its `Authorization` header or its query
 * ("Authenticating Requests: Using the Authorization Header" and "… Using Query Parameters" in the API reference of
 * Amazon S3). Reading verifies nothing but the form, and the scope against where the request arrived.
 */
import type { HeaderMap } from '#http/message.ts'
import { amzDate, parseAmzDate, parseHttpOrAmzDate } from './amz-date.ts'
import type { Parameter } from './canonical-text.ts'
import { isRefused, type Refusal, refuse } from './refusal.ts'

export const V4_ALGORITHM = 'AWS4-HMAC-SHA256'
const TERMINATOR = 'aws4_request'
/** A presigned request is good for a week at most (API reference, `X-Amz-Expires`). Seconds. */
export const EXPIRES_SECONDS_MAX = 604_800

export interface V4Scope {
  /** `20130524`. */
  readonly date: string
  readonly region: string
  readonly service: string
}

export interface V4Claim {
  readonly via: 'header' | 'query'
  readonly accessKey: string
  readonly scope: V4Scope
  /** As written: `20130524T000000Z`. */
  readonly date: string
  readonly timeMs: number
  /** Lower-case, in the order in which they were signed. */
  readonly signedHeaders: readonly string[]
  readonly signature: string
  /** Of a presigned request. */
  readonly expiresSeconds: number | undefined
  readonly securityToken: string | undefined
}

/** Where requests are expected to be for. */
export interface V4Place {
  /** `undefined`: any region will do. */
  readonly region: string | undefined
  readonly service: 's3' | 'sts'
}

export function scopeText({ date, region, service }: V4Scope): string {
  return `${date}/${region}/${service}/${TERMINATOR}`
}

type Source = 'header' | 'query'

const CREDENTIAL_FORM =
  'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".'

/** The error of the place where the signature stands. */
function malformed(source: Source, problem: string, extra?: Readonly<Record<string, string>>): Refusal {
  return source === 'header'
    ? refuse('AuthorizationHeaderMalformed', `The authorization header is malformed; ${problem}`, extra)
    : refuse(
        'AuthorizationQueryParametersError',
        `Error parsing the X-Amz-Credential parameter; ${problem}`,
        extra,
      )
}

interface Credential {
  readonly accessKey: string
  readonly scope: V4Scope
}

/** `AKID/20130524/us-east-1/s3/aws4_request`. An access key may hold slashes; the scope may not. */
export function parseCredential(written: string, place: V4Place, source: Source): Credential | Refusal {
  const parts = written.split('/')
  if (parts.length < 5) return malformed(source, CREDENTIAL_FORM)
  const [date = '', region = '', service = '', terminator = ''] = parts.slice(-4)
  const accessKey = parts.slice(0, -4).join('/')
  if (accessKey === '') return malformed(source, CREDENTIAL_FORM)
  if (!/^\d{8}$/.test(date)) {
    return malformed(
      source,
      `incorrect date format "${date}". This date in the credential must be in the format "yyyyMMdd".`,
    )
  }
  if (terminator !== TERMINATOR) {
    return malformed(source, `incorrect terminal "${terminator}". This endpoint uses "${TERMINATOR}".`)
  }
  if (service !== place.service) {
    return malformed(source, `incorrect service "${service}". This endpoint belongs to "${place.service}".`)
  }
  if (place.region !== undefined && region !== place.region) {
    const problem = `the region '${region}' is wrong; expecting '${place.region}'`
    return malformed(source, problem, { Region: place.region })
  }
  return { accessKey, scope: { date, region, service } }
}

const NO_DATE = 'AWS authentication requires a valid Date or x-amz-date header'

/** Of an `Authorization` header that begins with the algorithm. */
export function v4ClaimInHeader(
  authorization: string,
  headers: HeaderMap,
  place: V4Place,
): V4Claim | Refusal {
  const components = componentsOf(authorization.slice(V4_ALGORITHM.length))
  if (isRefused(components)) return components
  const credential = parseCredential(components.credential, place, 'header')
  if (isRefused(credential)) return credential
  const written = headers['x-amz-date']
  const timeMs = written === undefined ? parseHttpOrAmzDate(headers['date'] ?? '') : parseAmzDate(written)
  if (timeMs === undefined) return refuse('AccessDenied', NO_DATE)
  // Some sign with the date of HTTP; what is signed then is the same time in the form of AWS.
  const date = written ?? amzDate(timeMs)
  if (!date.startsWith(credential.scope.date))
    return malformed('header', wrongDay(credential.scope.date, date))
  return {
    via: 'header',
    ...credential,
    date,
    timeMs,
    signedHeaders: signedHeadersIn(components.signedHeaders),
    signature: components.signature,
    expiresSeconds: undefined,
    securityToken: headers['x-amz-security-token'],
  }
}

function wrongDay(day: string, date: string): string {
  return `Invalid credential date "${day}". This date is not the same as X-Amz-Date: "${date.slice(0, 8)}".`
}

interface Components {
  readonly credential: string
  readonly signedHeaders: string
  readonly signature: string
}

/** `Credential=…, SignedHeaders=…, Signature=…`, in any order, with or without spaces. */
function componentsOf(written: string): Components | Refusal {
  const found: Record<string, string> = Object.create(null)
  for (const component of written.split(',')) {
    const trimmed = component.trim()
    const equals = trimmed.indexOf('=')
    if (equals < 1) {
      return malformed('header', `the authorization component "${trimmed}" is malformed.`)
    }
    found[trimmed.slice(0, equals)] = trimmed.slice(equals + 1)
  }
  const { Credential: credential, SignedHeaders: signedHeaders, Signature: signature } = found
  if (!credential || !signedHeaders || !signature) {
    const problem =
      'the authorization header requires three components: Credential, SignedHeaders, and Signature.'
    return malformed('header', problem)
  }
  return { credential, signedHeaders, signature }
}

function signedHeadersIn(written: string): readonly string[] {
  return written.toLowerCase().split(';')
}

const PARAMETERS_NEEDED =
  'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, ' +
  'X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.'

/** Of a presigned request. A parameter that is given twice is ambiguous; its first value counts everywhere here. */
export function v4ClaimInQuery(parameters: readonly Parameter[], place: V4Place): V4Claim | Refusal {
  const find = (name: string): string | undefined => parameters.find((one) => one.name === name)?.value
  const algorithm = find('X-Amz-Algorithm')
  const written = find('X-Amz-Credential')
  const date = find('X-Amz-Date')
  const signature = find('X-Amz-Signature')
  const signedHeaders = find('X-Amz-SignedHeaders')
  const expires = find('X-Amz-Expires')
  if (!algorithm || !written || !date || !signature || !signedHeaders || expires === undefined) {
    return refuse('AuthorizationQueryParametersError', PARAMETERS_NEEDED)
  }
  if (algorithm !== V4_ALGORITHM) {
    return refuse('AuthorizationQueryParametersError', `X-Amz-Algorithm only supports "${V4_ALGORITHM}"`)
  }
  const credential = parseCredential(written, place, 'query')
  if (isRefused(credential)) return credential
  const timeMs = parseAmzDate(date)
  if (timeMs === undefined) {
    const message = `X-Amz-Date must be in the ISO8601 Long Format "yyyyMMdd'T'HHmmss'Z'"`
    return refuse('AuthorizationQueryParametersError', message)
  }
  if (!date.startsWith(credential.scope.date)) {
    return refuse('AuthorizationQueryParametersError', wrongDay(credential.scope.date, date))
  }
  const expiresSeconds = expiresIn(expires)
  if (typeof expiresSeconds !== 'number') return expiresSeconds
  return {
    via: 'query',
    ...credential,
    date,
    timeMs,
    signedHeaders: signedHeadersIn(signedHeaders),
    signature,
    expiresSeconds,
    securityToken: find('X-Amz-Security-Token'),
  }
}

const A_WEEK_AT_MOST =
  'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds'

function expiresIn(written: string): number | Refusal {
  if (!/^-?\d{1,18}$/.test(written)) {
    return refuse('AuthorizationQueryParametersError', 'X-Amz-Expires should be a number')
  }
  const seconds = Number(written)
  if (seconds < 0) return refuse('AuthorizationQueryParametersError', 'X-Amz-Expires must be non-negative')
  if (seconds > EXPIRES_SECONDS_MAX) return refuse('AuthorizationQueryParametersError', A_WEEK_AT_MOST)
  return seconds
}

/** Signature Version 4 from the client's side, written plainly and apart from what verifies it. For tests. */
import { createHash, createHmac } from 'node:crypto'

export interface V4Credentials {
  readonly accessKey: string
  readonly secret: string
  readonly sessionToken?: string | undefined
}

/** The pair of AWS's documentation. */
export const EXAMPLE: V4Credentials = {
  accessKey: 'AKIAIOSFODNN7EXAMPLE',
  secret: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
}

export interface Unsigned {
  readonly method: string
  /** Percent-encoded, with the query. */
  readonly target: string
  /** Lower-case names; `host` among them. */
  readonly headers: Readonly<Record<string, string>>
}

export interface Signing {
  readonly credentials: V4Credentials
  /** `20130524T000000Z`. */
  readonly date: string
  readonly payloadHash?: string
  readonly region?: string
  readonly service?: string
}

export const EMPTY_HASH = sha256('')

export function sha256(text: string | Buffer): string {
  return createHash('sha256').update(text).digest('hex')
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

function scopeOf({ date, region = 'us-east-1', service = 's3' }: Signing): string {
  return `${date.slice(0, 8)}/${region}/${service}/aws4_request`
}

export function signingKey({ credentials, date, region = 'us-east-1', service = 's3' }: Signing): Buffer {
  const parts = [date.slice(0, 8), region, service, 'aws4_request']
  return parts.reduce<Buffer>(hmac, Buffer.from(`AWS4${credentials.secret}`))
}

function encoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function signatureOf(request: Unsigned, signing: Signing, query: string, payloadHash: string): string {
  const [path = ''] = request.target.split('?')
  const names = Object.keys(request.headers).sort()
  const canonical = [
    request.method,
    path
      .split('/')
      .map((segment) => encoded(decodeURIComponent(segment)))
      .join('/'),
    query,
    ...names.map((name) => `${name}:${(request.headers[name] ?? '').trim().replace(/ +/g, ' ')}`),
    '',
    names.join(';'),
    payloadHash,
  ].join('\n')
  const text = ['AWS4-HMAC-SHA256', signing.date, scopeOf(signing), sha256(canonical)].join('\n')
  return hmac(signingKey(signing), text).toString('hex')
}

function canonicalQuery(parameters: URLSearchParams): string {
  // A tab sorts before whatever may stand in a name.
  const pairs = [...parameters].map(([name, value]) => `${encoded(name)}\t${encoded(value)}`)
  return pairs
    .sort()
    .map((pair) => pair.replace('\t', '='))
    .join('&')
}

/** The request's headers with those of a signature. */
export function signV4(request: Unsigned, signing: Signing): Record<string, string> {
  const { credentials, date, payloadHash = EMPTY_HASH, service = 's3' } = signing
  const headers = {
    ...request.headers,
    'x-amz-date': date,
    ...(service === 's3' ? { 'x-amz-content-sha256': payloadHash } : {}),
    ...(credentials.sessionToken === undefined ? {} : { 'x-amz-security-token': credentials.sessionToken }),
  }
  const [, query = ''] = request.target.split('?')
  const signature = signatureOf(
    { ...request, headers },
    signing,
    canonicalQuery(new URLSearchParams(query)),
    payloadHash,
  )
  const names = Object.keys(headers).sort().join(';')
  const credential = `${credentials.accessKey}/${scopeOf(signing)}`
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`,
  }
}

/** The target of a link that is good for so long. */
export function presignV4(request: Unsigned, signing: Signing, expiresSeconds: number | string): string {
  const [path = '', query = ''] = request.target.split('?')
  const { credentials, date, payloadHash = 'UNSIGNED-PAYLOAD' } = signing
  const parameters = new URLSearchParams(query)
  parameters.set('X-Amz-Algorithm', 'AWS4-HMAC-SHA256')
  parameters.set('X-Amz-Credential', `${credentials.accessKey}/${scopeOf(signing)}`)
  parameters.set('X-Amz-Date', date)
  parameters.set('X-Amz-Expires', String(expiresSeconds))
  parameters.set('X-Amz-SignedHeaders', Object.keys(request.headers).sort().join(';'))
  if (credentials.sessionToken !== undefined) parameters.set('X-Amz-Security-Token', credentials.sessionToken)
  const canonical = canonicalQuery(parameters)
  const signature = signatureOf(request, signing, canonical, payloadHash)
  return `${path}?${canonical}&X-Amz-Signature=${signature}`
}

/**
 * Signatures that other services ask the identity service to check, because only it has the secret: of an S3 request, of which
 * the string that was signed is shown, and of an EC2 request, which is shown whole. Amazon's versions 2 and 4 ("Signing AWS API
 * requests"); version 1 of EC2 is not taken any more. Pure.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { isObject, type Members, textOr } from './model/written.ts'

const V4 = 'AWS4-HMAC-SHA256'

/** `stringToSign` in base64, as `/v3/s3tokens` is given it. */
export function isSignedString(secret: string, encoded: string, signature: string): boolean {
  const text = Buffer.from(encoded, 'base64')
  const lines = text.toString('latin1').split('\n')
  const expected =
    lines[0] === V4
      ? scopedKey(secret, lines[2] ?? '')
          .update(text)
          .digest('hex')
      : createHmac('sha1', secret).update(text).digest('base64')
  return isEqual(expected, signature)
}

/** `credentials` as `/v3/ec2tokens` is given them: `verb`, `host`, `path`, `params`, and of version 4 `headers`, `body_hash`. */
export function isSignedRequest(secret: string, credentials: Members): boolean {
  const params = isObject(credentials['params']) ? credentials['params'] : {}
  const headers = lowerCased(isObject(credentials['headers']) ? credentials['headers'] : {})
  const signature = textOr(credentials['signature'], '')
  const isV4 = textOr(headers['authorization'], '').startsWith(V4) || params['X-Amz-Algorithm'] === V4
  const expected = isV4
    ? signatureV4(secret, credentials, params, headers)
    : signatureV2(secret, credentials, params)
  return expected !== undefined && isEqual(expected, signature)
}

function signatureV2(secret: string, { verb, host, path }: Members, params: Members): string | undefined {
  if (params['SignatureVersion'] !== '2' && params['SignatureVersion'] !== 2) return undefined
  const digest = params['SignatureMethod'] === 'HmacSHA1' ? 'sha1' : 'sha256'
  const text = [
    textOr(verb, ''),
    textOr(host, '').toLowerCase(),
    textOr(path, '/'),
    queryOf(params, 'Signature'),
  ]
  return createHmac(digest, secret).update(text.join('\n')).digest('base64')
}

function signatureV4(
  secret: string,
  { verb, path, body_hash: bodyHash }: Members,
  params: Members,
  headers: Members,
): string | undefined {
  const authorization = textOr(headers['authorization'], '')
  const inHeader = (name: string): string | undefined =>
    new RegExp(`${name}=([^,\\s]+)`).exec(authorization)?.[1]
  const credential = inHeader('Credential') ?? textOr(params['X-Amz-Credential'], '')
  const signed = inHeader('SignedHeaders') ?? textOr(params['X-Amz-SignedHeaders'], '')
  const date = textOr(headers['x-amz-date'], undefined) ?? textOr(params['X-Amz-Date'], '')
  const scope = credential.split('/').slice(1).join('/')
  if (scope.split('/').length !== 4) return undefined
  const canonical = [
    textOr(verb, ''),
    textOr(path, '/'),
    textOr(verb, '') === 'POST' ? '' : queryOf(params, 'X-Amz-Signature'),
    ...signed.split(';').map((name) => `${name}:${String(headers[name] ?? '').trim()}`),
    '',
    signed,
    textOr(bodyHash, ''),
  ].join('\n')
  const text = [V4, date, scope, createHash('sha256').update(canonical).digest('hex')].join('\n')
  return scopedKey(secret, scope).update(text).digest('hex')
}

/** The key of `20260101/region/service/aws4_request`. */
function scopedKey(secret: string, scope: string): ReturnType<typeof createHmac> {
  const key = scope
    .split('/')
    .reduce<Buffer>(
      (parent, part) => createHmac('sha256', parent).update(part).digest(),
      Buffer.from(`AWS4${secret}`),
    )
  return createHmac('sha256', key)
}

/** All parameters but the signature, sorted, percent-encoded as RFC 3986 has it. */
function queryOf(params: Members, without: string): string {
  return Object.keys(params)
    .filter((name) => name !== without)
    .toSorted()
    .map((name) => `${escaped(name)}=${escaped(String(params[name]))}`)
    .join('&')
}

function escaped(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function lowerCased(headers: Members): Members {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

function isEqual(expected: string, given: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(expected), digest(given))
}

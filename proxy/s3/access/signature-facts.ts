/** How a request was signed, as policies ask for it (`s3:authType`, `s3:signatureversion`, `s3:signatureAge`). */
import type { RequestSignature } from '#auth/s3/policy/request-values.ts'
import type { Caller } from '../operation.ts'
import type { S3Request } from '../request.ts'

/** `nowMs`: wall clock, milliseconds since 1970. */
export function signatureOf(
  { headers, query, method }: S3Request,
  caller: Caller,
  nowMs: number,
): RequestSignature | undefined {
  if (caller.kind === 'anonymous') return undefined
  const signedAt = query.get('X-Amz-Date')
  if (query.has('X-Amz-Signature')) {
    return { version: 'AWS4-HMAC-SHA256', where: 'REST-QUERY-STRING', ageMs: ageOf(signedAt, nowMs) }
  }
  if (query.has('AWSAccessKeyId')) return { version: 'AWS', where: 'REST-QUERY-STRING' }
  const authorization = headers['authorization']
  if (authorization === undefined && method === 'POST') return { version: 'AWS4-HMAC-SHA256', where: 'POST' }
  return {
    version: authorization?.startsWith('AWS ') === true ? 'AWS' : 'AWS4-HMAC-SHA256',
    where: 'REST-HEADER',
  }
}

const BASIC_FORM = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/

/** Milliseconds since `20261121T190000Z`. */
function ageOf(signedAt: string | undefined, nowMs: number): number | undefined {
  const found = BASIC_FORM.exec(signedAt ?? '')
  if (found === null) return undefined
  const [, year, month, day, hour, minute, second] = found
  return nowMs - Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
}

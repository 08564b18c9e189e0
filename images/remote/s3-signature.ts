/** Signature Version 4 from the side of who sends (AWS, "Create a signed AWS API request"); its twin in `auth/s3/` verifies. */
import { createHmac, hash } from 'node:crypto'
import { amzDate } from '#auth/s3/amz-date.ts'
import { canonicalHeaders, canonicalPath, canonicalQuery, parametersOf } from '#auth/s3/canonical-text.ts'
import type { SigningKeys } from '#auth/s3/signing-keys.ts'
import { scopeText, V4_ALGORITHM } from '#auth/s3/v4-claim.ts'

export interface S3Credentials {
  readonly accessKey: string
  readonly secretKey: string
  readonly region: string
}

export interface Unsigned {
  readonly method: string
  /** As in the request line. */
  readonly path: string
  readonly query: string
  readonly host: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** The request's headers with those of its signature, which covers all of them and the body. */
export function signedHeaders(
  keys: SigningKeys,
  { accessKey, secretKey, region }: S3Credentials,
  request: Unsigned,
  nowMs: number,
): Readonly<Record<string, string>> {
  const date = amzDate(nowMs)
  const payloadHash = hash('sha256', request.body, 'hex')
  const headers: Record<string, string> = {
    ...request.headers,
    host: request.host,
    'x-amz-date': date,
    'x-amz-content-sha256': payloadHash,
  }
  const names = Object.keys(headers).toSorted()
  const canonical = [
    request.method,
    canonicalPath(request.path),
    canonicalQuery(parametersOf(request.query)),
    canonicalHeaders(names, headers, request.host),
    names.join(';'),
    payloadHash,
  ].join('\n')
  const scope = { date: date.slice(0, 8), region, service: 's3' }
  const text = [V4_ALGORITHM, date, scopeText(scope), hash('sha256', canonical, 'hex')].join('\n')
  const signature = createHmac('sha256', keys.find(secretKey, scope)).update(text).digest('hex')
  const credential = `${accessKey}/${scopeText(scope)}`
  const authorization = `${V4_ALGORITHM} Credential=${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`
  return { ...headers, authorization }
}

/** Bodies in `aws-chunked` encoding as clients make them. For tests. */
import { createHmac } from 'node:crypto'
import { EMPTY_HASH, type Signing, sha256, signingKey } from './sign-v4.ts'

export interface ChunkedOptions {
  readonly payload: Buffer
  readonly chunkBytes: number
  /** `name:value` lines behind the last chunk. */
  readonly trailer?: readonly string[]
  /** Each chunk is signed, beginning with this signature of the request. */
  readonly signed?: Signing & { readonly seedSignature: string; readonly trailerSignature?: 'none' }
}

/** The whole body. */
export function chunkedBody({ payload, chunkBytes, trailer = [], signed }: ChunkedOptions): Buffer {
  const pieces: Buffer[] = []
  let previous = signed?.seedSignature ?? ''
  const head = (chunk: Buffer): string => {
    const size = chunk.length.toString(16)
    if (signed === undefined) return `${size}\r\n`
    previous = signatureOf(signed, 'PAYLOAD', [previous, EMPTY_HASH, sha256(chunk)])
    return `${size};chunk-signature=${previous}\r\n`
  }
  for (let at = 0; at < payload.length; at += chunkBytes) {
    const chunk = payload.subarray(at, at + chunkBytes)
    pieces.push(Buffer.from(head(chunk)), chunk, Buffer.from('\r\n'))
  }
  pieces.push(Buffer.from(head(Buffer.alloc(0))))
  pieces.push(...trailer.map((line) => Buffer.from(`${line}\r\n`)))
  if (signed !== undefined && trailer.length > 0 && signed.trailerSignature !== 'none') {
    const lines = trailer.map((line) => `${line}\n`).join('')
    const signature = signatureOf(signed, 'TRAILER', [previous, sha256(lines)])
    pieces.push(Buffer.from(`x-amz-trailer-signature:${signature}\r\n`))
  }
  pieces.push(Buffer.from('\r\n'))
  return Buffer.concat(pieces)
}

function signatureOf(signing: Signing, what: 'PAYLOAD' | 'TRAILER', rest: readonly string[]): string {
  const { date, region = 'us-east-1', service = 's3' } = signing
  const scope = `${date.slice(0, 8)}/${region}/${service}/aws4_request`
  const text = [`AWS4-HMAC-SHA256-${what}`, date, scope, ...rest].join('\n')
  return createHmac('sha256', signingKey(signing)).update(text).digest('hex')
}

/** The signature in an `Authorization` header. */
export function seedIn(authorization: string): string {
  return /Signature=([0-9a-f]{64})/.exec(authorization)?.[1] ?? ''
}

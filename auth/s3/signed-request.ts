/** What signatures are made over: the request as it came, before anything was decoded or put right. */
import type { HeaderMap } from '#http/message.ts'

export interface SignedRequest {
  readonly method: string
  /** As in the request line. */
  readonly path: string
  /** As in the request line, without `?`. */
  readonly query: string
  readonly headers: HeaderMap
  /** The bucket, when the host names it; Signature Version 2 signs it in front of the path. */
  readonly bucketInHost: string | undefined
}

/** Another name under which clients reach this place, and what stands in front of the path there: `/storage`, or nothing. */
export interface PublicAddress {
  /** As clients send it, with the port where it is not that of the scheme. */
  readonly host: string
  readonly pathPrefix: string
}

/** Reads `https://objects.example/storage`. Throws an `Error` that says what is wrong with it. */
export function publicAddress(url: string): PublicAddress {
  const parsed = URL.parse(url)
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
    throw new Error(`s3: ${JSON.stringify(url)} is not an http or https URL`)
  }
  return { host: parsed.host, pathPrefix: parsed.pathname.replace(/\/+$/, '') }
}

/** Bytes that are the same text in every encoding. */
const ASCII = /^[ -~]*$/

/** Text that headers carry as bytes, as a person reads it. */
export function readable(bytes: string): string {
  if (ASCII.test(bytes)) return bytes
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

/** Its bytes in hex with spaces between, as errors have them. */
export function hexBytes(bytes: string): string {
  return Buffer.from(bytes, 'latin1')
    .toString('hex')
    .replace(/(..)(?=.)/g, '$1 ')
}

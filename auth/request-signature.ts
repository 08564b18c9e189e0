/**
 * Signatures that travel in a URL or a form instead of a token: an HMAC over what the request may do, made with a key
 * that the account or the container keeps (OpenStack Swift, `common/digest.py`). They are compared in constant time.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'

/** By length in hex digits, which is how a signature without a name tells its digest. */
const DIGESTS = { sha1: 40, sha256: 64, sha512: 128 } as const

export type SignatureDigest = keyof typeof DIGESTS

export const SIGNATURE_DIGESTS = Object.keys(DIGESTS) as readonly SignatureDigest[]

export interface Signature {
  readonly digest: SignatureDigest
  /** In hex, as it was given: upper case does not match. */
  readonly hex: string
}

/**
 * Reads `<hex>` or `<digest>:<base64>`, standard or URL-safe, with or without padding. `undefined` for what is none,
 * or is made with a digest that is not allowed.
 */
export function parseSignature(written: string, allowed: readonly SignatureDigest[]): Signature | undefined {
  const colon = written.indexOf(':')
  const named = colon < 0 ? digestOfLength(written) : allowed.find((one) => one === written.slice(0, colon))
  if (named === undefined || !allowed.includes(named)) return undefined
  const hex = colon < 0 ? hexIn(written) : hexOfBase64(written.slice(colon + 1))
  return hex === undefined ? undefined : { digest: named, hex }
}

function digestOfLength(hex: string): SignatureDigest | undefined {
  return SIGNATURE_DIGESTS.find((digest) => DIGESTS[digest] === hex.length)
}

function hexIn(written: string): string | undefined {
  return /^[0-9a-f]+$/i.test(written) ? written : undefined
}

function hexOfBase64(written: string): string | undefined {
  const isEitherAlphabet = /^(?:[0-9A-Za-z+/]+|[0-9A-Za-z_-]+)={0,4}$/.test(written)
  return isEitherAlphabet ? Buffer.from(written, 'base64').toString('hex') : undefined
}

/** HMAC in hex of lines that a line feed separates. Key and lines are bytes, or text that becomes UTF-8. */
export function hmacOfLines(digest: SignatureDigest, key: Buffer, lines: readonly string[]): string {
  return createHmac(digest, key).update(lines.join('\n')).digest('hex')
}

/** Whether two texts are the same; takes as long when they differ at the beginning as at the end. */
export function sameInConstantTime(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)]
  return left.length === right.length && timingSafeEqual(left, right)
}

/** What `x-amz-content-sha256` may say of a body ("Authenticating Requests: Using the Authorization Header"). */
import { type Refusal, refuse, refuseArgument } from './refusal.ts'

export type PayloadKind =
  /** The SHA-256 of the body is signed. */
  | 'digest'
  | 'unsigned'
  /** Chunks, each of them signed. */
  | 'signed_chunks'
  /** Chunks, each of them signed, and a signed trailer. */
  | 'signed_chunks_and_trailer'
  /** Chunks and a trailer, unsigned. */
  | 'unsigned_chunks'

const WORDS: Readonly<Record<string, PayloadKind | 'ecdsa'>> = {
  'UNSIGNED-PAYLOAD': 'unsigned',
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER': 'unsigned_chunks',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD': 'signed_chunks',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER': 'signed_chunks_and_trailer',
  'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD': 'ecdsa',
  'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER': 'ecdsa',
}

const SHA256_HEX = /^[0-9a-fA-F]{64}$/

/** How the body is secured; `undefined` for a value that says nothing known. */
export function payloadKind(written: string): PayloadKind | undefined {
  if (SHA256_HEX.test(written)) return 'digest'
  const kind = Object.hasOwn(WORDS, written) ? WORDS[written] : undefined
  return kind === 'ecdsa' ? undefined : kind
}

/** The refusal of a value that there is not, or that we cannot verify. */
export function checkPayloadHash(written: string): Refusal | undefined {
  if (payloadKind(written) !== undefined) return undefined
  if (Object.hasOwn(WORDS, written)) {
    return refuse('NotImplemented', 'Signatures with ECDSA are not implemented here; use AWS4-HMAC-SHA256.')
  }
  const words = Object.keys(WORDS)
  const message = `x-amz-content-sha256 must be ${words.join(', ')} or a valid sha256 value.`
  return refuseArgument('x-amz-content-sha256', written, message)
}

/**
 * The signatures inside a body that is sent in chunks ("Signature Calculations for the Authorization Header: Transferring
 * Payload in Multiple Chunks"). Each signs its chunk and the signature before it, so that no chunk can be changed, left
 * out, repeated or moved; the first follows the signature of the request itself.
 */
import { createHmac, hash } from 'node:crypto'
import { sameInConstantTime } from '../request-signature.ts'
import type { ChunkSigning } from './request-verifier.ts'

const EMPTY_SHA256 = hash('sha256', '', 'hex')

export class ChunkSignatures {
  readonly #signing: ChunkSigning
  #previous: string

  constructor(signing: ChunkSigning) {
    this.#signing = signing
    this.#previous = signing.seedSignature
  }

  /** Whether the next chunk, with this SHA-256 in hex, was signed so. */
  takeChunk(sha256: string, signature: string): boolean {
    return this.#take(['AWS4-HMAC-SHA256-PAYLOAD', EMPTY_SHA256, sha256], signature)
  }

  /** Whether the trailer was signed so; `lines` are `name:value`, each with a line feed, in their order. */
  takeTrailer(lines: string, signature: string): boolean {
    const sha256 = hash('sha256', Buffer.from(lines, 'latin1'), 'hex')
    return this.#take(['AWS4-HMAC-SHA256-TRAILER', sha256], signature)
  }

  #take([algorithm = '', ...digests]: readonly string[], signature: string): boolean {
    const { key, date, scope } = this.#signing
    const text = [algorithm, date, scope, this.#previous, ...digests].join('\n')
    const expected = createHmac('sha256', key).update(text, 'latin1').digest('hex')
    this.#previous = expected
    return sameInConstantTime(expected, signature)
  }
}

/** The hash that somebody says the bytes of an image have: of one of the algorithms that the Images API knows for it. */
import { createHash, type Hash } from 'node:crypto'
import { badRequest, type Refusal } from '../refusal.ts'

/** Hex digits of each. */
const DIGITS: Readonly<Record<string, number>> = { md5: 32, sha1: 40, sha256: 64, sha512: 128 }

export const HASH_ALGORITHMS: readonly string[] = Object.keys(DIGITS)

export class ExpectedHash {
  readonly #hash: Hash
  readonly #value: string

  constructor(algorithm: string, value: string) {
    this.#hash = createHash(algorithm)
    this.#value = value.toLowerCase()
  }

  look(chunk: Buffer): void {
    this.#hash.update(chunk)
  }

  /** After the last byte; once. */
  isMet(): boolean {
    return this.#hash.digest('hex') === this.#value
  }
}

/** 400 for what can be no value of the algorithm. */
export function readExpectedHash(algorithm: string, value: string): ExpectedHash | Refusal {
  const isHash = /^[0-9a-f]+$/i.test(value) && value.length === DIGITS[algorithm]
  return isHash ? new ExpectedHash(algorithm, value) : badRequest(`os_hash_value is no ${algorithm}, in hex.`)
}

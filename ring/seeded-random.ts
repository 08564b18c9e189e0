/**
 * Chance from a seed, for placing replicas: the same seed gives the same ring on every machine. xoshiro128** of Blackman
 * and Vigna (https://prng.di.unimi.it/xoshiro128starstar.c, public domain), seeded with the SHA-256 of the seed's text.
 * Not for secrets.
 */
import { hash } from 'node:crypto'

const TWO_TO_32 = 2 ** 32

export class SeededRandom {
  readonly #state: Uint32Array

  constructor(seed: string) {
    const digest = hash('sha256', seed, 'buffer')
    this.#state = Uint32Array.from({ length: 4 }, (_, at) => digest.readUInt32LE(at * 4))
  }

  /** A whole number, 0 <= n < limit; `limit` at most 2 ** 32. The bias is below limit / 2 ** 32. */
  below(limit: number): number {
    return Math.floor((this.#next() / TWO_TO_32) * limit)
  }

  /** Puts the items of `list` from `start` up to but not including `end` into a random order. */
  shuffle(list: Uint32Array | Uint16Array, start = 0, end = list.length): void {
    for (let last = end - 1; last > start; last -= 1) {
      const other = start + this.below(last - start + 1)
      const item = list[last] as number
      list[last] = list[other] as number
      list[other] = item
    }
  }

  #next(): number {
    const state = this.#state
    const [s0, s1, s2, s3] = [state[0] as number, state[1] as number, state[2] as number, state[3] as number]
    const result = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9) >>> 0
    const low2 = s2 ^ s0
    const low3 = s3 ^ s1
    state[1] = s1 ^ low2
    state[0] = s0 ^ low3
    state[2] = low2 ^ (s1 << 9)
    state[3] = rotateLeft(low3, 11)
    return result
  }
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}

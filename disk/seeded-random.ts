/** Chance that comes from one integer, for simulations and tests: the same seed gives the same sequence. */
import type { Random } from '#base/environment.ts'

/** A generator after Tommy Ettinger's `mulberry32` (public domain); not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  return {
    below: (limit) => Math.floor((next() / 2 ** 32) * limit),
    bytes(count) {
      const bytes = Buffer.alloc(count)
      for (let at = 0; at < count; at += 1) bytes[at] = next() & 0xff
      return bytes
    },
  }
}

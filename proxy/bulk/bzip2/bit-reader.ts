/** Bits of a buffer, the highest of each byte first, as bzip2 writes them. */

/** Why compressed bytes cannot be read. */
export class Bzip2Error extends Error {
  /** `incomplete`: they end too early; with more of them it may go well. */
  readonly code: 'corrupt' | 'incomplete'

  constructor(code: 'corrupt' | 'incomplete', message: string) {
    super(message)
    this.name = 'Bzip2Error'
    this.code = code
  }
}

export function corrupt(what: string): Bzip2Error {
  return new Bzip2Error('corrupt', `invalid bzip2 data: ${what}`)
}

export class BitReader {
  readonly #bytes: Uint8Array
  #next: number
  #window = 0
  #held = 0

  /** Reads from the given bit on. */
  constructor(bytes: Uint8Array, bitOffset: number) {
    this.#bytes = bytes
    this.#next = bitOffset >>> 3
    const skipped = bitOffset & 7
    if (skipped > 0) this.read(skipped)
  }

  /** Bits read so far, counted from the start of the buffer. */
  get bitOffset(): number {
    return this.#next * 8 - this.#held
  }

  /** The next bits as a number; at most 24. Throws when there are not so many. */
  read(count: number): number {
    while (this.#held < count) {
      const byte = this.#bytes[this.#next]
      if (byte === undefined) throw new Bzip2Error('incomplete', 'the bzip2 data ends too early')
      this.#window = (this.#window << 8) | byte
      this.#next += 1
      this.#held += 8
    }
    this.#held -= count
    return (this.#window >>> this.#held) & ((1 << count) - 1)
  }

  readWord(): number {
    return ((this.read(16) << 16) | this.read(16)) >>> 0
  }
}

/** The canonical Huffman codes of a bzip2 block: read from their lengths, and used symbol by symbol. */
import { type BitReader, corrupt } from './bit-reader.ts'

/** Longest code, bits. */
const LENGTH_MAX = 20
const LENGTH_BITS = 5

export class HuffmanCode {
  readonly #shortest: number
  /** The largest code of each length; -1 where there is none. */
  readonly #limit = new Int32Array(LENGTH_MAX + 2).fill(-1)
  /** What has to be taken from a code of each length to get a place in `#symbols`. */
  readonly #base = new Int32Array(LENGTH_MAX + 2)
  /** Symbols by their codes. */
  readonly #symbols: Uint16Array

  constructor(lengths: Uint8Array) {
    this.#symbols = symbolsByCode(lengths)
    const counts = new Int32Array(LENGTH_MAX + 2)
    for (const length of lengths) counts[length] = (counts[length] as number) + 1
    let [code, place, shortest] = [0, 0, LENGTH_MAX]
    for (let length = 1; length <= LENGTH_MAX; length += 1) {
      const count = counts[length] as number
      if (count > 0 && length < shortest) shortest = length
      this.#base[length] = code - place
      code += count
      place += count
      if (count > 0) this.#limit[length] = code - 1
      code <<= 1
    }
    this.#shortest = shortest
  }

  next(bits: BitReader): number {
    let length = this.#shortest
    let code = bits.read(length)
    while (code > (this.#limit[length] as number)) {
      length += 1
      if (length > LENGTH_MAX) throw corrupt('a code that stands for nothing')
      code = (code << 1) | bits.read(1)
    }
    const symbol = this.#symbols[code - (this.#base[length] as number)]
    if (symbol === undefined) throw corrupt('a code that stands for nothing')
    return symbol
  }
}

/** Reads the lengths of the codes of so many symbols, each told by its difference from the one before. */
export function readHuffmanCode(bits: BitReader, symbolCount: number): HuffmanCode {
  const lengths = new Uint8Array(symbolCount)
  let length = bits.read(LENGTH_BITS)
  for (let symbol = 0; symbol < symbolCount; symbol += 1) {
    while (bits.read(1) === 1) {
      length += bits.read(1) === 0 ? 1 : -1
      if (length < 1 || length > LENGTH_MAX) throw corrupt('the length of a code')
    }
    if (length < 1 || length > LENGTH_MAX) throw corrupt('the length of a code')
    lengths[symbol] = length
  }
  return new HuffmanCode(lengths)
}

function symbolsByCode(lengths: Uint8Array): Uint16Array {
  const symbols = Array.from(lengths.keys())
  symbols.sort((left, right) => (lengths[left] as number) - (lengths[right] as number) || left - right)
  return Uint16Array.from(symbols)
}

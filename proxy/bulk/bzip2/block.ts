/**
 * One block of a bzip2 stream: Huffman codes, move-to-front, the Burrows-Wheeler transform and two kinds of runs undone.
 *
 * Works in steps, so that nobody else waits long, and gives its bytes in pieces: a block of 45 bytes may hold 46 MB.
 */
import { type BitReader, corrupt } from './bit-reader.ts'
import { bzip2Checksum } from './checksum.ts'
import { type HuffmanCode, readHuffmanCode } from './huffman.ts'

/** Symbols decoded, or bytes put in order, in one step: a few milliseconds. */
const STEP = 32 * 1024
const PIECE_BYTES = 64 * 1024
const GROUP_SYMBOLS = 50
const RUN_A = 0
const RUN_B = 1
/** So many equal bytes are followed by the number of further ones. */
const RUN_BYTES = 4
const RUN_BYTES_MAX = 255

/** What a step gives: nothing yet, or bytes that the caller may keep. */
export type Step = Buffer | undefined

interface Coding {
  readonly codes: readonly HuffmanCode[]
  /** Which code each group of symbols uses. */
  readonly selectors: Uint8Array
  readonly bytesUsed: Uint8Array
}

/** The permuted bytes of a block: each entry has its byte, and room for its successor. */
export interface Permuted {
  readonly entries: Uint32Array
  readonly length: number
  readonly origin: number
  readonly checksum: number
}

/** Reads a block (its magic number was read) into `entries`, which has room for the largest. Yields to let others work. */
export function* readBlock(bits: BitReader, entries: Uint32Array): Generator<undefined, Permuted> {
  const checksum = bits.readWord()
  if (bits.read(1) === 1) throw corrupt('a randomised block, as no program writes them any more')
  const origin = bits.read(24)
  const coding = readCoding(bits)
  const length = yield* readSymbols(bits, coding, entries)
  if (origin >= length) throw corrupt('the origin of a block')
  return { entries, length, origin, checksum }
}

function readCoding(bits: BitReader): Coding {
  const bytesUsed = readBytesUsed(bits)
  const codeCount = bits.read(3)
  if (codeCount < 2 || codeCount > 6) throw corrupt('the number of codes')
  const selectors = readSelectors(bits, codeCount)
  const symbolCount = bytesUsed.length + 2
  const codes = Array.from({ length: codeCount }, () => readHuffmanCode(bits, symbolCount))
  return { codes, selectors, bytesUsed }
}

function readBytesUsed(bits: BitReader): Uint8Array {
  const ranges = bits.read(16)
  const used: number[] = []
  for (let range = 0; range < 16; range += 1) {
    if ((ranges & (0x8000 >>> range)) === 0) continue
    const members = bits.read(16)
    for (let at = 0; at < 16; at += 1) if ((members & (0x8000 >>> at)) !== 0) used.push(range * 16 + at)
  }
  if (used.length === 0) throw corrupt('a block without bytes')
  return Uint8Array.from(used)
}

function readSelectors(bits: BitReader, codeCount: number): Uint8Array {
  const count = bits.read(15)
  if (count === 0) throw corrupt('a block without codes')
  const recent = Uint8Array.from({ length: codeCount }, (_, code) => code)
  const selectors = new Uint8Array(count)
  for (let at = 0; at < count; at += 1) {
    let place = 0
    while (bits.read(1) === 1) {
      place += 1
      if (place >= codeCount) throw corrupt('the choice of a code')
    }
    selectors[at] = moveToFront(recent, place)
  }
  return selectors
}

function moveToFront(recent: Uint8Array, place: number): number {
  const value = recent[place] as number
  recent.copyWithin(1, 0, place)
  recent[0] = value
  return value
}

function* readSymbols(
  bits: BitReader,
  { codes, selectors, bytesUsed }: Coding,
  entries: Uint32Array,
): Generator<undefined, number> {
  const endOfBlock = bytesUsed.length + 1
  const recent = bytesUsed.slice()
  let [length, run, weight, sinceStep] = [0, 0, 1, 0]
  for (const selector of selectors) {
    const code = codes[selector] as HuffmanCode
    for (let at = 0; at < GROUP_SYMBOLS; at += 1) {
      const symbol = code.next(bits)
      if (symbol === RUN_A || symbol === RUN_B) {
        run += weight << symbol
        weight <<= 1
        if (run > entries.length) throw corrupt('a run longer than its block')
        continue
      }
      if (run > 0) {
        if (length + run > entries.length) throw corrupt('a block longer than it may be')
        entries.fill(recent[0] as number, length, length + run)
        length += run
        run = 0
        weight = 1
      }
      if (symbol === endOfBlock) return length
      if (length >= entries.length) throw corrupt('a block longer than it may be')
      entries[length] = moveToFront(recent, symbol - 1)
      length += 1
    }
    sinceStep += GROUP_SYMBOLS
    if (sinceStep < STEP) continue
    sinceStep = 0
    yield
  }
  throw corrupt('a block without an end')
}

/** The bytes of a block in pieces. Throws at the end when they are not those that were compressed. */
export function* bytesOf(block: Permuted): Generator<Step> {
  yield* linkSuccessors(block)
  const { entries, length, origin } = block
  const output = new Output()
  let entry = entries[(entries[origin] as number) >>> 8] as number
  for (let at = 0; at < length; at += 1) {
    output.put(entry & 0xff)
    entry = entries[entry >>> 8] as number
    if (output.isFull) yield output.take()
    else if ((at + 1) % STEP === 0) yield
  }
  yield output.take()
  if (output.checksum !== block.checksum) throw corrupt('a block whose checksum is another')
}

/** Puts beside each byte the place of the one that follows it. */
function* linkSuccessors({ entries, length }: Permuted): Generator<undefined> {
  const places = firstPlaces(entries, length)
  for (let at = 0; at < length; at += 1) {
    const byte = (entries[at] as number) & 0xff
    const place = places[byte] as number
    places[byte] = place + 1
    entries[place] = (entries[place] as number) | (at << 8)
    if ((at + 1) % STEP === 0) yield
  }
}

/** Where each byte first stands once all bytes are sorted. */
function firstPlaces(entries: Uint32Array, length: number): Uint32Array {
  const places = new Uint32Array(256)
  for (let at = 0; at < length; at += 1) {
    const byte = entries[at] as number
    places[byte] = (places[byte] as number) + 1
  }
  let sum = 0
  for (let byte = 0; byte < 256; byte += 1) {
    const count = places[byte] as number
    places[byte] = sum
    sum += count
  }
  return places
}

/** Undoes the runs that were taken out before the transform. Whoever fills it takes the piece once it is full. */
class Output {
  #piece = Buffer.allocUnsafe(PIECE_BYTES)
  #filled = 0
  #last = -1
  #equal = 0
  checksum = 0

  /** Another run may not fit. */
  get isFull(): boolean {
    return this.#filled > PIECE_BYTES - RUN_BYTES_MAX
  }

  put(byte: number): void {
    if (this.#equal === RUN_BYTES) {
      this.#piece.fill(this.#last, this.#filled, this.#filled + byte)
      this.#filled += byte
      this.#equal = 0
      this.#last = -1
      return
    }
    this.#equal = byte === this.#last ? this.#equal + 1 : 1
    this.#last = byte
    this.#piece[this.#filled] = byte
    this.#filled += 1
  }

  take(): Buffer {
    const taken = this.#piece.subarray(0, this.#filled)
    this.checksum = bzip2Checksum(taken, this.checksum)
    this.#piece = Buffer.allocUnsafe(PIECE_BYTES)
    this.#filled = 0
    return taken
  }
}

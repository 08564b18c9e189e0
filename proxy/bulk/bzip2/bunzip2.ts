/**
 * Decompresses a bzip2 stream (or several, one behind the other) as it flows.
 *
 * - Memory is bounded whatever the stream says: compressed bytes of one block, the block, and one piece of output.
 * - Every block's checksum is verified before the stream ends; the bytes of a block flow before it is.
 * - Between steps of a few milliseconds others get their turn.
 *
 * The libraries at hand either want the whole file or queue what a few bytes expand to without bound, and an archive comes
 * from anybody.
 */
import { BitReader, Bzip2Error, corrupt } from './bit-reader.ts'
import { bytesOf, type Permuted, readBlock } from './block.ts'

export { Bzip2Error } from './bit-reader.ts'

/** Bytes of a block, for each of the levels 1 to 9. */
const LEVEL_BYTES = 100_000
const HEAD_BYTES = 4
/** A block has at most 20 bits for each of 900,000 symbols, and 40 KiB of tables. */
const COMPRESSED_BLOCK_MAX = 2_400_000
/** What a block rarely is longer than when compressed: its own length and a little. */
const EXCESS_BYTES = 20_000
const BLOCK_MAGIC = [0x314159, 0x265359] as const
const END_MAGIC = [0x177245, 0x385090] as const

/** `breathe` is awaited between steps. Rejects with a `Bzip2Error`, or with what reading the pieces rejects with. */
export async function* bunzip2(
  pieces: AsyncIterable<Buffer>,
  breathe: () => Promise<void>,
): AsyncGenerator<Buffer> {
  const input = new CompressedInput(pieces)
  let streams = 0
  while (await input.has(1)) {
    yield* oneStream(input, breathe)
    streams += 1
  }
  if (streams === 0) throw new Bzip2Error('incomplete', 'no bzip2 data')
}

async function* oneStream(input: CompressedInput, breathe: () => Promise<void>): AsyncGenerator<Buffer> {
  const entries = new Uint32Array((await readLevel(input)) * LEVEL_BYTES)
  let checksum = 0
  for (;;) {
    const block = await nextBlock(input, entries, breathe)
    if (block.kind === 'end') {
      if (block.checksum !== checksum) throw corrupt('a stream whose checksum is another')
      return
    }
    for (const step of bytesOf(block.block)) {
      if (step === undefined) await breathe()
      else yield step
    }
    checksum = (((checksum << 1) | (checksum >>> 31)) ^ block.block.checksum) >>> 0
  }
}

async function readLevel(input: CompressedInput): Promise<number> {
  await input.has(HEAD_BYTES)
  const head = input.bytes.subarray(0, HEAD_BYTES).toString('latin1')
  if (!/^BZh[1-9]$/.test(head)) throw corrupt('not a bzip2 file')
  input.skipBits(HEAD_BYTES * 8)
  return Number(head.at(-1))
}

type Next =
  | { readonly kind: 'block'; readonly block: Permuted }
  | { readonly kind: 'end'; readonly checksum: number }

/** Tries with what a block usually needs; where that was too little, with twice as much. */
async function nextBlock(
  input: CompressedInput,
  entries: Uint32Array,
  breathe: () => Promise<void>,
): Promise<Next> {
  for (let wanted = entries.length + EXCESS_BYTES; ; wanted *= 2) {
    const isAll = !(await input.has(wanted))
    const bits = new BitReader(input.bytes, input.bitOffset)
    try {
      const next = await readNext(bits, entries, breathe)
      input.skipTo(bits.bitOffset, next.kind)
      return next
    } catch (error) {
      const isShort = error instanceof Bzip2Error && error.code === 'incomplete'
      if (!isShort || isAll) throw error
      if (wanted > COMPRESSED_BLOCK_MAX) throw corrupt('a block longer than it may be')
    }
  }
}

async function readNext(bits: BitReader, entries: Uint32Array, breathe: () => Promise<void>): Promise<Next> {
  const magic = [bits.read(24), bits.read(24)]
  if (magic[0] === END_MAGIC[0] && magic[1] === END_MAGIC[1])
    return { kind: 'end', checksum: bits.readWord() }
  if (magic[0] !== BLOCK_MAGIC[0] || magic[1] !== BLOCK_MAGIC[1]) throw corrupt('the start of a block')
  const reading = readBlock(bits, entries)
  for (let step = reading.next(); ; step = reading.next()) {
    if (step.done === true) return { kind: 'block', block: step.value }
    await breathe()
  }
}

/** Compressed bytes that are not used yet, and where among their bits the next block begins. */
class CompressedInput {
  readonly #pieces: AsyncIterator<Buffer>
  #bytes: Buffer = Buffer.alloc(0)
  #bitOffset = 0
  #isEnded = false

  constructor(pieces: AsyncIterable<Buffer>) {
    this.#pieces = pieces[Symbol.asyncIterator]()
  }

  get bytes(): Buffer {
    return this.#bytes
  }

  get bitOffset(): number {
    return this.#bitOffset
  }

  /** Waits until so many bytes are here; false when the end came before. */
  async has(count: number): Promise<boolean> {
    const arrived: Buffer[] = [this.#bytes]
    let length = this.#bytes.length
    while (length < count && !this.#isEnded) {
      const next = await this.#pieces.next()
      if (next.done === true) this.#isEnded = true
      else {
        arrived.push(next.value)
        length += next.value.length
      }
    }
    if (arrived.length > 1) this.#bytes = Buffer.concat(arrived, length)
    return length >= count
  }

  skipBits(count: number): void {
    this.skipTo(this.#bitOffset + count, 'block')
  }

  /** Forgets what lies before a bit. A stream's end is filled up to a whole byte. */
  skipTo(bit: number, kind: Next['kind']): void {
    const to = kind === 'end' ? (bit + 7) & ~7 : bit
    this.#bytes = this.#bytes.subarray(to >>> 3)
    this.#bitOffset = to & 7
  }
}

/**
 * Cuts a stream of bytes into blocks where their content says so, so that disks that have bytes in common have blocks in
 * common, also when what lies before has grown. Bytes are looked at in units of 64 KiB, the size of qcow2's clusters: what is
 * inserted into a disk image moves the rest by whole clusters. A block ends behind a unit whose checksum is one of 32, and long runs of
 * zeros are left out. The same bytes are cut alike, however the network delivers them. One block is in memory, and one chunk.
 */
import { crc32 } from 'node:zlib'
import { releasePiece } from '#http/piece-memory.ts'
import type { ByteSource } from '../data/image-store.ts'

export interface BlockLengths {
  /** What is looked at as a whole, bytes. */
  readonly unitBytes: number
  /** A block ends behind one of so many units, on average. */
  readonly unitsOfBlock: number
  /** Shortest block that is cut there, bytes: a multiple of the unit. */
  readonly leastBytes: number
  /** Longest block, bytes: a multiple of the unit. */
  readonly mostBytes: number
  /** Shortest run of zeros that is left out, bytes: a multiple of the unit. */
  readonly zeroRunBytes: number
}

const MIB = 1024 * 1024

/** About 3 MiB a block. */
export const BLOCK_LENGTHS: BlockLengths = {
  unitBytes: 64 * 1024,
  unitsOfBlock: 32,
  leastBytes: MIB,
  mostBytes: 8 * MIB,
  zeroRunBytes: MIB,
}

export interface Block {
  readonly offset: number
  /** Nobody else writes to it. */
  readonly bytes: Buffer
}

export class BlockCutter {
  readonly #source: AsyncIterator<Buffer>
  readonly #lengths: BlockLengths
  /** The block that is being made. */
  readonly #block: Buffer
  #filled = 0
  /** Zeros at its end, whole units. */
  #zeros = 0
  /** In a run of zeros that is left out. */
  #isInRun = false
  /** The part of the last chunk that is in no block yet. */
  #rest: Buffer | undefined
  /** Where the block begins. */
  #offset = 0

  constructor(source: ByteSource, lengths: BlockLengths = BLOCK_LENGTHS) {
    this.#source = source[Symbol.asyncIterator]()
    this.#lengths = lengths
    this.#block = Buffer.allocUnsafeSlow(lengths.mostBytes)
  }

  /** Where what was neither given nor left out begins. */
  get offset(): number {
    return this.#offset
  }

  /** The next block; `undefined` after the last. Rejects when the source does. */
  async next(): Promise<Block | undefined> {
    for (;;) {
      const unit = await this.#readUnit()
      if (unit.length === 0) return this.#cut(this.#filled - this.#zeros)
      this.#zeros = isZero(unit) ? this.#zeros + unit.length : 0
      this.#isInRun = this.#zeros > 0 && (this.#isInRun || this.#zeros >= this.#lengths.zeroRunBytes)
      if (this.#isInRun) {
        const block = this.#cut(this.#filled - this.#zeros)
        if (block !== undefined) return block
      } else if (this.#endsBehind(unit)) return this.#cut(this.#filled)
    }
  }

  /** What follows the last block, as it comes. */
  async *rest(): AsyncGenerator<Buffer> {
    for (let chunk = await this.#take(); chunk !== undefined; chunk = await this.#take()) {
      this.#rest = undefined
      yield chunk
    }
  }

  #endsBehind(unit: Buffer): boolean {
    const { leastBytes, mostBytes, unitsOfBlock } = this.#lengths
    if (this.#filled >= mostBytes) return true
    return this.#filled >= leastBytes && this.#zeros === 0 && crc32(unit) % unitsOfBlock === 0
  }

  /** The first bytes of what was read as a block, if there are any; what else was read are zeros that are left out. */
  #cut(lengthBytes: number): Block | undefined {
    const { offset } = this
    this.#offset += this.#filled
    this.#filled = 0
    this.#zeros = 0
    return lengthBytes === 0
      ? undefined
      : { offset, bytes: Buffer.from(this.#block.subarray(0, lengthBytes)) }
  }

  /** A whole unit behind what is in the block, or what is left of the stream. */
  async #readUnit(): Promise<Buffer> {
    const start = this.#filled
    const end = start + this.#lengths.unitBytes
    while (this.#filled < end) {
      const chunk = await this.#take()
      if (chunk === undefined) break
      const copied = chunk.copy(this.#block, this.#filled, 0, end - this.#filled)
      this.#filled += copied
      this.#rest = copied < chunk.length ? chunk.subarray(copied) : undefined
      releasePiece(chunk.subarray(0, copied))
    }
    return this.#block.subarray(start, this.#filled)
  }

  async #take(): Promise<Buffer | undefined> {
    if (this.#rest !== undefined) return this.#rest
    const next = await this.#source.next()
    return next.done === true ? undefined : next.value
  }
}

function isZero(bytes: Buffer): boolean {
  // Equal to itself one byte on, and beginning with zero.
  return bytes[0] === 0 && bytes.compare(bytes, 1, bytes.length, 0, bytes.length - 1) === 0
}

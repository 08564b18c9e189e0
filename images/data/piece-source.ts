/**
 * Cuts a stream of bytes into the pieces that are stored: of bounded length, and without long runs of zeros. Nothing is
 * held back but the count of zeros seen: bounded memory, one pass.
 */
import { releasePiece } from '#http/piece-memory.ts'
import type { ByteSource } from './image-store.ts'

export interface CuttingRules {
  /** Longest piece, bytes. */
  readonly pieceBytes: number
  /** Shortest run of zeros that is left out, bytes. */
  readonly zeroRunBytes: number
  /** After so many pieces zeros are stored, too: the list of pieces has to stay short. */
  readonly piecesMax: number
}

export const CUTTING_RULES: CuttingRules = {
  pieceBytes: 64 * 1024 * 1024,
  zeroRunBytes: 1024 * 1024,
  piecesMax: 4096,
}

/** Zeros to send, and to compare with. */
const ZEROS = Buffer.alloc(64 * 1024)

export interface CutPiece {
  readonly offset: number
  /** To be read to its end before the next piece is asked for. */
  readonly bytes: AsyncIterable<Buffer>
}

export class PieceCutter {
  readonly #source: AsyncIterator<Buffer>
  readonly #rules: CuttingRules
  /** The part of the last chunk that no piece took yet. */
  #rest: Buffer | undefined
  #zeros = 0
  #isOver = false
  #pieces = 0
  /** Bytes given out or left out. */
  #offset = 0

  constructor(source: ByteSource, rules: CuttingRules = CUTTING_RULES, from = 0) {
    this.#source = source[Symbol.asyncIterator]()
    this.#rules = rules
    this.#offset = from
  }

  /** How far the stream was read. */
  get offset(): number {
    return this.#offset + this.#zeros
  }

  /** The next piece; `undefined` after the last. Rejects when the source does. */
  async next(): Promise<CutPiece | undefined> {
    await this.#skipZeros()
    if (this.#rest === undefined && (this.#isOver || !(await this.#fill()))) {
      return this.#lastZeros()
    }
    this.#pieces += 1
    if (this.#mayLeaveOut()) this.#leaveOut()
    return { offset: this.#offset, bytes: this.#piece() }
  }

  async *#piece(): AsyncGenerator<Buffer> {
    let room = this.#rules.pieceBytes
    for (;;) {
      if (this.#rest === undefined && !(await this.#fill())) return
      const chunk = this.#rest as Buffer
      if (isZero(chunk)) {
        this.#zeros += chunk.length
        this.#drop()
        if (this.#mayLeaveOut() || this.#zeros >= room) return
        continue
      }
      while (this.#zeros > 0 && room > 0) {
        const zeros = ZEROS.subarray(0, Math.min(this.#zeros, room, ZEROS.length))
        this.#zeros -= zeros.length
        room -= zeros.length
        this.#offset += zeros.length
        yield zeros
      }
      if (room === 0) return
      const taken = this.#takeFromRest(room)
      room -= taken.length
      this.#offset += taken.length
      yield taken
      if (room === 0) return
    }
  }

  #takeFromRest(room: number): Buffer {
    const chunk = this.#rest as Buffer
    if (chunk.length <= room) {
      this.#rest = undefined
      return chunk
    }
    this.#rest = chunk.subarray(room)
    return chunk.subarray(0, room)
  }

  #drop(): void {
    if (this.#rest !== undefined) releasePiece(this.#rest)
    this.#rest = undefined
  }

  async #skipZeros(): Promise<void> {
    while (this.#rest !== undefined || (!this.#isOver && (await this.#fill()))) {
      if (!isZero(this.#rest as Buffer)) return
      this.#zeros += (this.#rest as Buffer).length
      this.#drop()
    }
  }

  #mayLeaveOut(): boolean {
    return this.#zeros >= this.#rules.zeroRunBytes && this.#pieces < this.#rules.piecesMax
  }

  #leaveOut(): void {
    this.#offset += this.#zeros
    this.#zeros = 0
  }

  /** Zeros at the end are never stored: the image's size tells of them. */
  #lastZeros(): undefined {
    this.#leaveOut()
    return undefined
  }

  async #fill(): Promise<boolean> {
    while (!this.#isOver) {
      const next = await this.#source.next()
      if (next.done === true) this.#isOver = true
      else if (next.value.length > 0) {
        this.#rest = next.value
        return true
      }
    }
    return false
  }
}

function isZero(chunk: Buffer): boolean {
  for (let at = 0; at < chunk.length; at += ZEROS.length) {
    const end = Math.min(at + ZEROS.length, chunk.length)
    if (chunk.compare(ZEROS, 0, end - at, at, end) !== 0) return false
  }
  return true
}

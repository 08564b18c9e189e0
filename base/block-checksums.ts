/** CRC-32 of each block of a body as it passes by, in pieces of any size. */
import { crc32 } from 'node:zlib'
import { BLOCK_BYTES } from './limits.ts'

export class BlockChecksums {
  readonly #blockBytes: number
  readonly #finished: number[] = []
  #crc = 0
  #inBlock = 0

  constructor(blockBytes = BLOCK_BYTES) {
    this.#blockBytes = blockBytes
  }

  update(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      const end = Math.min(chunk.length, at + this.#blockBytes - this.#inBlock)
      this.#crc = crc32(at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end), this.#crc)
      this.#inBlock += end - at
      at = end
      if (this.#inBlock === this.#blockBytes) this.#finishBlock()
    }
  }

  /** The CRC of every block, the last one perhaps short. Empty for an empty body. */
  finish(): readonly number[] {
    if (this.#inBlock > 0) this.#finishBlock()
    return this.#finished
  }

  #finishBlock(): void {
    this.#finished.push(this.#crc)
    this.#crc = 0
    this.#inBlock = 0
  }
}

/**
 * Cuts a stream into parts of bounded length, for stores that take large things in parts. One pass; only what came in one
 * piece across a border is held back.
 */
import type { ByteSource } from '../data/image-store.ts'

export class SourceCutter {
  readonly #source: AsyncIterator<Buffer>
  #rest: Buffer | undefined
  #isOver = false
  #failure: { readonly error: unknown } | undefined

  constructor(source: ByteSource) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** What the source failed with: whoever sent its bytes on hears only that they stopped. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure
  }

  /** Whether no byte is left; waits for the next one. Rejects when the source does. */
  async isOver(): Promise<boolean> {
    return this.#rest === undefined && !(await this.#fill())
  }

  /** The next bytes, so many at most. Rejects when the source does. */
  async *take(limitBytes: number): AsyncGenerator<Buffer> {
    let room = limitBytes
    while (room > 0 && !(await this.isOver())) {
      const chunk = this.#rest as Buffer
      const taken = chunk.length <= room ? chunk : chunk.subarray(0, room)
      this.#rest = chunk.length <= room ? undefined : chunk.subarray(room)
      room -= taken.length
      yield taken
    }
  }

  async #fill(): Promise<boolean> {
    while (!this.#isOver) {
      const next = await this.#next()
      if (next.done === true) this.#isOver = true
      else if (next.value.length > 0) {
        this.#rest = next.value
        return true
      }
    }
    return false
  }

  async #next(): Promise<IteratorResult<Buffer>> {
    try {
      return await this.#source.next()
    } catch (error) {
      this.#isOver = true
      this.#failure = { error }
      throw error
    }
  }
}

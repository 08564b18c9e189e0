/**
 * The bytes of one piece of a large object. When the body breaks off in the middle, the rest of the very same object is
 * asked for anew, a few times: a large object takes long to read, and a connection that waited for its turn may be gone.
 */
import { BodyError, type BodyStream, type ResponseBody } from '#http/message.ts'
import type { Piece } from './pieces.ts'
import { SegmentError } from './segment-error.ts'
import { release, type SegmentReader } from './segment-reader.ts'

/** How often the rest of a piece is asked for. */
const REOPENED_MAX = 3

type ObjectPiece = Extract<Piece, { readonly kind: 'object' }>

export class SegmentBody implements BodyStream, AsyncIterator<Buffer> {
  readonly #reader: SegmentReader
  #rest: ObjectPiece
  #opening: Promise<ResponseBody>
  #body: BodyStream | undefined
  #iterator: AsyncIterator<Buffer> | undefined
  #reopened = 0
  #cancelled = false
  /** What is read before anybody asks for it. */
  #first: Promise<IteratorResult<Buffer>> | undefined

  /** Begins to open the piece at once, and to read it, so that its first bytes are at hand when their turn comes. */
  constructor(reader: SegmentReader, piece: ObjectPiece) {
    this.#reader = reader
    this.#rest = piece
    this.#opening = this.#open()
    // Whoever reads is told.
    this.#opening.catch(() => {})
    this.#first = this.#readOn()
    this.#first.catch(() => {})
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Resolves when the piece is there to be read; rejects with a `SegmentError`. */
  async opened(): Promise<void> {
    await this.#opening
  }

  next(): Promise<IteratorResult<Buffer>> {
    const first = this.#first
    this.#first = undefined
    return first ?? this.#readOn()
  }

  async #readOn(): Promise<IteratorResult<Buffer>> {
    for (;;) {
      const iterator = this.#iterator ?? (await this.#begin())
      try {
        const result = await iterator.next()
        if (result.done === true && this.missingBytes > 0) throw new Error('the segment ended early')
        if (result.done === true) return result
        return { done: false, value: this.#counted(result.value) }
      } catch (error) {
        if (this.#cancelled || error instanceof SegmentError) throw error
        this.#reopen(error)
      }
    }
  }

  async return(): Promise<IteratorResult<Buffer>> {
    await this.cancel()
    return { done: true, value: undefined }
  }

  async cancel(): Promise<void> {
    this.#cancelled = true
    if (this.#body !== undefined) return await this.#body.cancel()
    await this.#opening.then(release, () => {})
  }

  /** What is still to be read, bytes. */
  get missingBytes(): number {
    return this.#rest.range.end - this.#rest.range.start
  }

  #counted(chunk: Buffer): Buffer {
    const { start, end } = this.#rest.range
    if (start + chunk.length > end) throw new SegmentError('CHANGED', 'a segment is longer than it was')
    this.#rest = { ...this.#rest, range: { start: start + chunk.length, end } }
    return chunk
  }

  async #open(): Promise<ResponseBody> {
    const { body, etag } = await this.#reader.open(this.#rest)
    // What follows must be of the same version.
    this.#rest = { ...this.#rest, etag }
    return body
  }

  async #begin(): Promise<AsyncIterator<Buffer>> {
    const opened = await this.#opening
    // Whoever cancelled waits for what was being opened, and lets go of it.
    if (this.#cancelled) throw new BodyError('BODY_CANCELLED')
    this.#body = streamOf(opened)
    this.#iterator = this.#body[Symbol.asyncIterator]()
    return this.#iterator
  }

  #reopen(error: unknown): void {
    const isOver = this.#reopened >= REOPENED_MAX || this.#reader.signal?.aborted === true
    if (isOver) throw new SegmentError('UNAVAILABLE', 'a segment broke off', error)
    this.#reopened += 1
    this.#body = undefined
    this.#iterator = undefined
    if (this.missingBytes === 0)
      throw new SegmentError('UNAVAILABLE', 'a segment broke off at its end', error)
    this.#opening = this.#open()
    this.#opening.catch(() => {})
  }
}

function streamOf(body: ResponseBody): BodyStream {
  if (body !== undefined && !Buffer.isBuffer(body)) return body
  return {
    cancel: async () => {},
    async *[Symbol.asyncIterator]() {
      if (body !== undefined) yield body
    },
  }
}

/**
 * The pieces of a large object as one body.
 *
 * - What comes next is opened while the piece before it is still being sent, so that a segmented object flows like a plain
 *   one; how much lies ahead is bounded, and a reader that is slow keeps nothing open but what it reads.
 * - A piece that cannot be read as the manifest describes it makes the read reject: the body breaks off, and never goes on
 *   with other bytes.
 */
import { BLOCK_BYTES } from '#base/limits.ts'
import { BodyError, type BodyStream } from '#http/message.ts'
import type { Piece } from './pieces.ts'
import { SegmentBody } from './segment-body.ts'
import type { SegmentReader } from './segment-reader.ts'

const MIB = 1024 * 1024
/** Pieces are opened until this many bytes are opened and not yet read: some milliseconds' worth, which opening one may take… */
const AHEAD_BYTES = 8 * MIB
/** …and not beyond this many bytes in memory: an opened piece holds no more than a block, however long it is… */
const HELD_BYTES = 2 * MIB
/** …nor more than so many. */
const AHEAD_PIECES = 8

const DONE: IteratorResult<Buffer> = { done: true, value: undefined }

type Part =
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'body'; readonly body: SegmentBody }

interface Ahead {
  readonly part: Part
  readonly sizeBytes: number
}

export class JoinedBody implements BodyStream, AsyncIterator<Buffer> {
  readonly #reader: SegmentReader
  readonly #pieces: AsyncIterator<Piece, void>
  readonly #ahead: Ahead[] = []
  #stepping: Promise<void> | undefined
  #ended = false
  /** Of finding the next piece; told when everything before it was read. */
  #failure: { readonly error: unknown } | undefined
  #current: SegmentBody | undefined
  #cancelled = false

  constructor(reader: SegmentReader, pieces: AsyncIterator<Piece, void>) {
    this.#reader = reader
    this.#pieces = pieces
  }

  /** Resolves when the first piece is there to be read. Rejects with a `SegmentError`. */
  async begin(): Promise<void> {
    await this.#findNext()
    const first = this.#ahead[0]?.part
    if (first === undefined && this.#failure !== undefined) throw this.#failure.error
    if (first?.kind === 'body') await first.body.opened()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Buffer>> {
    for (;;) {
      if (this.#current === undefined) {
        const part = await this.#take()
        if (part === undefined) return DONE
        if (part.kind === 'bytes') return { done: false, value: part.bytes }
        this.#current = part.body
      }
      this.#lookAhead()
      const result = await this.#current.next()
      if (result.done !== true) return result
      this.#current = undefined
    }
  }

  async return(): Promise<IteratorResult<Buffer>> {
    await this.cancel()
    return DONE
  }

  async cancel(): Promise<void> {
    this.#cancelled = true
    const bodies = this.#ahead.map(({ part }) => (part.kind === 'body' ? part.body : undefined))
    this.#ahead.length = 0
    await Promise.all([this.#current, ...bodies].map(async (body) => await body?.cancel()))
  }

  async #take(): Promise<Part | undefined> {
    if (this.#ahead.length === 0) await this.#findNext()
    if (this.#cancelled) throw new BodyError('BODY_CANCELLED')
    const next = this.#ahead.shift()
    if (next === undefined && this.#failure !== undefined) throw this.#failure.error
    return next?.part
  }

  #lookAhead(): void {
    if (this.#ended || this.#cancelled || this.#stepping !== undefined || this.#isEnough()) return
    void this.#findNext().then(() => this.#lookAhead())
  }

  #isEnough(): boolean {
    let bytes = this.#current?.missingBytes ?? 0
    let heldBytes = 0
    for (const { part, sizeBytes } of this.#ahead) {
      bytes += sizeBytes
      heldBytes += part.kind === 'bytes' ? sizeBytes : Math.min(sizeBytes, BLOCK_BYTES)
    }
    return bytes >= AHEAD_BYTES || heldBytes >= HELD_BYTES || this.#ahead.length >= AHEAD_PIECES
  }

  /** Opens one more piece. Never rejects: what goes wrong is told in its turn. */
  #findNext(): Promise<void> {
    this.#stepping ??= this.#step().finally(() => {
      this.#stepping = undefined
    })
    return this.#stepping
  }

  async #step(): Promise<void> {
    if (this.#ended) return
    try {
      const found = await this.#pieces.next()
      if (found.done === true) this.#ended = true
      else this.#open(found.value)
    } catch (error) {
      this.#ended = true
      this.#failure = { error }
    }
  }

  #open(piece: Piece): void {
    if (this.#cancelled) return
    if (piece.kind === 'bytes') {
      this.#ahead.push({ part: piece, sizeBytes: piece.bytes.length })
      return
    }
    const sizeBytes = piece.range.end - piece.range.start
    this.#ahead.push({ part: { kind: 'body', body: new SegmentBody(this.#reader, piece) }, sizeBytes })
  }
}

/**
 * The frames of a body in `aws-chunked` encoding, piece by piece ("Transferring Payload in Multiple Chunks"):
 *
 *     size in hex [;chunk-signature=64 hex digits] CRLF  bytes CRLF   …   0 […] CRLF  [name:value CRLF …] CRLF
 *
 * Time is linear, memory bounded by one line. Whatever the bytes, it comes to an end: each step takes at least one byte
 * away, or stops. Payload is handed out as parts of the pieces that were fed in, uncopied.
 */
import { releasePiece } from '#http/piece-memory.ts'

export type Frame =
  /** A chunk begins; the last one has no bytes. */
  | { readonly kind: 'chunk'; readonly sizeBytes: number; readonly signature: string | undefined }
  | { readonly kind: 'data'; readonly bytes: Buffer }
  | { readonly kind: 'chunk_end' }
  /** A line of the trailer, as it was sent, without its end. */
  | { readonly kind: 'trailer'; readonly line: string }
  | { readonly kind: 'end' }
  | { readonly kind: 'malformed' }

/** A size of 13 hex digits is more than any object has; then the signature. */
const CHUNK_LINE = /^([0-9a-fA-F]{1,13})(?:;chunk-signature=([0-9a-f]{64}))?$/
/** Longest line, bytes: a trailer has a name and a checksum, or a signature. */
const LINE_BYTES_MAX = 1024
const TRAILER_LINES_MAX = 16
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d

type State =
  | { readonly at: 'chunk_line' }
  | { readonly at: 'data'; leftBytes: number }
  /** CR LF behind the bytes of a chunk. */
  | { readonly at: 'data_end' }
  | { readonly at: 'trailer'; lines: number }
  | { readonly at: 'end' }
  | { readonly at: 'malformed' }

const MALFORMED: Frame = { kind: 'malformed' }

export class ChunkFrames {
  #state: State = { at: 'chunk_line' }
  /** The beginning of a line whose end has not come. */
  #line = ''

  /** The last frame was read, and nothing stands behind it. */
  get isWhole(): boolean {
    return this.#state.at === 'end'
  }

  /** The frames that end in this piece. After `malformed` there are no more. */
  *feed(piece: Buffer): Generator<Frame> {
    let rest = piece
    while (rest.length > 0 && this.#state.at !== 'malformed') {
      if (this.#state.at === 'data') {
        const data = rest.subarray(0, this.#state.leftBytes)
        rest = rest.subarray(data.length)
        this.#state.leftBytes -= data.length
        const isWhole = this.#state.leftBytes === 0
        if (isWhole) this.#state = { at: 'data_end' }
        yield { kind: 'data', bytes: data }
        if (isWhole) yield { kind: 'chunk_end' }
      } else {
        const line = this.#takeLine(rest)
        const taken = rest.subarray(0, line.takenBytes)
        rest = rest.subarray(line.takenBytes)
        releasePiece(taken)
        if (line.kind === 'too_long') yield this.#malformed()
        if (line.kind === 'line') yield* this.#lineRead(line.text)
      }
    }
  }

  #takeLine(
    bytes: Buffer,
  ):
    | { readonly kind: 'line'; readonly text: string; readonly takenBytes: number }
    | { readonly kind: 'unfinished' | 'too_long'; readonly takenBytes: number } {
    const room = LINE_BYTES_MAX - this.#line.length
    const end = bytes.subarray(0, room).indexOf(LINE_FEED)
    if (end < 0) {
      const takenBytes = Math.min(bytes.length, room)
      this.#line += bytes.toString('latin1', 0, takenBytes)
      return { kind: takenBytes < room ? 'unfinished' : 'too_long', takenBytes }
    }
    const text = this.#line + bytes.toString('latin1', 0, end)
    this.#line = ''
    return { kind: 'line', text, takenBytes: end + 1 }
  }

  *#lineRead(written: string): Generator<Frame> {
    const { at } = this.#state
    const hasReturn = written.charCodeAt(written.length - 1) === CARRIAGE_RETURN
    const line = hasReturn ? written.slice(0, -1) : written
    // AWS writes the lines of a trailer with a line feed alone in places; frames always have both.
    if (!hasReturn && at !== 'trailer') {
      yield this.#malformed()
      return
    }
    switch (at) {
      case 'chunk_line':
        yield this.#chunk(line)
        return
      case 'data_end':
        if (line === '') this.#state = { at: 'chunk_line' }
        else yield this.#malformed()
        return
      case 'trailer':
        yield this.#trailerLine(line)
        return
      case 'data':
      case 'end':
      case 'malformed':
        // Some send further empty lines.
        if (line !== '') yield this.#malformed()
    }
  }

  #chunk(line: string): Frame {
    const [, size, signature] = CHUNK_LINE.exec(line) ?? []
    if (size === undefined) return this.#malformed()
    const sizeBytes = Number.parseInt(size, 16)
    this.#state = sizeBytes === 0 ? { at: 'trailer', lines: 0 } : { at: 'data', leftBytes: sizeBytes }
    return { kind: 'chunk', sizeBytes, signature }
  }

  #trailerLine(line: string): Frame {
    if (line === '') {
      this.#state = { at: 'end' }
      return { kind: 'end' }
    }
    if (this.#state.at === 'trailer') this.#state.lines += 1
    if (this.#state.at !== 'trailer' || this.#state.lines > TRAILER_LINES_MAX) return this.#malformed()
    return { kind: 'trailer', line }
  }

  #malformed(): Frame {
    this.#state = { at: 'malformed' }
    return MALFORMED
  }
}

/**
 * Reads the MIME documents in which an object and what is known only after it (checksums, sysmeta) travel together to
 * a storage server, and in which several ranges come back (OpenStack Swift, `common/utils`:
 * `iter_multipart_mime_documents`).
 *
 * Streaming: memory is bounded by one chunk and a document's headers, time is linear, bodies are any bytes. A stream
 * that stops before the closing boundary is an error, never a shorter document.
 */
import type { HeaderMap } from './message.ts'
import { keepPiece } from './piece-memory.ts'

export interface MimeDocument {
  /** Lower-case names; of a repeated name the last counts. */
  readonly headers: HeaderMap
  /** To be read before the next document is asked for; what is left then is skipped. */
  readonly body: AsyncIterable<Buffer>
}

export type MimeErrorCode =
  /** Not what it claims to be (400). */
  | 'MIME_MALFORMED'
  /** Over before the closing boundary. */
  | 'MIME_TRUNCATED'
  /** No boundary where the length of the first body says that one is. */
  | 'MIME_WRONG_LENGTH'

export class MimeError extends Error {
  readonly code: MimeErrorCode

  constructor(code: MimeErrorCode, message: string) {
    super(message)
    this.name = 'MimeError'
    this.code = code
  }
}

/** All header lines of one document together, bytes, unless the reader is told less. */
const MAX_HEADERS_BYTES = 64 * 1024
/** A rest of a piece that is no longer is copied. Bytes. */
const COPIED_BYTES_MAX = 16 * 1024
const EMPTY_LINE = Buffer.from('\r\n\r\n')
const CARRIAGE_RETURN = 0x0d
const NOTHING = Buffer.alloc(0)

type Position = 'before_first' | 'at_headers' | 'in_body' | 'after_last'

export interface MimeExpectation {
  /** Length of the first document's body, bytes: where it is known nothing is searched for the boundary. */
  readonly firstBodyBytes?: number | undefined
  readonly headersBytesMax?: number
}

export class MimeReader {
  readonly #source: AsyncIterator<Buffer>
  readonly #headersBytesMax: number
  /** What is left of a body of known length, bytes; `undefined` when the boundary has to be searched for. */
  #expectedBytes: number | undefined
  /** What ends a body: `\r\n--boundary`. */
  readonly #delimiter: Buffer
  /** Read from the source and not handed out. The first boundary is found as if an empty line stood before it. */
  #rest: Buffer = Buffer.from('\r\n')
  #position: Position = 'before_first'

  /** `boundary` as the header has it, without the dashes. */
  constructor(source: AsyncIterable<Buffer>, boundary: string, expectation: MimeExpectation = {}) {
    this.#source = source[Symbol.asyncIterator]()
    this.#headersBytesMax = expectation.headersBytesMax ?? MAX_HEADERS_BYTES
    this.#expectedBytes = expectation.firstBodyBytes
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1')
  }

  /** The next document, `undefined` after the last. Rejects with a `MimeError`, or as the source does. */
  async next(): Promise<MimeDocument | undefined> {
    if (this.#position === 'before_first') await this.#openingBoundary()
    while (this.#position === 'in_body') await this.#bodyPiece()
    if (this.#position === 'after_last') {
      await this.#epilogue()
      return undefined
    }
    const headers = await this.#headers()
    this.#position = 'in_body'
    return { headers, body: this.#body() }
  }

  async *#body(): AsyncGenerator<Buffer> {
    while (this.#position === 'in_body') {
      const piece = await this.#bodyPiece()
      if (piece.length > 0) yield piece
    }
  }

  async #openingBoundary(): Promise<void> {
    await this.#fillTo(this.#delimiter.length)
    // Empty lines before it are forgiven.
    while (this.#rest.subarray(0, 4).equals(EMPTY_LINE)) {
      this.#rest = this.#rest.subarray(2)
      await this.#fillTo(this.#delimiter.length)
    }
    if (!this.#rest.subarray(0, this.#delimiter.length).equals(this.#delimiter)) {
      throw new MimeError('MIME_MALFORMED', 'the first boundary is missing')
    }
    await this.#passBoundary(0)
  }

  /** The next bytes of the body, possibly none; moves on when the boundary is reached. */
  async #bodyPiece(): Promise<Buffer> {
    if (this.#expectedBytes !== undefined) return await this.#expectedPiece(this.#expectedBytes)
    const found = this.#rest.indexOf(this.#delimiter)
    if (found >= 0) {
      const piece = this.#rest.subarray(0, found)
      await this.#passBoundary(found)
      return piece
    }
    const safeBytes = this.#rest.length - lengthOfBeginning(this.#delimiter, this.#rest)
    const piece = this.#rest.subarray(0, safeBytes)
    this.#rest = ownRest(this.#rest, safeBytes)
    if (piece.length === 0) await this.#fill()
    return piece
  }

  async #expectedPiece(expectedBytes: number): Promise<Buffer> {
    if (expectedBytes === 0) {
      this.#expectedBytes = undefined
      await this.#fillTo(this.#delimiter.length)
      if (!this.#rest.subarray(0, this.#delimiter.length).equals(this.#delimiter))
        throw new MimeError('MIME_WRONG_LENGTH', 'the body is longer than it was said to be')
      await this.#passBoundary(0)
      return NOTHING
    }
    if (this.#rest.length === 0) await this.#fill()
    const piece = this.#rest.subarray(0, expectedBytes)
    this.#expectedBytes = expectedBytes - piece.length
    this.#rest = ownRest(this.#rest, piece.length)
    return piece
  }

  /** Goes behind the boundary at `at`. The line end behind it stays, so that a document may have no headers. */
  async #passBoundary(at: number): Promise<void> {
    this.#rest = ownRest(this.#rest, at + this.#delimiter.length)
    await this.#fillTo(2)
    const mark = this.#rest.toString('latin1', 0, 2)
    if (mark !== '--' && mark !== '\r\n')
      throw new MimeError('MIME_MALFORMED', 'a boundary line is malformed')
    this.#position = mark === '--' ? 'after_last' : 'at_headers'
  }

  async #headers(): Promise<HeaderMap> {
    let end = this.#rest.indexOf(EMPTY_LINE)
    while (end < 0) {
      if (this.#rest.length > this.#headersBytesMax)
        throw new MimeError('MIME_MALFORMED', 'headers are too long')
      const searchedBytes = Math.max(0, this.#rest.length - EMPTY_LINE.length)
      await this.#fill()
      end = this.#rest.indexOf(EMPTY_LINE, searchedBytes)
    }
    const headers = parseHeaderLines(this.#rest.toString('latin1', 0, end))
    this.#rest = this.#rest.subarray(end + EMPTY_LINE.length)
    return headers
  }

  /** Reads what is behind the closing boundary, so that the connection is left clean. */
  async #epilogue(): Promise<void> {
    let sizeBytes = this.#rest.length
    this.#rest = NOTHING
    for (let step = await this.#source.next(); step.done !== true; step = await this.#source.next()) {
      sizeBytes += step.value.length
      if (sizeBytes > MAX_HEADERS_BYTES)
        throw new MimeError('MIME_MALFORMED', 'bytes after the last boundary')
    }
  }

  async #fillTo(sizeBytes: number): Promise<void> {
    while (this.#rest.length < sizeBytes) await this.#fill()
  }

  async #fill(): Promise<void> {
    const step = await this.#source.next()
    if (step.done === true) throw new MimeError('MIME_TRUNCATED', 'the closing boundary is missing')
    this.#rest = this.#rest.length === 0 ? step.value : Buffer.concat([this.#rest, step.value])
  }
}

/**
 * What is behind a part that was handed out: whoever has that part may give the memory of the whole piece back, so nothing
 * of it is held on to. What is left is short as a rule, and copied; a long rest is kept.
 */
function ownRest(bytes: Buffer, from: number): Buffer {
  const rest = bytes.subarray(from)
  if (rest.length === 0) return NOTHING
  if (rest.length <= COPIED_BYTES_MAX) return Buffer.from(rest)
  keepPiece(rest)
  return rest
}

/** How many of the last bytes of `bytes` may be the beginning of `delimiter`. */
function lengthOfBeginning(delimiter: Buffer, bytes: Buffer): number {
  const from = Math.max(0, bytes.length - delimiter.length + 1)
  for (let at = bytes.indexOf(CARRIAGE_RETURN, from); at >= 0; at = bytes.indexOf(CARRIAGE_RETURN, at + 1)) {
    const tail = bytes.subarray(at)
    if (delimiter.subarray(0, tail.length).equals(tail)) return tail.length
  }
  return 0
}

function parseHeaderLines(text: string): HeaderMap {
  const headers: Record<string, string> = Object.create(null)
  for (const line of text.split('\r\n')) {
    if (line === '') continue
    const colon = line.indexOf(':')
    if (colon <= 0) throw new MimeError('MIME_MALFORMED', 'a header line has no name')
    headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim()
  }
  return headers
}

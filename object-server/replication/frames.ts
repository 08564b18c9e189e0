/**
 * Objects on their way from one replica to another: for each a head with its records as they stand in files, then its
 * body. The records carry checksums of their own, the body the CRCs and the MD5 in the record; a last frame says that
 * nothing is missing.
 *
 *     length of the head (4 bytes, big endian) | head, JSON | body
 */
import type { BodyStream } from '#http/message.ts'
import type { DataRecord } from '../object-state.ts'
import type { SmallRecord } from '../object-writes.ts'
import { decodeRecord, encodeRecord } from '../stored-bytes.ts'

export interface ObjectFrame {
  readonly hash: string
  readonly small: readonly SmallRecord[]
  /** `undefined` when there is no body, or it was not wanted. */
  readonly data: DataRecord | undefined
  /** Bytes of the body that follow. */
  readonly bodyBytes: number
}

/** A head with 128 KiB of headers and the CRCs of 5 GiB fits. Bytes. */
const HEAD_BYTES_MAX = 1024 * 1024
const LENGTH_BYTES = 4

export function encodeFrameHead({ hash, small, data, bodyBytes }: ObjectFrame): Buffer {
  return framed({
    hash,
    small: small.map((record) => encodeRecord(record).toString('base64')),
    data: data === undefined ? null : encodeRecord({ kind: 'data', data }).toString('base64'),
    bodyBytes,
  })
}

export const END_FRAME: Buffer = framed({ end: true })

function framed(head: unknown): Buffer {
  const text = Buffer.from(JSON.stringify(head))
  const bytes = Buffer.allocUnsafe(LENGTH_BYTES + text.length)
  bytes.writeUInt32BE(text.length)
  text.copy(bytes, LENGTH_BYTES)
  return bytes
}

/** The frames of an answer, one after the other; the body of each must be read before the next head. */
export class FrameReader {
  readonly #stream: AsyncIterator<Buffer>
  #held: Buffer = Buffer.alloc(0)

  constructor(stream: AsyncIterable<Buffer>) {
    this.#stream = stream[Symbol.asyncIterator]()
  }

  /** `undefined` after the last. Rejects when the stream breaks off, or says what is no frame. */
  async next(): Promise<ObjectFrame | undefined> {
    const length = (await this.#take(LENGTH_BYTES)).readUInt32BE()
    if (length > HEAD_BYTES_MAX) throw brokenFrames('a head that is too long')
    return frameOf(await this.#take(length))
  }

  /** The next bytes of the stream, in one piece. */
  whole(sizeBytes: number): Promise<Buffer> {
    return this.#take(sizeBytes)
  }

  /** The next bytes of the stream, in pieces as they come. */
  async *body(sizeBytes: number): AsyncGenerator<Buffer, void, undefined> {
    let left = sizeBytes
    while (left > 0) {
      if (this.#held.length === 0) this.#held = await this.#more()
      const piece = this.#held.subarray(0, left)
      this.#held = this.#held.subarray(piece.length)
      left -= piece.length
      yield piece
    }
  }

  async #take(count: number): Promise<Buffer> {
    const pieces: Buffer[] = [this.#held]
    let sizeBytes = this.#held.length
    while (sizeBytes < count) {
      const piece = await this.#more()
      pieces.push(piece)
      sizeBytes += piece.length
    }
    const bytes = pieces.length === 1 ? this.#held : Buffer.concat(pieces)
    this.#held = bytes.subarray(count)
    return bytes.subarray(0, count)
  }

  async #more(): Promise<Buffer> {
    const { done, value } = await this.#stream.next()
    if (done === true) throw brokenFrames('the end before its time')
    return value
  }
}

function frameOf(bytes: Buffer): ObjectFrame | undefined {
  const head = JSON.parse(bytes.toString()) as Readonly<Record<string, unknown>>
  if (head['end'] === true) return undefined
  const { hash, small, data, bodyBytes } = head
  if (typeof hash !== 'string' || typeof bodyBytes !== 'number' || !Array.isArray(small))
    throw brokenFrames('a head without its members')
  const records = small.map((text) => decodeRecord(Buffer.from(String(text), 'base64')))
  const decoded = typeof data === 'string' ? decodeRecord(Buffer.from(data, 'base64')) : undefined
  if (records.some((one) => one === undefined || one.kind === 'data')) throw brokenFrames('a damaged record')
  if (typeof data === 'string' && decoded?.kind !== 'data') throw brokenFrames('a damaged record')
  return {
    hash,
    small: records as SmallRecord[],
    data: decoded?.kind === 'data' ? decoded.data : undefined,
    bodyBytes,
  }
}

function brokenFrames(what: string): Error {
  return Object.assign(new Error(`the answer has ${what}`), { code: 'BROKEN_FRAMES' })
}

/** A body made by a generator that is closed when nobody wants the rest. */
export function generatedBody(stream: AsyncGenerator<Buffer, void, undefined>): BodyStream {
  return {
    [Symbol.asyncIterator]: () => stream,
    cancel: async () => {
      await stream.return(undefined).catch(() => {})
    },
  }
}

/**
 * The frames that travel over a link (`docs/decisions/0006-links.md`): many exchanges share one connection, each under a
 * number of its own.
 *
 *     type (1 byte) | length of the payload (3 bytes) | stream (4 bytes) | payload
 *
 * A message (request, response, interim answer) is one frame: length of its head (4 bytes), the head as JSON, and behind it
 * a body that is small. A long body is a row of `data` frames, whose bytes are handed on as they come, and an `end`.
 */
import { releasePiece } from './piece-memory.ts'

export const FrameType = {
  request: 1,
  response: 2,
  /** The interim answer to `Expect: 100-continue`. */
  continue: 3,
  data: 4,
  end: 5,
  /** The sender of this gives the exchange up. */
  reset: 6,
  /** The receiver of the body has room for so many bytes more (4 bytes). */
  credit: 7,
  ping: 8,
  pong: 9,
  /** No new requests, please; those under way are answered. */
  goaway: 10,
} as const
export type FrameType = (typeof FrameType)[keyof typeof FrameType]
export type MessageType = typeof FrameType.request | typeof FrameType.response | typeof FrameType.continue

const HEADER_BYTES = 8
const HEAD_LENGTH_BYTES = 4
/** Largest payload of a `data` frame. Bytes. */
export const DATA_BYTES_MAX = 4 * 1024 * 1024
/** Largest message: a head of many long headers, and a small body. Bytes. */
const MESSAGE_BYTES_MAX = 1024 * 1024

/** The peer does not keep to the format; the link is of no use any more. */
export class LinkFormatError extends Error {
  constructor(problem: string) {
    super(`the peer of a link sent ${problem}`)
    this.name = 'LinkFormatError'
  }
}

/** A frame without a payload, or the first bytes of one whose payload follows. */
export function frameHeader(type: FrameType, stream: number, payloadBytes: number): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_BYTES)
  writeHeader(frame, type, stream, payloadBytes)
  return frame
}

export function creditFrame(stream: number, bytes: number): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + 4)
  writeHeader(frame, FrameType.credit, stream, 4)
  frame.writeUInt32BE(bytes, HEADER_BYTES)
  return frame
}

export function messageFrame(type: MessageType, stream: number, head: unknown, body?: Buffer): Buffer {
  const json = JSON.stringify(head)
  const headBytes = Buffer.byteLength(json)
  const bodyBytes = body?.length ?? 0
  const payloadBytes = HEAD_LENGTH_BYTES + headBytes + bodyBytes
  const frame = Buffer.allocUnsafe(HEADER_BYTES + payloadBytes)
  writeHeader(frame, type, stream, payloadBytes)
  frame.writeUInt32BE(headBytes, HEADER_BYTES)
  frame.write(json, HEADER_BYTES + HEAD_LENGTH_BYTES, 'utf8')
  body?.copy(frame, frame.length - bodyBytes)
  return frame
}

function writeHeader(frame: Buffer, type: FrameType, stream: number, payloadBytes: number): void {
  frame[0] = type
  frame.writeUIntBE(payloadBytes, 1, 3)
  frame.writeUInt32BE(stream, 4)
}

/** Who is told what a link brings. */
export interface FrameSink {
  /** The body is a copy of its own. */
  readonly message: (type: MessageType, stream: number, head: unknown, body: Buffer) => void
  /** Part of a body; its memory may be released by whoever takes it, and is to be released by who does not want it. */
  readonly data: (stream: number, piece: Buffer) => void
  readonly credit: (stream: number, bytes: number) => void
  readonly signal: (
    type: Exclude<FrameType, MessageType | typeof FrameType.data | typeof FrameType.credit>,
    stream: number,
  ) => void
}

/** Cuts what comes over a connection into frames. */
export class FrameReader {
  readonly #sink: FrameSink
  /** The header of the frame that is being read, then a message's payload; `data` is not collected. */
  #collected = Buffer.allocUnsafe(HEADER_BYTES)
  #collectedBytes = 0
  #type: number | undefined
  #stream = 0
  #dataLeftBytes = 0

  constructor(sink: FrameSink) {
    this.#sink = sink
  }

  /** Throws a `LinkFormatError`. */
  push(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) at = this.#dataLeftBytes > 0 ? this.#data(chunk, at) : this.#collect(chunk, at)
  }

  #data(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#dataLeftBytes)
    this.#dataLeftBytes -= end - at
    this.#sink.data(this.#stream, at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end))
    return end
  }

  /** Header or message: copied together, so that a small body does not hold on to the whole chunk. */
  #collect(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#collected.length - this.#collectedBytes)
    chunk.copy(this.#collected, this.#collectedBytes, at, end)
    this.#collectedBytes += end - at
    releasePiece(chunk.subarray(at, end))
    if (this.#collectedBytes === this.#collected.length) this.#complete()
    return end
  }

  #complete(): void {
    const bytes = this.#collected
    if (this.#type === undefined) {
      this.#begin(bytes)
      return
    }
    const type = this.#type
    this.#expectHeader()
    if (type === FrameType.credit) this.#sink.credit(this.#stream, bytes.readUInt32BE(0))
    else this.#message(type as MessageType, bytes)
  }

  #begin(header: Buffer): void {
    const type = header[0] as FrameType
    const payloadBytes = header.readUIntBE(1, 3)
    this.#stream = header.readUInt32BE(4)
    switch (type) {
      case FrameType.request:
      case FrameType.response:
      case FrameType.continue:
        this.#expectPayload(type, payloadBytes, HEAD_LENGTH_BYTES, MESSAGE_BYTES_MAX)
        return
      case FrameType.credit:
        this.#expectPayload(type, payloadBytes, 4, 4)
        return
      case FrameType.data:
        if (payloadBytes > DATA_BYTES_MAX) throw new LinkFormatError('a frame that is too long')
        this.#dataLeftBytes = payloadBytes
        this.#expectHeader()
        return
      case FrameType.end:
      case FrameType.reset:
      case FrameType.ping:
      case FrameType.pong:
      case FrameType.goaway:
        if (payloadBytes > 0) throw new LinkFormatError('a frame that is too long')
        this.#expectHeader()
        this.#sink.signal(type, this.#stream)
        return
      default:
        throw new LinkFormatError('a frame of an unknown type')
    }
  }

  #expectHeader(): void {
    this.#type = undefined
    this.#collected = Buffer.allocUnsafe(HEADER_BYTES)
    this.#collectedBytes = 0
  }

  #expectPayload(type: FrameType, bytes: number, min: number, max: number): void {
    if (bytes < min || bytes > max) throw new LinkFormatError('a frame of a wrong length')
    this.#type = type
    this.#collected = Buffer.allocUnsafeSlow(bytes)
    this.#collectedBytes = 0
  }

  #message(type: MessageType, payload: Buffer): void {
    const headEnd = HEAD_LENGTH_BYTES + payload.readUInt32BE(0)
    if (headEnd > payload.length) throw new LinkFormatError('a message shorter than its head')
    const head = parsed(payload.toString('utf8', HEAD_LENGTH_BYTES, headEnd))
    this.#sink.message(type, this.#stream, head, payload.subarray(headEnd))
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    throw new LinkFormatError('a head that cannot be read')
  }
}

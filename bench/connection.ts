/**
 * A keep-alive HTTP/1.1 client connection that costs little, because the load generator shares its cores with the
 * servers it measures: one request at a time, a parser that reads the status, `Content-Length` and chunked bodies,
 * and a read buffer that is used again and again. A broken connection is opened anew by the next exchange.
 */
import { connect, type Socket } from 'node:net'

const HEAD_END = Buffer.from('\r\n\r\n')
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i
const CHUNKED = /\r\ntransfer-encoding: *chunked/i
const CLOSES = /\r\nconnection: *close/i
/** Longest silence before an exchange fails, milliseconds. */
const SILENCE_MS = 120_000
const READ_BUFFER_BYTES = 256 * 1024
const NO_BYTES = Buffer.alloc(0)

/** Called with each piece of a body and the position of its first byte. The piece is only valid during the call. */
export type BodySink = (piece: Buffer, position: number) => void

export interface Outgoing {
  /** Request line and headers with the empty line at the end. */
  readonly head: string
  readonly method: string
  /** Sent `times` times after the head. */
  readonly body?: Buffer | undefined
  readonly times?: number
  readonly sink?: BodySink | undefined
}

export interface Answer {
  readonly status: number
  /** Status line and headers as they came. */
  readonly head: string
  readonly bodyBytes: number
}

interface Exchange {
  readonly outgoing: Outgoing
  resolve(answer: Answer): void
  reject(error: Error): void
}

type Framing =
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked'; readonly parser: ChunkedBody }

export class Connection {
  readonly #host: string
  readonly #port: number
  readonly #readBuffer = Buffer.allocUnsafe(READ_BUFFER_BYTES)
  #socket: Socket | undefined
  #exchange: Exchange | undefined
  #rest: Buffer = NO_BYTES
  #head: string | undefined
  #framing: Framing = { kind: 'length', bytes: 0 }
  #bodyBytes = 0

  constructor(host: string, port: number) {
    this.#host = host
    this.#port = port
  }

  /** Sends one request and resolves when its whole answer was read. Rejects when the connection fails. */
  exchange(outgoing: Outgoing): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#exchange = { outgoing, resolve, reject }
      const socket = this.#socket ?? this.#open()
      if (outgoing.body === undefined) socket.write(outgoing.head, 'latin1')
      else this.#sendWithBody(socket, outgoing, outgoing.body)
    })
  }

  close(): void {
    this.#socket?.destroy()
    this.#socket = undefined
  }

  #open(): Socket {
    const socket: Socket = connect({
      host: this.#host,
      port: this.#port,
      noDelay: true,
      onread: { buffer: this.#readBuffer, callback: (count) => this.#received(socket, count) },
    })
    socket.setTimeout(SILENCE_MS, () => socket.destroy(new Error(`silence for ${SILENCE_MS / 1000} s`)))
    socket.on('error', (error) => this.#fail(socket, error))
    socket.on('close', () => this.#fail(socket, new Error('connection closed by the server')))
    this.#socket = socket
    return socket
  }

  #sendWithBody(socket: Socket, outgoing: Outgoing, body: Buffer): void {
    const times = outgoing.times ?? 1
    if (times === 1) {
      const whole = Buffer.allocUnsafe(outgoing.head.length + body.length)
      whole.write(outgoing.head, 'latin1')
      body.copy(whole, outgoing.head.length)
      socket.write(whole)
      return
    }
    socket.write(outgoing.head, 'latin1')
    let sent = 0
    const sendMore = (): void => {
      while (sent < times) {
        sent += 1
        if (socket.write(body)) continue
        if (sent < times) socket.once('drain', sendMore)
        return
      }
    }
    sendMore()
  }

  #received(socket: Socket, count: number): boolean {
    if (socket !== this.#socket) return true
    const piece = this.#readBuffer.subarray(0, count)
    if (this.#head !== undefined) this.#readBody(piece)
    else this.#readHeads(this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]))
    return true
  }

  /** Passes over interim answers, which may come together with the final one. */
  #readHeads(piece: Buffer): void {
    let at = 0
    while (this.#head === undefined) {
      const end = piece.indexOf(HEAD_END, at)
      if (end < 0) {
        this.#rest = Buffer.from(piece.subarray(at))
        return
      }
      this.#readHead(piece.toString('latin1', at, end + 2))
      at = end + HEAD_END.length
    }
    this.#rest = NO_BYTES
    this.#readBody(piece.subarray(at))
  }

  #readHead(head: string): void {
    const status = statusOf(head)
    if (status >= 100 && status < 200) return
    this.#head = head
    this.#bodyBytes = 0
    const bodyless = this.#exchange?.outgoing.method === 'HEAD' || status === 204 || status === 304
    if (!bodyless && CHUNKED.test(head)) {
      this.#framing = { kind: 'chunked', parser: new ChunkedBody((piece) => this.#bodyPiece(piece)) }
    } else {
      this.#framing = { kind: 'length', bytes: bodyless ? 0 : Number(CONTENT_LENGTH.exec(head)?.[1] ?? 0) }
    }
  }

  #readBody(piece: Buffer): void {
    const framing = this.#framing
    if (framing.kind === 'chunked') {
      if (framing.parser.read(piece)) this.#finish()
      return
    }
    if (piece.length > 0) this.#bodyPiece(piece)
    if (this.#bodyBytes >= framing.bytes) this.#finish()
  }

  #bodyPiece(piece: Buffer): void {
    this.#exchange?.outgoing.sink?.(piece, this.#bodyBytes)
    this.#bodyBytes += piece.length
  }

  #finish(): void {
    const exchange = this.#exchange
    const head = this.#head ?? ''
    this.#exchange = undefined
    this.#head = undefined
    if (CLOSES.test(head)) this.close()
    exchange?.resolve({ status: statusOf(head), head, bodyBytes: this.#bodyBytes })
  }

  #fail(socket: Socket, error: Error): void {
    if (socket !== this.#socket) return
    this.close()
    this.#head = undefined
    this.#rest = NO_BYTES
    const exchange = this.#exchange
    this.#exchange = undefined
    exchange?.reject(error)
  }
}

/** The value of a header of an answer's head, or `undefined`. */
export function headerOf(head: string, name: string): string | undefined {
  return new RegExp(`\\r\\n${name}: *([^\\r]*)`, 'i').exec(head)?.[1]
}

function statusOf(head: string): number {
  return Number(head.slice(9, 12))
}

/** Takes chunked transfer coding apart (RFC 9112, section 7.1). Trailers are skipped. */
class ChunkedBody {
  readonly #onPiece: (piece: Buffer) => void
  #line = ''
  #left = 0
  #state: 'size' | 'data' | 'data end' | 'trailers' = 'size'

  constructor(onPiece: (piece: Buffer) => void) {
    this.#onPiece = onPiece
  }

  /** True once the last chunk and its trailers were read. */
  read(piece: Buffer): boolean {
    let at = 0
    while (at < piece.length) {
      if (this.#state === 'data') {
        at = this.#readData(piece, at)
        continue
      }
      const end = piece.indexOf(10, at)
      this.#line += piece.toString('latin1', at, end < 0 ? piece.length : end + 1)
      if (end < 0) return false
      at = end + 1
      if (this.#readLine(this.#line.trimEnd())) return true
      this.#line = ''
    }
    return false
  }

  #readData(piece: Buffer, at: number): number {
    const end = Math.min(piece.length, at + this.#left)
    this.#onPiece(piece.subarray(at, end))
    this.#left -= end - at
    if (this.#left === 0) this.#state = 'data end'
    return end
  }

  #readLine(line: string): boolean {
    if (this.#state === 'trailers') return line === ''
    if (this.#state === 'data end') {
      this.#state = 'size'
      return false
    }
    this.#left = Number.parseInt(line, 16)
    this.#state = this.#left === 0 ? 'trailers' : 'data'
    return false
  }
}

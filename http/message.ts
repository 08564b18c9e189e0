/**
 * Requests and responses as values. Handlers take one and return the other; only `http/server.ts` touches sockets,
 * only transports touch connections. The same two types travel over the wire and inside the process.
 *
 * Header names are lower-case everywhere inside the program; the server writes them in Swift's Title-Case.
 * Header values are strings of bytes (latin1 code units), as HTTP has them; UTF-8 in them is still encoded.
 */

import { keepPiece, ownPiece, releasePiece } from './piece-memory.ts'

export type HeaderMap = Readonly<Record<string, string | undefined>>

/** A stream of body bytes read once. Whoever holds it must either read to the end or `cancel()`. */
export interface BodyStream extends AsyncIterable<Buffer> {
  /**
   * Gives up the rest and releases what stands behind it (file, connection). Safe to call at any time, twice too.
   * A read that waits, and every later one, rejects.
   */
  cancel(): Promise<void>
}

export interface RequestBody extends BodyStream {
  /** Declared length; `undefined` when the sender did not say (chunked). */
  readonly lengthBytes: number | undefined
  /**
   * The sender waits for `100 Continue` (header `expect`). Called by the handler once it is ready to read, with the
   * headers the interim answer carries. Reading without having called it sends a plain 100. Called for a sender that
   * does not wait, it does nothing.
   */
  readonly sendContinue: (headers?: HeaderMap) => void
  /** The whole body, when it is held in memory anyway; whoever can use it at once need not read the stream. */
  readonly bytes?: Buffer | undefined
}

export type BodyErrorCode =
  /** The sender went away, or sent fewer bytes than it declared (Swift answers 499). */
  | 'SENDER_GONE'
  /** The sender was silent for too long (Swift answers 408). */
  | 'SENDER_TIMEOUT'
  /** Longer than the reader accepts (413). */
  | 'BODY_TOO_LARGE'
  /** Somebody on our side cancelled the body before its end. */
  | 'BODY_CANCELLED'

/** What reading a request's body rejects with. Response bodies reject with a `TransportError`. */
export class BodyError extends Error {
  readonly code: BodyErrorCode

  constructor(code: BodyErrorCode, cause?: unknown) {
    super(code, cause === undefined ? undefined : { cause })
    this.name = 'BodyError'
    this.code = code
  }
}

export interface Request {
  readonly method: string
  /** Percent-encoded path exactly as sent, without the query. */
  readonly path: string
  /** The query exactly as sent, without `?`; empty when there is none. */
  readonly query: string
  readonly headers: HeaderMap
  readonly body: RequestBody
  /** Aborts when the sender is gone before the answer was complete. */
  readonly signal: AbortSignal | undefined
  /** Address of the peer; empty inside the process. */
  readonly remoteAddress: string
  /** The request came over TLS. */
  readonly secure: boolean
}

export type ResponseBody = Buffer | BodyStream | undefined

export interface Response {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /**
   * A `Buffer` is sent with its length. A stream is sent with the `content-length` given in the headers, else chunked.
   * For HEAD the body is `undefined` and `content-length` says what GET would send.
   */
  readonly body: ResponseBody
}

export type Handler = (request: Request) => Promise<Response>
/** A layer of a pipeline: a handler around a handler. */
export type Layer = (inner: Handler) => Handler

/** The handler that passes each request through the layers, first named outermost. */
export function pipeline(core: Handler, layersOutermostFirst: readonly Layer[]): Handler {
  return layersOutermostFirst.reduceRight((inner, layer) => layer(inner), core)
}

/** A request body without bytes. */
export const EMPTY_BODY: RequestBody = {
  lengthBytes: 0,
  bytes: Buffer.alloc(0),
  sendContinue: () => {},
  cancel: async () => {},
  async *[Symbol.asyncIterator]() {},
}

/** A request that a process makes itself: nobody is waiting behind it unless a signal is given. */
export function ownRequest(parts: Pick<Request, 'method' | 'path'> & Partial<Request>): Request {
  return {
    query: '',
    headers: {},
    body: EMPTY_BODY,
    signal: undefined,
    remoteAddress: '',
    secure: false,
    ...parts,
  }
}

/** A request body of bytes held in memory. */
export function bufferBody(bytes: Buffer): RequestBody {
  return {
    lengthBytes: bytes.length,
    bytes,
    sendContinue: continueAtOnce,
    cancel: cancelNothing,
    async *[Symbol.asyncIterator]() {
      if (bytes.length > 0) yield bytes
    },
  }
}

function continueAtOnce(): void {}

async function cancelNothing(): Promise<void> {}

/** A header's single value: the first when a response carries several. */
export function headerOf(response: Response, name: string): string | undefined {
  const value = response.headers[name]
  return typeof value === 'string' || value === undefined ? value : value[0]
}

/** Reads a body whole, to keep it; rejects with a `BodyError` of code `BODY_TOO_LARGE` when it is longer than `limitBytes`. */
export async function readWhole(body: ResponseBody | RequestBody, limitBytes: number): Promise<Buffer> {
  const whole = await readToPassOn(body, limitBytes)
  keepPiece(whole)
  return whole
}

/** The same, of a body that is only passed on: whoever sends it may give its memory back (`piece-memory.ts`). */
export async function readToPassOn(body: ResponseBody | RequestBody, limitBytes: number): Promise<Buffer> {
  if (body === undefined) return Buffer.alloc(0)
  const held = Buffer.isBuffer(body) ? body : 'bytes' in body ? body.bytes : undefined
  if (held !== undefined) {
    if (held.length > limitBytes) throw new BodyError('BODY_TOO_LARGE')
    return held
  }
  if (Buffer.isBuffer(body)) return body
  const chunks = await readChunks(body, limitBytes)
  const [only] = chunks
  if (only !== undefined && chunks.length === 1) return only
  const whole = Buffer.concat(chunks)
  for (const chunk of chunks) releasePiece(chunk)
  ownPiece(whole)
  return whole
}

async function readChunks(body: BodyStream, limitBytes: number): Promise<readonly Buffer[]> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of body) {
    sizeBytes += chunk.length
    if (sizeBytes > limitBytes) {
      await body.cancel()
      throw new BodyError('BODY_TOO_LARGE')
    }
    chunks.push(chunk)
  }
  return chunks
}

/** A response's body piece by piece, however it came: a short one may be there as a whole. */
export async function* piecesOf(body: ResponseBody): AsyncGenerator<Buffer> {
  if (Buffer.isBuffer(body)) yield body
  else if (body !== undefined) yield* body
}

/** Lets go of a response whose body nobody wants. */
export async function discard(response: Response): Promise<void> {
  if (response.body !== undefined && !Buffer.isBuffer(response.body)) await response.body.cancel()
}

/** Cancels a body without waiting for it. What goes wrong then concerns nobody any more. */
export function abandon(body: BodyStream): void {
  body.cancel().catch(() => {})
}

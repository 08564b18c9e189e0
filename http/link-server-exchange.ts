/** One request that came over a link. */

import type { ExchangeSetting } from './exchange.ts'
import { failureResponse } from './failure-response.ts'
import { IncomingBody, OutgoingBody } from './link-body.ts'
import {
  BODY_FOLLOWS,
  BODY_HELD,
  BODY_WITHIN,
  BODY_WITHIN_BYTES,
  type RequestHead,
  type ResponseHead,
} from './link-client-exchange.ts'
import type { LinkConnection } from './link-connection.ts'
import { FrameType, frameHeader, LinkFormatError, messageFrame } from './link-frames.ts'
import {
  BodyError,
  type BodyStream,
  bufferBody,
  discard,
  EMPTY_BODY,
  type HeaderMap,
  type Request,
  type RequestBody,
  type Response,
} from './message.ts'
import { releasePiece } from './piece-memory.ts'
import { lengthOf, WRITERS_OWN } from './response-writer.ts'

export class ServerExchange {
  readonly #setting: ExchangeSetting
  readonly #connection: LinkConnection
  readonly #stream: number
  readonly #remoteAddress: string
  readonly #abort = new AbortController()
  #incoming: IncomingBody | undefined
  #outgoing: OutgoingBody | undefined
  #response: BodyStream | undefined
  #declaredBytes: number | undefined
  #receivedBytes = 0
  #isHeld = false
  #gone = false

  constructor(setting: ExchangeSetting, connection: LinkConnection, stream: number, remoteAddress: string) {
    this.#setting = setting
    this.#connection = connection
    this.#stream = stream
    this.#remoteAddress = remoteAddress
  }

  /** Resolves when the answer was sent or given up. Throws at once, and only, for a head that makes no sense. */
  run(head: unknown, bytes: Buffer): Promise<void> {
    return this.#answer(this.#requestOf(head, bytes))
  }

  onData(piece: Buffer): void {
    if (this.#incoming === undefined) {
      releasePiece(piece)
      return
    }
    this.#receivedBytes += piece.length
    this.#incoming.push(piece)
  }

  onEnd(): void {
    if (this.#declaredBytes !== undefined && this.#receivedBytes !== this.#declaredBytes) this.onGone()
    else this.#incoming?.end()
  }

  onCredit(bytes: number): void {
    this.#outgoing?.credit(bytes)
  }

  /** The sender has given the request up, or is gone itself. */
  onGone(): void {
    if (this.#gone) return
    this.#gone = true
    const gone = new BodyError('SENDER_GONE')
    this.#incoming?.fail(gone)
    this.#abort.abort(gone)
    this.#outgoing?.stop()
    this.#response?.cancel().catch(() => {})
  }

  #requestOf(head: unknown, bytes: Buffer): Request {
    if (!isRequestHead(head)) throw new LinkFormatError('a request that makes no sense')
    const [method, path, query, headers, bodyKind, declared] = head
    return {
      method,
      path,
      query,
      headers,
      body: bodyKind === BODY_WITHIN ? withinBody(bytes) : this.#bodyThatFollows(bodyKind, declared),
      signal: this.#abort.signal,
      remoteAddress: this.#remoteAddress,
      secure: this.#setting.secure,
    }
  }

  #bodyThatFollows(bodyKind: number, declared: number | null): RequestBody {
    this.#declaredBytes = declared ?? undefined
    this.#isHeld = bodyKind === BODY_HELD
    const incoming = new IncomingBody(this.#connection, this.#stream, () => {}, {
      clock: this.#setting.clock,
      limitMs: this.#setting.limits.clientTimeoutMs,
      exceeded: () => incoming.fail(new BodyError('SENDER_TIMEOUT')),
    })
    this.#incoming = incoming
    return {
      lengthBytes: this.#declaredBytes,
      sendContinue: (headers) => this.#sendContinue(headers),
      cancel: () => incoming.cancel(),
      [Symbol.asyncIterator]: () => {
        this.#sendContinue()
        return incoming
      },
    }
  }

  #sendContinue(headers: HeaderMap = {}): void {
    if (!this.#isHeld || this.#gone) return
    this.#isHeld = false
    this.#connection.send(messageFrame(FrameType.continue, this.#stream, headers))
  }

  async #answer(request: Request): Promise<void> {
    const response = await this.#handled(request)
    if (this.#gone) return await discard(response)
    try {
      await this.#send(request.method, response)
    } catch (error) {
      if (!this.#gone) this.#log(request, 'response could not be sent', error)
      this.#connection.send(frameHeader(FrameType.reset, this.#stream, 0))
      await discard(response)
    }
    // What still comes of a body that nobody read is dropped.
    await this.#incoming?.cancel()
  }

  async #handled(request: Request): Promise<Response> {
    try {
      return await this.#setting.handler(request)
    } catch (error) {
      const { response, isOurs } = failureResponse(error)
      if (isOurs && !this.#gone) this.#log(request, 'handler failed', error)
      return response
    }
  }

  async #send(method: string, response: Response): Promise<void> {
    const bodyless = method === 'HEAD' || response.status === 204 || response.status === 304
    const body = bodyless ? undefined : response.body
    const lengthBytes = lengthOf(response, body, bodyless)
    const headers = sentHeaders(response.headers, lengthBytes)
    if (bodyless) await discard(response)
    if (body === undefined || (Buffer.isBuffer(body) && body.length <= BODY_WITHIN_BYTES)) {
      this.#sendHead([response.status, headers, BODY_WITHIN], body)
      return
    }
    this.#sendHead([response.status, headers, BODY_FOLLOWS])
    const stream = Buffer.isBuffer(body) ? bufferBody(body) : body
    this.#response = stream
    this.#outgoing = new OutgoingBody(this.#connection, this.#stream)
    await this.#outgoing.pump(stream, lengthBytes, () => {})
  }

  #sendHead(head: ResponseHead, body?: Buffer): void {
    this.#connection.send(messageFrame(FrameType.response, this.#stream, head, body))
  }

  #log(request: Request, message: string, error: unknown): void {
    this.#setting.log.error({ err: error, method: request.method, path: request.path }, message)
  }
}

function isRequestHead(head: unknown): head is RequestHead {
  if (!Array.isArray(head) || head.length !== 6) return false
  const [method, path, query, headers, bodyKind, declared] = head as unknown[]
  const texts = [method, path, query].every((text) => typeof text === 'string')
  const isLength = declared === null || (Number.isSafeInteger(declared) && (declared as number) >= 0)
  const isKind = bodyKind === BODY_WITHIN || bodyKind === BODY_FOLLOWS || bodyKind === BODY_HELD
  return texts && isLength && isKind && isHeaderMap(headers)
}

function isHeaderMap(headers: unknown): boolean {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) return false
  for (const value of Object.values(headers)) if (typeof value !== 'string') return false
  return true
}

function withinBody(bytes: Buffer): RequestBody {
  return bytes.length === 0 ? EMPTY_BODY : bufferBody(bytes)
}

/** As they would arrive over HTTP: with the length that the body has. */
function sentHeaders(headers: Response['headers'], lengthBytes: number | undefined): Response['headers'] {
  const sent: Record<string, string | readonly string[] | undefined> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !WRITERS_OWN.has(name)) sent[name] = value
  }
  if (lengthBytes !== undefined) sent['content-length'] = String(lengthBytes)
  return sent
}

/**
 * One request over a link, from its head to the last byte of its answer. It keeps what `Transport.send` promises:
 *
 * - With `expect: 100-continue` not a byte of the body is read before the peer says 100, and none if it never does.
 * - A peer that answers before it has the whole body gets no more of it.
 * - A body that fails or is too short gives the request up, so that the peer cannot take it for the whole.
 */
import type { Clock, Timer } from '#base/environment.ts'
import { IncomingBody, OutgoingBody } from './link-body.ts'
import type { LinkConnection } from './link-connection.ts'
import { FrameType, frameHeader, messageFrame } from './link-frames.ts'
import { abandon, type HeaderMap, type Request, type Response } from './message.ts'
import { type Endpoint, type SendOptions, TransportError } from './transport.ts'
import { awaitsContinue, forwardedHeaders, framingHeaders } from './wire-request.ts'

/** How the body of a request travels: in the frame of its head, behind it, or once the peer asks for it. */
export const BODY_WITHIN = 0
export const BODY_FOLLOWS = 1
export const BODY_HELD = 2

/** Method, path, query, headers, how the body travels, its declared length. */
export type RequestHead = readonly [
  string,
  string,
  string,
  HeaderMap,
  typeof BODY_WITHIN | typeof BODY_FOLLOWS | typeof BODY_HELD,
  number | null,
]

/** Status, headers, how the body travels. */
export type ResponseHead = readonly [number, Response['headers'], typeof BODY_WITHIN | typeof BODY_FOLLOWS]

/** A body in memory that is no longer than this travels with its head. Bytes. */
export const BODY_WITHIN_BYTES = 128 * 1024

export interface ClientExchangeParts {
  readonly connection: LinkConnection
  readonly stream: number
  readonly target: Endpoint
  readonly request: Request
  readonly options: SendOptions
  readonly clock: Clock
  /** The exchange needs nothing of the link any more. */
  readonly over: () => void
}

type Phase = 'held' | 'sending' | 'sent' | 'answered' | 'over'

export class ClientExchange {
  readonly connection: LinkConnection
  readonly #parts: ClientExchangeParts
  #phase: Phase = 'sending'
  #outgoing: OutgoingBody | undefined
  #incoming: IncomingBody | undefined
  #timer: Timer | undefined
  #resolve: (response: Response) => void = () => {}
  #reject: (error: Error) => void = () => {}

  constructor(parts: ClientExchangeParts) {
    this.#parts = parts
    this.connection = parts.connection
  }

  run(): Promise<Response> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      this.#parts.options.signal?.addEventListener('abort', this.#onAbort)
      this.#begin()
    })
  }

  onContinue(headers: unknown): void {
    if (this.#phase !== 'held') return
    this.#phase = 'sending'
    this.#stopTimer()
    this.#parts.request.body.sendContinue(headers as HeaderMap)
    void this.#sendBody()
  }

  onCredit(bytes: number): void {
    this.#outgoing?.credit(bytes)
  }

  onResponse(head: unknown, body: Buffer): void {
    if (this.#phase === 'answered' || this.#phase === 'over') return
    const [status, headers, follows] = head as ResponseHead
    const { request } = this.#parts
    this.#stopTimer()
    if (this.#phase !== 'sent') this.#stopSending()
    this.#phase = 'answered'
    const bodyless = request.method === 'HEAD' || status === 204 || status === 304
    if (follows !== BODY_FOLLOWS) {
      this.#over()
      this.#resolve({ status, headers, body: bodyless ? undefined : body })
      return
    }
    this.#incoming = new IncomingBody(this.connection, this.#parts.stream, this.#onCancel, {
      clock: this.#parts.clock,
      limitMs: this.#parts.options.responseTimeoutMs,
      exceeded: () => this.#fail(new TransportError('RESPONSE_TIMEOUT', this.#parts.target)),
    })
    this.#resolve({ status, headers, body: this.#incoming })
  }

  onData(piece: Buffer): void {
    this.#incoming?.push(piece)
  }

  onEnd(): void {
    if (this.#incoming === undefined) {
      this.onLost(undefined)
      return
    }
    this.#over()
    this.#incoming.end()
  }

  /** The link is gone, or the peer gives the answer up. */
  onLost(cause: Error | undefined): void {
    this.#fail(new TransportError('CONNECTION_LOST', this.#parts.target, cause))
  }

  #begin(): void {
    const { request } = this.#parts
    const { body } = request
    const isHeld = awaitsContinue(request)
    const within = isHeld ? undefined : heldBytes(request)
    const headers = { ...forwardedHeaders(request.headers), ...framingHeaders(request) }
    if (isHeld) headers['expect'] = '100-continue'
    const kind = isHeld ? BODY_HELD : within === undefined ? BODY_FOLLOWS : BODY_WITHIN
    const head: RequestHead = [
      request.method,
      request.path,
      request.query,
      headers,
      kind,
      body.lengthBytes ?? null,
    ]
    this.connection.send(messageFrame(FrameType.request, this.#parts.stream, head, within))
    if (kind === BODY_FOLLOWS) {
      void this.#sendBody()
      return
    }
    this.#phase = isHeld ? 'held' : 'sent'
    this.#startTimer()
  }

  async #sendBody(): Promise<void> {
    const { request, target, stream } = this.#parts
    const { body } = request
    this.#outgoing = new OutgoingBody(this.connection, stream)
    try {
      const isWhole = await this.#outgoing.pump(body, body.lengthBytes, this.#waitForPeer)
      if (!isWhole || this.#phase !== 'sending') return
      this.#phase = 'sent'
      this.#startTimer()
    } catch (error) {
      if (this.#phase === 'sending') this.#fail(new TransportError('ABORTED', target, error))
    }
  }

  /** The peer takes no more of the body for now; it may not do so for ever. */
  readonly #waitForPeer = (waits: boolean): void => {
    if (waits) this.#startTimer()
    else this.#stopTimer()
  }

  #stopSending(): void {
    this.#outgoing?.stop()
    abandon(this.#parts.request.body)
  }

  readonly #onCancel = (): void => {
    if (this.#phase === 'over') return
    this.#over()
    this.#reset()
  }

  readonly #onAbort = (): void => {
    this.#fail(new TransportError('ABORTED', this.#parts.target, this.#parts.options.signal?.reason))
  }

  #fail(error: TransportError): void {
    if (this.#phase === 'over') return
    this.#over()
    this.#reset()
    this.#stopSending()
    this.#reject(error)
    this.#incoming?.fail(error)
  }

  #reset(): void {
    this.connection.send(frameHeader(FrameType.reset, this.#parts.stream, 0))
  }

  #startTimer(): void {
    this.#stopTimer()
    if (this.#phase === 'over') return
    const { clock, options, target } = this.#parts
    this.#timer = clock.setTimer(options.responseTimeoutMs, () => {
      this.#fail(new TransportError('RESPONSE_TIMEOUT', target))
    })
  }

  #stopTimer(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #over(): void {
    this.#phase = 'over'
    this.#stopTimer()
    this.#parts.options.signal?.removeEventListener('abort', this.#onAbort)
    this.#parts.over()
  }
}

function heldBytes({ body }: Request): Buffer | undefined {
  if (body.lengthBytes === 0) return body.bytes ?? Buffer.alloc(0)
  return body.bytes !== undefined && body.bytes.length <= BODY_WITHIN_BYTES ? body.bytes : undefined
}

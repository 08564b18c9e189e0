/**
 * Requests whose body streams, or which wait for `100 Continue`, over `node:http` with a keep-alive agent.
 *
 * - With `expect: 100-continue` not a byte of the body is read before the peer says 100, and none if it never does.
 * - A peer that answers before it has the whole body gets no more of it; its connection is not used again.
 * - A body that fails or is too short breaks the connection, so that the peer cannot take it for the whole.
 */
import type { ClientRequest, IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { Clock, Timer } from '#base/environment.ts'
import { abandon, type HeaderMap, type Request, type Response } from './message.ts'
import { HttpAgent, request as httpRequest } from './node-http.ts'
import { ownPiece, releasePiece } from './piece-memory.ts'
import { QueuedBody } from './queued-body.ts'
import { type Endpoint, type SendOptions, TransportError, type TransportTls } from './transport.ts'
import {
  awaitsContinue,
  forwardedHeaders,
  framingHeaders,
  requestTarget,
  transportErrorOf,
} from './wire-request.ts'

/** Idle connections kept per server, and for how long. */
const IDLE_CONNECTIONS_PER_SERVER = 64
const KEEP_ALIVE_MS = 30_000
/** A body of unknown or large size is handed to the socket in pieces of the reader's choice; this much may wait. */
const WRITE_BUFFER_BYTES = 256 * 1024

export interface StreamedRequest {
  readonly target: Endpoint
  readonly request: Request
  readonly options: SendOptions
  /** `fresh` never takes an idle connection, which the peer may just have closed. */
  readonly connection: 'pooled' | 'fresh'
}

export class StreamingClient {
  readonly #clock: Clock
  readonly #tls: TransportTls | undefined
  readonly #agent: InstanceType<typeof HttpAgent>

  constructor(options: { readonly clock: Clock; readonly tls: TransportTls | undefined }) {
    this.#clock = options.clock
    this.#tls = options.tls
    const agentOptions = {
      keepAlive: true,
      keepAliveMsecs: KEEP_ALIVE_MS,
      scheduling: 'lifo' as const,
      maxFreeSockets: IDLE_CONNECTIONS_PER_SERVER,
      timeout: KEEP_ALIVE_MS,
      noDelay: true,
      writableHighWaterMark: WRITE_BUFFER_BYTES,
    }
    this.#agent = this.#tls === undefined ? new HttpAgent(agentOptions) : new HttpsAgent(agentOptions)
  }

  send(streamed: StreamedRequest): Promise<Response> {
    const { target, request, options, connection } = streamed
    if (options.signal?.aborted === true) {
      return Promise.reject(new TransportError('ABORTED', target, options.signal.reason))
    }
    const open = this.#tls === undefined ? httpRequest : httpsRequest
    const outgoing = open({
      host: target.host,
      port: target.port,
      method: request.method,
      path: requestTarget(request),
      headers: headersOf(request),
      agent: connection === 'fresh' ? false : this.#agent,
      ...(this.#tls === undefined
        ? {}
        : { ca: this.#tls.authority, cert: this.#tls.certificate, key: this.#tls.key }),
    })
    return new Exchange(outgoing, streamed, this.#clock).run()
  }

  close(): void {
    this.#agent.destroy()
  }
}

function headersOf(request: Request): Record<string, string> {
  const headers = { ...forwardedHeaders(request.headers), ...framingHeaders(request) }
  return awaitsContinue(request) ? { ...headers, expect: '100-continue' } : headers
}

type Phase = 'connecting' | 'held' | 'sending' | 'sent' | 'answered' | 'over'

class Exchange {
  readonly #outgoing: ClientRequest
  readonly #request: Request
  readonly #target: Endpoint
  readonly #options: SendOptions
  readonly #clock: Clock
  #phase: Phase = 'connecting'
  #timer: Timer | undefined
  #resolve: (response: Response) => void = () => {}
  #reject: (error: Error) => void = () => {}
  #incoming: IncomingMessage | undefined
  #responseBody: QueuedBody | undefined
  #connected = false

  constructor(outgoing: ClientRequest, streamed: StreamedRequest, clock: Clock) {
    this.#outgoing = outgoing
    this.#request = streamed.request
    this.#target = streamed.target
    this.#options = streamed.options
    this.#clock = clock
  }

  run(): Promise<Response> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      this.#options.signal?.addEventListener('abort', this.#onAbort)
      this.#startTimer('CONNECT_TIMEOUT', this.#options.connectTimeoutMs)
      this.#listen()
      if (awaitsContinue(this.#request)) this.#outgoing.flushHeaders()
      else void this.#sendBody()
    })
  }

  #listen(): void {
    this.#outgoing.on('socket', (socket) => {
      if (!socket.connecting) this.#onConnect()
      else socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => this.#onConnect())
    })
    this.#outgoing.on('information', (info) => {
      if (info.statusCode === 100) this.#onContinue(info.headers as HeaderMap)
    })
    this.#outgoing.on('response', (incoming) => this.#onResponse(incoming))
    this.#outgoing.on('error', (error) => {
      this.#fail(transportErrorOf(error, this.#target, this.#connected ? 'connected' : 'none'))
    })
  }

  #onConnect(): void {
    this.#connected = true
    this.#stopTimer()
    if (this.#phase !== 'connecting') return
    if (awaitsContinue(this.#request)) {
      this.#phase = 'held'
      this.#startTimer('RESPONSE_TIMEOUT', this.#options.responseTimeoutMs)
    } else this.#phase = 'sending'
  }

  #onContinue(headers: HeaderMap): void {
    if (this.#phase !== 'held') return
    this.#phase = 'sending'
    this.#stopTimer()
    this.#request.body.sendContinue(headers)
    void this.#sendBody()
  }

  async #sendBody(): Promise<void> {
    try {
      const sentBytes = await this.#pump()
      if (this.#isAnswered()) return
      const { lengthBytes } = this.#request.body
      if (lengthBytes !== undefined && sentBytes < lengthBytes) {
        throw new Error(`request body of ${sentBytes} bytes declared ${lengthBytes}`)
      }
      this.#outgoing.end(() => this.#onSent())
    } catch (error) {
      if (!this.#isAnswered()) this.#fail(new TransportError('ABORTED', this.#target, error))
    }
  }

  /** Writes the body as fast as the socket takes it, until the peer answers; returns the bytes written. */
  async #pump(): Promise<number> {
    const { lengthBytes } = this.#request.body
    let sentBytes = 0
    for await (const chunk of this.#request.body) {
      if (this.#isAnswered()) break
      sentBytes += chunk.length
      if (lengthBytes !== undefined && sentBytes > lengthBytes) {
        throw new Error(`request body is longer than the declared ${lengthBytes} bytes`)
      }
      if (chunk.length > 0 && !this.#write(chunk)) await this.#drained()
    }
    return sentBytes
  }

  /** False when the socket wants no more for now. A body that is held in memory may be sent again, to others too. */
  #write(chunk: Buffer): boolean {
    if (this.#request.body.bytes !== undefined) return this.#outgoing.write(chunk)
    return this.#outgoing.write(chunk, (error) => {
      if (error === null || error === undefined) releasePiece(chunk)
    })
  }

  /** The peer has answered, or the exchange has failed: no more of the body is wanted. */
  #isAnswered(): boolean {
    return this.#phase === 'answered' || this.#phase === 'over'
  }

  async #drained(): Promise<void> {
    if (this.#connected) this.#startTimer('RESPONSE_TIMEOUT', this.#options.responseTimeoutMs)
    await new Promise<void>((resolve) => {
      const settle = (): void => {
        this.#outgoing.off('drain', settle)
        this.#outgoing.off('response', settle)
        this.#outgoing.off('close', settle)
        resolve()
      }
      this.#outgoing.on('drain', settle)
      this.#outgoing.on('response', settle)
      this.#outgoing.on('close', settle)
    })
    if (this.#phase === 'sending') this.#stopTimer()
  }

  #onSent(): void {
    if (this.#isAnswered()) return
    this.#phase = 'sent'
    this.#startTimer('RESPONSE_TIMEOUT', this.#options.responseTimeoutMs)
  }

  #onResponse(incoming: IncomingMessage): void {
    if (this.#phase === 'over') {
      incoming.destroy()
      return
    }
    this.#stopTimer()
    this.#incoming = incoming
    const early = this.#phase !== 'sent'
    this.#phase = 'answered'
    if (early) abandon(this.#request.body)
    this.#resolve({
      status: incoming.statusCode ?? 0,
      headers: incoming.headers,
      body: this.#bodyOf(incoming, early),
    })
  }

  #bodyOf(incoming: IncomingMessage, early: boolean): QueuedBody | undefined {
    const status = incoming.statusCode ?? 0
    const body = new QueuedBody({
      pause: () => this.#pause(),
      resume: () => this.#resume(),
      cancel: () => this.#finish(),
    })
    this.#responseBody = body
    incoming.on('data', (chunk: Buffer) => {
      this.#watchSilence()
      ownPiece(chunk)
      body.push(chunk)
    })
    incoming.on('end', () => {
      body.end()
      this.#over()
      // What the peer did not take of the request still stands between this connection and the next one.
      if (early) this.#outgoing.destroy()
    })
    incoming.on('error', (error) => this.#fail(transportErrorOf(error, this.#target, 'connected')))
    incoming.on('close', () => {
      if (!incoming.complete) this.#fail(new TransportError('CONNECTION_LOST', this.#target))
    })
    this.#watchSilence()
    return this.#request.method === 'HEAD' || status === 204 || status === 304 ? undefined : body
  }

  #pause(): void {
    this.#stopTimer()
    this.#incoming?.pause()
  }

  #resume(): void {
    this.#watchSilence()
    this.#incoming?.resume()
  }

  #watchSilence(): void {
    this.#startTimer('RESPONSE_TIMEOUT', this.#options.responseTimeoutMs)
  }

  #startTimer(code: 'CONNECT_TIMEOUT' | 'RESPONSE_TIMEOUT', delayMs: number): void {
    this.#stopTimer()
    if (this.#phase === 'over') return
    this.#timer = this.#clock.setTimer(delayMs, () => this.#fail(new TransportError(code, this.#target)))
  }

  #stopTimer(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  readonly #onAbort = (): void => {
    this.#fail(new TransportError('ABORTED', this.#target, this.#options.signal?.reason))
  }

  #fail(error: TransportError): void {
    if (this.#phase === 'over') return
    this.#finish()
    abandon(this.#request.body)
    this.#reject(error)
    this.#responseBody?.fail(error)
  }

  /** Ends the exchange and its connection. */
  #finish(): void {
    this.#over()
    this.#outgoing.destroy()
  }

  #over(): void {
    this.#phase = 'over'
    this.#stopTimer()
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
  }
}

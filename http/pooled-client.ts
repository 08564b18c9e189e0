/**
 * Requests whose body is in memory, over pooled HTTP/1.1 connections of undici's dispatcher: half the processor time
 * of `node:http` per exchange. undici refuses `Expect`; such requests go through `streaming-client.ts`.
 *
 * A small answer that arrives in one piece comes out as a `Buffer`.
 */
import { createRequire } from 'node:module'
import type { Dispatcher, Pool } from 'undici'
import type { Clock, Timer } from '#base/environment.ts'
import { MAX_HEADERS_BYTES } from '#base/limits.ts'
import type { Request, Response } from './message.ts'
import { ownPiece } from './piece-memory.ts'
import { QueuedBody } from './queued-body.ts'
import {
  type Endpoint,
  endpointKey,
  type SendOptions,
  TransportError,
  type TransportTls,
} from './transport.ts'
import { forwardedHeaders, requestTarget, transportErrorOf } from './wire-request.ts'

/** Not by way of the library's index: with fetch, mocks and caches it costs each process 60 ms and 14 MiB at its start. */
const UndiciPool = createRequire(import.meta.url)('undici/lib/dispatcher/pool.js') as typeof Pool

/** Idle connections are closed before a server does it (OpenStack Swift keeps them 60 s, ours 65). */
const KEEP_ALIVE_MS = 30_000
/** Connections to one server at a time; further requests wait for one of them. */
const CONNECTIONS_PER_SERVER = 512

/** An attempt to connect whose request was given up long ago ends after this. */
const ABANDONED_CONNECT_MS = 10_000

export interface HeldRequest {
  readonly target: Endpoint
  readonly request: Request
  readonly bytes: Buffer
  readonly options: SendOptions
}

export class PooledClient {
  readonly #pools = new Map<string, Pool>()
  readonly #clock: Clock
  readonly #tls: TransportTls | undefined

  constructor(options: { readonly clock: Clock; readonly tls: TransportTls | undefined }) {
    this.#clock = options.clock
    this.#tls = options.tls
  }

  send(held: HeldRequest): Promise<Response> {
    return new Exchange(held, this.#clock).run(this.#poolOf(held.target))
  }

  async close(): Promise<void> {
    const pools = [...this.#pools.values()]
    this.#pools.clear()
    await Promise.all(pools.map((pool) => pool.destroy()))
  }

  #poolOf(target: Endpoint): Pool {
    const key = endpointKey(target)
    let pool = this.#pools.get(key)
    if (pool === undefined) {
      pool = createPool(target, this.#tls)
      this.#pools.set(key, pool)
    }
    return pool
  }
}

function createPool(target: Endpoint, tls: TransportTls | undefined): Pool {
  const host = target.host.includes(':') ? `[${target.host}]` : target.host
  return new UndiciPool(`${tls === undefined ? 'http' : 'https'}://${host}:${target.port}`, {
    allowH2: false,
    pipelining: 1,
    connections: CONNECTIONS_PER_SERVER,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: MAX_HEADERS_BYTES,
    // undici's own timers are up to a second late; each exchange keeps its own.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: {
      timeout: ABANDONED_CONNECT_MS,
      noDelay: true,
      ...(tls === undefined ? {} : { ca: tls.authority, cert: tls.certificate, key: tls.key }),
    },
  })
}

class Exchange implements Dispatcher.DispatchHandler {
  readonly #held: HeldRequest
  readonly #body: QueuedBody
  #resolve: (response: Response) => void = () => {}
  #reject: (error: Error) => void = () => {}
  #controller: Dispatcher.DispatchController | undefined
  #abortedBy: TransportError | undefined
  readonly #clock: Clock
  #timer: Timer | undefined
  #isOver = false

  constructor(held: HeldRequest, clock: Clock) {
    this.#held = held
    this.#clock = clock
    this.#body = new QueuedBody({
      pause: () => this.#pause(),
      resume: () => this.#resume(),
      cancel: () => this.#abort(new TransportError('ABORTED', held.target)),
    })
  }

  run(pool: Pool): Promise<Response> {
    const { request, options, bytes } = this.#held
    if (options.signal?.aborted === true) {
      return Promise.reject(new TransportError('ABORTED', this.#held.target, options.signal.reason))
    }
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      options.signal?.addEventListener('abort', this.#onAbort)
      pool.dispatch(
        {
          method: request.method as Dispatcher.HttpMethod,
          path: requestTarget(request),
          headers: forwardedHeaders(request.headers),
          body: bytes.length === 0 ? null : bytes,
          // undici would close the connection after every HEAD.
          reset: false,
        },
        this,
      )
      // An idle connection takes the request at once.
      if (this.#controller === undefined) this.#startTimer('CONNECT_TIMEOUT', options.connectTimeoutMs)
    })
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#abortedBy !== undefined) controller.abort(this.#abortedBy)
    else this.#startTimer('RESPONSE_TIMEOUT', this.#held.options.responseTimeoutMs)
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return
    this.#stopTimer()
    // The rest of the packet is parsed before any microtask runs, so a small body is whole by then.
    queueMicrotask(() => {
      const whole = this.#body.takeWhole()
      if (whole === undefined) this.#watchSilence()
      const bodyless = this.#held.request.method === 'HEAD' || status === 204 || status === 304
      this.#resolve({ status, headers, body: bodyless ? undefined : (whole ?? this.#body) })
    })
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#timer !== undefined) this.#watchSilence()
    ownPiece(chunk)
    this.#body.push(chunk)
  }

  onResponseEnd(): void {
    this.#over()
    this.#body.end()
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, cause: Error): void {
    this.#over()
    const connection = this.#controller === undefined ? 'none' : 'connected'
    const error = this.#abortedBy ?? transportErrorOf(cause, this.#held.target, connection)
    this.#reject(error)
    this.#body.fail(error)
  }

  readonly #onAbort = (): void => {
    this.#abort(new TransportError('ABORTED', this.#held.target, this.#held.options.signal?.reason))
  }

  #pause(): void {
    this.#stopTimer()
    this.#controller?.pause()
  }

  #resume(): void {
    this.#watchSilence()
    this.#controller?.resume()
  }

  #watchSilence(): void {
    this.#startTimer('RESPONSE_TIMEOUT', this.#held.options.responseTimeoutMs)
  }

  #startTimer(code: 'CONNECT_TIMEOUT' | 'RESPONSE_TIMEOUT', delayMs: number): void {
    this.#stopTimer()
    if (this.#isOver) return
    this.#timer = this.#clock.setTimer(delayMs, () =>
      this.#abort(new TransportError(code, this.#held.target)),
    )
  }

  #stopTimer(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #over(): void {
    this.#isOver = true
    this.#stopTimer()
    this.#held.options.signal?.removeEventListener('abort', this.#onAbort)
  }

  #abort(error: TransportError): void {
    this.#over()
    this.#abortedBy = error
    this.#reject(error)
    this.#body.fail(error)
    this.#controller?.abort(error)
  }
}

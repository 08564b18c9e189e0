/**
 * Hands a request to a handler of this very process as the network would: same requests, same answers, same failures.
 *
 * - The sender's body, when it fails, looks to the handler like a client that went away, and fails the request.
 * - With `expect: 100-continue` the body is read only after the handler asked for it.
 * - A handler that is too slow, or a sender that gives up, ends the exchange at once; what comes later is discarded.
 */
import type { Clock, Timer } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import { DeliveredBody, DeliveredRequestBody } from './delivered-bodies.ts'
import { failureResponse } from './failure-response.ts'
import {
  abandon,
  BodyError,
  discard,
  type Handler,
  type HeaderMap,
  type Request,
  type Response,
} from './message.ts'
import { type Endpoint, type SendOptions, TransportError, type TransportErrorCode } from './transport.ts'
import { awaitsContinue, framingHeaders } from './wire-request.ts'

export interface DeliverSetting {
  readonly clock: Clock
  readonly log: Logger
  /** Calls `tell` when all that the sender has under way is given up with it; the function returned ends that. */
  readonly onSenderGone?: ((tell: () => void) => () => void) | undefined
}

/** Resolves with the handler's answer; rejects with a `TransportError`, as `Transport.send` does. */
export function deliver(
  handler: Handler,
  target: Endpoint,
  request: Request,
  options: SendOptions,
  setting: DeliverSetting,
): Promise<Response> {
  return new Delivery(target, request, options, setting).run(handler)
}

type Phase = 'waiting' | 'answered' | 'over'

class Delivery {
  readonly #target: Endpoint
  readonly #request: Request
  readonly #options: SendOptions
  readonly #setting: DeliverSetting
  readonly #body: DeliveredRequestBody | undefined
  #phase: Phase = 'waiting'
  /** Made when the handler asks for its signal, which few do. */
  #abort: AbortController | undefined
  #isBroken = false
  #forgetSender: (() => void) | undefined
  #timer: Timer | undefined
  #reject: (error: TransportError) => void = () => {}
  #responseBody: DeliveredBody | undefined

  constructor(target: Endpoint, request: Request, options: SendOptions, setting: DeliverSetting) {
    this.#target = target
    this.#request = request
    this.#options = options
    this.#setting = setting
    this.#body = this.#wrappedBody()
  }

  run(handler: Handler): Promise<Response> {
    const { signal } = this.#options
    return new Promise((resolve, reject) => {
      this.#reject = reject
      if (signal?.aborted === true) {
        this.#fail('ABORTED', signal.reason)
        return
      }
      signal?.addEventListener('abort', this.#aborted)
      this.#forgetSender = this.#setting.onSenderGone?.(this.#aborted)
      this.#startTimer()
      void this.#handle(handler, resolve)
    })
  }

  /** Bodies in memory need no wrapper: they cannot fail, and reading them costs the sender nothing. */
  #wrappedBody(): DeliveredRequestBody | undefined {
    const { body } = this.#request
    const isHeld = awaitsContinue(this.#request)
    if (!isHeld && (body.bytes !== undefined || body.lengthBytes === 0)) return undefined
    return new DeliveredRequestBody(body, isHeld, {
      pulling: () => this.#stopTimer(),
      pulled: () => {
        if (this.#phase === 'waiting') this.#startTimer()
      },
      failed: (error) => this.#fail('ABORTED', error),
    })
  }

  async #handle(handler: Handler, resolve: (response: Response) => void): Promise<void> {
    const request = this.#arrived()
    let response: Response
    try {
      response = await handler(request)
    } catch (error) {
      response = this.#failureOf(error, request)
    }
    if (this.#phase !== 'waiting') return await discard(response)
    this.#phase = 'answered'
    this.#stopTimer()
    if (this.#body !== undefined) await this.#body.giveUp()
    if (response.body !== undefined && this.#isBodyless(response)) await discard(response)
    resolve(this.#received(response))
  }

  /** The request as the handler sees it. */
  #arrived(): Request {
    const { method, path, query, body, secure } = this.#request
    const signal = (): AbortSignal => this.#signal()
    return {
      method,
      path,
      query,
      headers: this.#arrivedHeaders(),
      body: this.#body ?? body,
      get signal() {
        return signal()
      },
      remoteAddress: '',
      secure,
    }
  }

  #signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController()
      if (this.#isBroken) this.#abort.abort(new BodyError('SENDER_GONE'))
    }
    return this.#abort.signal
  }

  /** As the wire would bring them; those of a request without a body are not copied. */
  #arrivedHeaders(): HeaderMap {
    const { headers, body, method } = this.#request
    if (body.lengthBytes === 0 && (method === 'GET' || method === 'HEAD')) return headers
    return { ...headers, 'content-length': undefined, ...framingHeaders(this.#request) }
  }

  #failureOf(error: unknown, request: Request): Response {
    const { response, isOurs } = failureResponse(error)
    if (isOurs && this.#phase === 'waiting') {
      this.#setting.log.error({ err: error, method: request.method, path: request.path }, 'handler failed')
    }
    return response
  }

  #isBodyless({ status }: Response): boolean {
    return this.#request.method === 'HEAD' || status === 204 || status === 304
  }

  /** The answer as it would look after a trip over the wire. */
  #received(response: Response): Response {
    const { status } = response
    const headers = withLength(response)
    const body = this.#isBodyless(response) ? undefined : response.body
    if (body === undefined || Buffer.isBuffer(body)) {
      this.#over()
      return { status, headers, body }
    }
    this.#responseBody = new DeliveredBody(body, {
      lengthBytes: declaredLength(headers),
      lost: (cause) => new TransportError('CONNECTION_LOST', this.#target, cause),
      waiting: () => this.#startTimer(),
      received: () => this.#stopTimer(),
      over: () => this.#over(),
    })
    return { status, headers, body: this.#responseBody }
  }

  #startTimer(): void {
    this.#stopTimer()
    if (this.#phase === 'over') return
    this.#timer = this.#setting.clock.setTimer(this.#options.responseTimeoutMs, () => {
      this.#fail('RESPONSE_TIMEOUT', undefined)
    })
  }

  #stopTimer(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  readonly #aborted = (): void => this.#fail('ABORTED', this.#options.signal?.reason)

  #fail(code: TransportErrorCode, cause: unknown): void {
    if (this.#phase === 'over') return
    const error = new TransportError(code, this.#target, cause)
    this.#isBroken = true
    this.#over()
    this.#reject(error)
    this.#responseBody?.fail(error)
    this.#body?.fail(new BodyError('SENDER_GONE'))
    this.#abort?.abort(new BodyError('SENDER_GONE'))
    abandon(this.#request.body)
  }

  #over(): void {
    this.#phase = 'over'
    this.#stopTimer()
    this.#options.signal?.removeEventListener('abort', this.#aborted)
    this.#forgetSender?.()
  }
}

function withLength(response: Response): Response['headers'] {
  if (!Buffer.isBuffer(response.body) || response.headers['content-length'] !== undefined)
    return response.headers
  return { ...response.headers, 'content-length': String(response.body.length) }
}

function declaredLength(headers: Response['headers']): number | undefined {
  const declared = headers['content-length']
  return typeof declared === 'string' ? Number(declared) : undefined
}

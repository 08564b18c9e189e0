/**
 * The network's twin in memory: handlers by address, and the faults a network has, for tests and simulation.
 */
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import { type DeliverSetting, deliver } from './deliver.ts'
import { type BodyStream, bufferBody, discard, type Handler, type Request, type Response } from './message.ts'
import { type Endpoint, endpointKey, type SendOptions, type Transport, TransportError } from './transport.ts'

export type Fault =
  /** Nobody listens: the connection is refused. */
  | { readonly kind: 'refuse' }
  /** Packets vanish: the connection times out. */
  | { readonly kind: 'unreachable' }
  /** The connection is taken and nothing ever comes. The handler is not called. */
  | { readonly kind: 'hang' }
  /** The handler does its work, but the connection breaks before a byte of the answer. */
  | { readonly kind: 'drop_answer' }
  /** The connection breaks after so many bytes of the answer's body. */
  | { readonly kind: 'drop_body'; readonly afterBytes: number }
  /** The connection breaks after so many bytes of the request's body. */
  | { readonly kind: 'drop_request'; readonly afterBytes: number }

/** Asked once per request; `undefined` lets it through. */
export type FaultPlan = (target: Endpoint, request: Request) => Fault | undefined

export interface MemoryTransportOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly faults?: FaultPlan | undefined
  /** As in `deliver.ts`. */
  readonly onSenderGone?: DeliverSetting['onSenderGone']
}

export class MemoryTransport implements Transport {
  readonly #options: MemoryTransportOptions
  readonly #handlers = new Map<string, Handler>()
  #faults: FaultPlan

  constructor(options: MemoryTransportOptions) {
    this.#options = options
    this.#faults = options.faults ?? (() => undefined)
  }

  register(at: Endpoint, handler: Handler): void {
    this.#handlers.set(endpointKey(at), handler)
  }

  /** The server is gone: requests are refused. */
  unregister(at: Endpoint): void {
    this.#handlers.delete(endpointKey(at))
  }

  /** Replaces the plan of faults. */
  inject(faults: FaultPlan): void {
    this.#faults = faults
  }

  send(target: Endpoint, request: Request, options: SendOptions): Promise<Response> {
    const handler = this.#handlers.get(endpointKey(target))
    if (handler === undefined) return refused(target, request)
    const fault = this.#faults(target, request)
    if (fault === undefined) return deliver(handler, target, request, options, this.#options)
    if (fault.kind === 'refuse') return refused(target, request)
    return this.#sendFaulty(handler, fault, target, request, options)
  }

  async close(): Promise<void> {
    this.#handlers.clear()
  }

  async #sendFaulty(
    handler: Handler,
    fault: Fault,
    target: Endpoint,
    request: Request,
    options: SendOptions,
  ): Promise<Response> {
    if (fault.kind === 'unreachable') return await this.#unreachable(target, request, options)
    const lost = new TransportError('CONNECTION_LOST', target)
    const reached = fault.kind === 'hang' ? () => new Promise<never>(() => {}) : handler
    const sent = fault.kind === 'drop_request' ? cutRequest(request, fault.afterBytes, lost) : request
    const response = await deliver(reached, target, sent, options, this.#options).catch((error: unknown) => {
      throw error instanceof TransportError && error.cause === lost ? lost : error
    })
    if (fault.kind === 'drop_body') return cutResponse(response, fault.afterBytes, lost)
    if (fault.kind !== 'drop_answer' && fault.kind !== 'drop_request') return response
    await discard(response)
    throw lost
  }

  async #unreachable(target: Endpoint, request: Request, options: SendOptions): Promise<never> {
    await request.body.cancel()
    const ended = await this.#options.clock.sleep(options.connectTimeoutMs, options.signal).then(
      () => 'CONNECT_TIMEOUT' as const,
      () => 'ABORTED' as const,
    )
    throw new TransportError(ended, target)
  }
}

async function refused(target: Endpoint, request: Request): Promise<never> {
  await request.body.cancel()
  throw new TransportError('CONNECT_FAILED', target)
}

function cutRequest(request: Request, afterBytes: number, lost: TransportError): Request {
  const { body } = request
  const cut = cutStream(body, afterBytes, lost)
  return { ...request, body: { ...cut, lengthBytes: body.lengthBytes, sendContinue: body.sendContinue } }
}

function cutResponse(response: Response, afterBytes: number, lost: TransportError): Response {
  if (response.body === undefined) return response
  const body = Buffer.isBuffer(response.body) ? bufferBody(response.body) : response.body
  return { ...response, body: cutStream(body, afterBytes, lost) }
}

/** The first bytes of a body, then the error. A shorter body ends as it is. */
function cutStream(body: BodyStream, afterBytes: number, lost: TransportError): BodyStream {
  return {
    cancel: () => body.cancel(),
    async *[Symbol.asyncIterator]() {
      let leftBytes = afterBytes
      for await (const chunk of body) {
        if (chunk.length > leftBytes) {
          if (leftBytes > 0) yield chunk.subarray(0, leftBytes)
          await body.cancel()
          throw lost
        }
        leftBytes -= chunk.length
        yield chunk
      }
    },
  }
}

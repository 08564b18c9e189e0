/**
 * Requests to a server of this very process go straight to its handler, all others to the transport behind.
 * The sender cannot tell which way a request went.
 */
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import { deliver } from './deliver.ts'
import type { Handler, Request, Response } from './message.ts'
import { type Endpoint, endpointKey, type SendOptions, type Transport } from './transport.ts'

export interface LocalTransportOptions {
  readonly inner: Transport
  readonly clock: Clock
  readonly log: Logger
}

export class LocalTransport implements Transport {
  readonly #options: LocalTransportOptions
  readonly #handlers = new Map<string, Handler>()

  constructor(options: LocalTransportOptions) {
    this.#options = options
  }

  /** From now on requests to this address are answered by `handler`. */
  register(at: Endpoint, handler: Handler): void {
    this.#handlers.set(endpointKey(at), handler)
  }

  unregister(at: Endpoint): void {
    this.#handlers.delete(endpointKey(at))
  }

  /** Whether requests to this address stay in the process; reads prefer such a copy. */
  isLocal(at: Endpoint): boolean {
    return this.#handlers.has(endpointKey(at))
  }

  send(target: Endpoint, request: Request, options: SendOptions): Promise<Response> {
    const handler = this.#handlers.get(endpointKey(target))
    if (handler === undefined) return this.#options.inner.send(target, request, options)
    return deliver(handler, target, request, options, this.#options)
  }

  /** Closes the transport behind too. */
  async close(): Promise<void> {
    this.#handlers.clear()
    await this.#options.inner.close()
  }
}

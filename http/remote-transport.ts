/**
 * Requests to servers in other processes, over pooled HTTP/1.1 connections.
 *
 * Small bodies that are in memory go through undici, everything that streams or waits for a 100 through `node:http`;
 * the sender cannot tell which. An idle connection may be closed by the peer in the very moment it is taken: a
 * request that can be repeated is then sent once more, on a connection of its own.
 */
import type { Clock } from '#base/environment.ts'
import { SMALL_BODY_BYTES } from '#base/limits.ts'
import { LinkClient } from './link-client.ts'
import type { Request, Response } from './message.ts'
import { PooledClient } from './pooled-client.ts'
import { StreamingClient } from './streaming-client.ts'
import {
  type Endpoint,
  type SendOptions,
  type Transport,
  TransportError,
  type TransportTls,
} from './transport.ts'
import { awaitsContinue } from './wire-request.ts'

export interface RemoteTransportOptions {
  readonly clock: Clock
  /** All servers are spoken to over TLS. */
  readonly tls?: TransportTls | undefined
  /** Servers of our own kind are offered a link, one connection that all requests to them share. Default: not. */
  readonly links?: 'offered' | undefined
}

export class RemoteTransport implements Transport {
  readonly #links: LinkClient | undefined
  readonly #pooled: PooledClient
  readonly #streaming: StreamingClient

  constructor(options: RemoteTransportOptions) {
    this.#links = options.links === 'offered' ? new LinkClient(options) : undefined
    this.#pooled = new PooledClient({ clock: options.clock, tls: options.tls })
    this.#streaming = new StreamingClient({ clock: options.clock, tls: options.tls })
  }

  async send(target: Endpoint, request: Request, options: SendOptions): Promise<Response> {
    const bytes = heldBytes(request)
    if (bytes === undefined) return await this.#stream(target, request, options)
    try {
      const linked = this.#links?.send(target, request, options)
      if (linked !== undefined) return await linked
    } catch (error) {
      if (!isLost(error)) throw error
    }
    try {
      return await this.#pooled.send({ target, request, bytes, options })
    } catch (error) {
      if (!isLost(error)) throw error
      return await this.#streaming.send({ target, request, options, connection: 'fresh' })
    }
  }

  async close(): Promise<void> {
    this.#links?.close()
    this.#streaming.close()
    await this.#pooled.close()
  }

  async #stream(target: Endpoint, request: Request, options: SendOptions): Promise<Response> {
    const guarded = guardBody(request)
    try {
      const response = await (this.#links?.send(target, guarded.request, options) ??
        this.#streaming.send({ target, request: guarded.request, options, connection: 'pooled' }))
      await guarded.release()
      return response
    } catch (error) {
      if (isLost(error) && !guarded.isTouched()) {
        return await this.#streaming.send({ target, request, options, connection: 'fresh' })
      }
      await guarded.release()
      throw error
    }
  }
}

/** The body, if it is small, in memory and not held back. */
function heldBytes(request: Request): Buffer | undefined {
  const { bytes } = request.body
  if (bytes === undefined || bytes.length > SMALL_BODY_BYTES || awaitsContinue(request)) return undefined
  return bytes
}

function isLost(error: unknown): boolean {
  return error instanceof TransportError && error.code === 'CONNECTION_LOST'
}

interface GuardedRequest {
  readonly request: Request
  /** The body was begun, so the request cannot be repeated. */
  readonly isTouched: () => boolean
  /** Cancels the body if that was asked for while it was guarded. */
  readonly release: () => Promise<void>
}

/** The same request, whose body survives a try that fails before it was begun. */
function guardBody(request: Request): GuardedRequest {
  const { body } = request
  let touched = false
  let cancelled = false
  const touch = (): void => {
    touched = body.bytes === undefined
  }
  return {
    isTouched: () => touched,
    release: async () => {
      if (cancelled) await body.cancel()
    },
    request: {
      ...request,
      body: {
        lengthBytes: body.lengthBytes,
        bytes: body.bytes,
        sendContinue: (headers) => {
          touch()
          body.sendContinue(headers)
        },
        cancel: async () => {
          cancelled = true
          if (touched) await body.cancel()
        },
        [Symbol.asyncIterator]: () => {
          touch()
          return body[Symbol.asyncIterator]()
        },
      },
    },
  }
}

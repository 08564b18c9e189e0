/**
 * A server of another installation, at an address that the operator wrote down: requests over the network seam, and once
 * more when that does no harm. What goes wrong on the way is a value: a store that is down is a state, not a bug.
 */
import type { Clock } from '#base/environment.ts'
import {
  BodyError,
  discard,
  EMPTY_BODY,
  type HeaderMap,
  headerOf,
  type RequestBody,
  type Response,
  readWhole,
} from '#http/message.ts'
import { type Endpoint, reasonOf, type Transport, TransportError } from '#http/transport.ts'

export interface RemoteNetwork {
  readonly clock: Clock
  /** By whether the address is one of TLS. */
  readonly transport: (secure: boolean) => Transport
  readonly connectTimeoutMs: number
  /** Longest silence of the other server. */
  readonly responseTimeoutMs: number
}

export interface SiteRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  /** Below the address, percent-encoded, with a slash in front; empty for the address itself. */
  readonly path: string
  readonly query?: string | undefined
  readonly headers?: HeaderMap | undefined
  readonly body?: RequestBody | undefined
  readonly signal?: AbortSignal | undefined
}

export interface Unreachable {
  readonly kind: 'unreachable'
  /** For the log; holds no secret. */
  readonly reason: string
}

/** A whole answer, its body read. */
export interface SmallAnswer {
  readonly kind: 'answer'
  readonly status: number
  readonly header: (name: string) => string | undefined
  readonly bytes: Buffer
}

/** Listings of a thousand names and manifests of a thousand segments have less. Bytes. */
const SMALL_ANSWER_BYTES = 4 * 1024 * 1024
/** Requests that can be repeated are sent so many times. */
const TRIES = 3
const FIRST_PAUSE_MS = 200

export class Site {
  readonly #network: RemoteNetwork
  readonly #endpoint: Endpoint
  readonly #secure: boolean
  readonly #basePath: string
  /** As it stands in the `Host` header. */
  readonly host: string

  constructor(network: RemoteNetwork, url: URL) {
    this.#network = network
    this.#secure = url.protocol === 'https:'
    const standardPort = this.#secure ? 443 : 80
    const host = url.hostname.replace(/^\[|\]$/g, '')
    this.#endpoint = { host, port: url.port === '' ? standardPort : Number(url.port) }
    this.#basePath = url.pathname.replace(/\/+$/, '')
    this.host = url.host
  }

  /** The path of the request line: signatures cover it. */
  pathOf({ path }: SiteRequest): string {
    return this.#basePath + path === '' ? '/' : this.#basePath + path
  }

  /** The answer as soon as its head is there. */
  async send(request: SiteRequest): Promise<Response | Unreachable> {
    const { connectTimeoutMs, responseTimeoutMs } = this.#network
    const { method, query = '', headers = {}, body = EMPTY_BODY, signal } = request
    const sent = { method, path: this.pathOf(request), query, body, signal, remoteAddress: '' }
    try {
      return await this.#network
        .transport(this.#secure)
        .send(
          this.#endpoint,
          { ...sent, headers: { ...headers, host: this.host }, secure: this.#secure },
          { connectTimeoutMs, responseTimeoutMs, signal },
        )
    } catch (error) {
      if (error instanceof TransportError) return { kind: 'unreachable', reason: reasonOf(error) }
      throw error
    }
  }

  /** The whole answer to a request without a body, or with one that is held in memory; sent again when it fails. */
  async ask(make: () => SiteRequest | Promise<SiteRequest>): Promise<SmallAnswer | Unreachable> {
    return await this.repeat(async () => await this.askOnce(await make()))
  }

  async askOnce(request: SiteRequest): Promise<SmallAnswer | Unreachable> {
    const response = await this.send(request)
    if ('kind' in response) return response
    try {
      const bytes = await readWhole(response.body, SMALL_ANSWER_BYTES)
      return {
        kind: 'answer',
        status: response.status,
        header: (name) => headerOf(response, name),
        bytes,
      }
    } catch (error) {
      if (error instanceof TransportError) return { kind: 'unreachable', reason: reasonOf(error) }
      if (error instanceof BodyError) return { kind: 'unreachable', reason: 'its answer is too long' }
      throw error
    }
  }

  /** Until it is answered by something else than a failure of the server, a few times, with pauses. */
  async repeat<Answer extends SmallAnswer | Response | Unreachable>(
    attempt: () => Promise<Answer>,
  ): Promise<Answer> {
    for (let tried = 1; ; tried += 1) {
      const answer = await attempt()
      if (tried === TRIES || !isPassing(answer)) return answer
      if ('body' in answer) await discard(answer)
      await this.#network.clock.sleep(FIRST_PAUSE_MS * 2 ** (tried - 1))
    }
  }
}

/** What may be better a moment later. */
function isPassing(answer: SmallAnswer | Response | Unreachable): boolean {
  if (!('status' in answer)) return true
  return answer.status >= 500 || answer.status === 429
}

export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300
}

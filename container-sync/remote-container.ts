/**
 * A container of another cluster, as container sync speaks to it: signed requests on objects, each at the time of what it
 * carries. Answers that mean "I have that already" are success.
 */
import { syncSignature } from '#auth/container-sync/sync-signature.ts'
import type { SyncTarget } from '#auth/container-sync/sync-target.ts'
import type { Clock, Random } from '#base/environment.ts'
import { decodePercent, quotedPath } from '#base/names.ts'
import { parseTimestamp, type Timestamp } from '#base/timestamp.ts'
import {
  discard,
  EMPTY_BODY,
  type HeaderMap,
  headerOf,
  type RequestBody,
  type Response,
} from '#http/message.ts'
import { type Endpoint, type Transport, TransportError } from '#http/transport.ts'

export interface RemoteOptions {
  readonly clock: Clock
  readonly random: Random
  /** By whether the address is one of TLS. */
  readonly transport: (secure: boolean) => Transport
  readonly connectTimeoutMs: number
  /** Longest silence of the other cluster. */
  readonly responseTimeoutMs: number
}

export interface Upload {
  readonly headers: HeaderMap
  readonly body: RequestBody
}

/** What became of a request: the other cluster has it, or not yet. */
export type Sent = { readonly kind: 'done' } | { readonly kind: 'failed'; readonly reason: string }

export type RemoteState =
  | { readonly kind: 'found'; readonly timestamp: Timestamp | undefined }
  | { readonly kind: 'absent' }
  | { readonly kind: 'failed'; readonly reason: string }

const NONCE_BYTES = 16
/** Something as new or newer is there, or nothing to delete. */
const CONTENT: ReadonlySet<number> = new Set([404, 409])

export class RemoteContainer {
  readonly #options: RemoteOptions
  readonly #target: SyncTarget
  readonly #userKey: string
  readonly #endpoint: Endpoint
  readonly #secure: boolean
  /** Decoded. */
  readonly #path: string

  /** `userKey` is the `X-Container-Sync-Key` of both containers. */
  constructor(options: RemoteOptions, target: SyncTarget, userKey: string) {
    const url = new URL(target.url)
    this.#options = options
    this.#target = target
    this.#userKey = userKey
    this.#secure = url.protocol === 'https:'
    const standardPort = this.#secure ? 443 : 80
    const host = url.hostname.replace(/^\[|\]$/g, '')
    this.#endpoint = { host, port: url.port === '' ? standardPort : Number(url.port) }
    this.#path = decodePercent(url.pathname) ?? url.pathname
  }

  /** What is there under the name. */
  async state(object: string, timestamp: Timestamp): Promise<RemoteState> {
    const response = await this.#send('HEAD', object, { 'x-timestamp': timestamp }, EMPTY_BODY)
    if (typeof response === 'string') return { kind: 'failed', reason: response }
    await discard(response)
    if (response.status === 404) return { kind: 'absent' }
    if (!isSuccess(response.status)) return { kind: 'failed', reason: `HEAD was answered ${response.status}` }
    return { kind: 'found', timestamp: parseTimestamp(headerOf(response, 'x-timestamp') ?? '') }
  }

  async put(object: string, timestamp: Timestamp, { headers, body }: Upload): Promise<Sent> {
    const response = await this.#send('PUT', object, { ...headers, 'x-timestamp': timestamp }, body)
    if (typeof response === 'string') return { kind: 'failed', reason: response }
    await discard(response)
    const { status } = response
    return isSuccess(status) ? { kind: 'done' } : { kind: 'failed', reason: `PUT was answered ${status}` }
  }

  async delete(object: string, timestamp: Timestamp): Promise<Sent> {
    const response = await this.#send('DELETE', object, { 'x-timestamp': timestamp }, EMPTY_BODY)
    if (typeof response === 'string') return { kind: 'failed', reason: response }
    await discard(response)
    const { status } = response
    const isDone = isSuccess(status) || CONTENT.has(status)
    return isDone ? { kind: 'done' } : { kind: 'failed', reason: `DELETE was answered ${status}` }
  }

  /** The answer, or why there is none. */
  async #send(
    method: string,
    object: string,
    headers: HeaderMap,
    body: RequestBody,
  ): Promise<Response | string> {
    const { transport, connectTimeoutMs, responseTimeoutMs } = this.#options
    const path = `${this.#path}/${object}`
    const request = {
      method,
      path: quotedPath(path),
      query: '',
      headers: {
        ...headers,
        'x-container-sync-auth': this.#authFor(method, path, headers['x-timestamp'] ?? '0'),
      },
      body,
      signal: undefined,
      remoteAddress: '',
      secure: this.#secure,
    }
    try {
      return await transport(this.#secure).send(this.#endpoint, request, {
        connectTimeoutMs,
        responseTimeoutMs,
      })
    } catch (error) {
      if (error instanceof TransportError) return error.code
      throw error
    }
  }

  #authFor(method: string, path: string, timestamp: string): string {
    const { realm } = this.#target
    const nonce = this.#options.random.bytes(NONCE_BYTES).toString('hex')
    const signature = syncSignature({ method, path, timestamp }, nonce, realm.key, this.#userKey)
    return `${realm.name} ${nonce} ${signature}`
  }
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300
}

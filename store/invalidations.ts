/**
 * Tells the other proxies that what they remember of an account or container is no longer so, so that a reduction of
 * access takes effect everywhere within a second. A proxy that cannot be reached learns of it when its memory expires.
 *
 * `PeerInvalidations` sends; `invalidationHandler` is what every proxy process serves to its peers, at
 * `POST /martlet/invalidations` of its internal port, never on the public one.
 */
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import { bufferBody, discard, type Handler, ownRequest, type Response, readWhole } from '#http/message.ts'
import type { Endpoint, Transport } from '#http/transport.ts'

export const INVALIDATIONS_PATH = '/martlet/invalidations'

/** An account, one container of it, or a record (`records/contract.ts`). */
export interface Stale {
  readonly account: string
  readonly container?: string | undefined
  readonly object?: string | undefined
}

export interface Invalidations {
  /** Resolves when all reachable proxies have forgotten it, or after `PEERS_WAIT_MS`. Never rejects. */
  announce(stale: Stale): Promise<void>
}

/** A cluster of one proxy process. */
export const NO_PEERS: Invalidations = { announce: async () => {} }

/** A change of a container waits at most this long for its peers, milliseconds. */
export const PEERS_WAIT_MS = 1000
const CONNECT_TIMEOUT_MS = 250
const BODY_BYTES_MAX = 64 * 1024

export interface PeerInvalidationsOptions {
  readonly transport: Transport
  readonly clock: Clock
  readonly log: Logger
  /** The other proxy processes now; asked anew each time. */
  readonly peers: () => readonly Endpoint[]
}

export class PeerInvalidations implements Invalidations {
  readonly #options: PeerInvalidationsOptions
  /** Peers that did not answer last time: they are told, but nobody waits for them. */
  readonly #failing = new Set<string>()

  constructor(options: PeerInvalidationsOptions) {
    this.#options = options
  }

  async announce(stale: Stale): Promise<void> {
    const body = Buffer.from(JSON.stringify([stale]))
    const waiting: Promise<void>[] = []
    for (const peer of this.#options.peers()) {
      const isFailing = this.#failing.has(keyOf(peer))
      const telling = this.#tell(peer, body)
      if (!isFailing) waiting.push(telling)
    }
    await Promise.all(waiting)
  }

  async #tell(peer: Endpoint, body: Buffer): Promise<void> {
    const request = ownRequest({
      method: 'POST',
      path: INVALIDATIONS_PATH,
      headers: { 'content-type': 'application/json', 'content-length': String(body.length) },
      body: bufferBody(body),
    })
    try {
      const response = await this.#options.transport.send(peer, request, {
        connectTimeoutMs: CONNECT_TIMEOUT_MS,
        responseTimeoutMs: PEERS_WAIT_MS - CONNECT_TIMEOUT_MS,
      })
      await discard(response)
      this.#failing.delete(keyOf(peer))
    } catch (error) {
      this.#failing.add(keyOf(peer))
      this.#options.log.debug({ peer: keyOf(peer), err: String(error) }, 'a proxy was not told')
    }
  }
}

function keyOf({ host, port }: Endpoint): string {
  return `${host}:${port}`
}

/** Serves what peers announce; `forget` drops it from this process's memory. */
export function invalidationHandler(forget: (stale: Stale) => void): Handler {
  return async (request) => {
    if (request.path !== INVALIDATIONS_PATH) return answerText(404, 'Not Found')
    if (request.method !== 'POST') return answerText(405, 'Method Not Allowed')
    const written = await readWhole(request.body, BODY_BYTES_MAX)
    const stale = parseStale(written)
    if (stale === undefined) return answerText(400, 'The body must be a list of accounts and containers')
    for (const one of stale) forget(one)
    return { status: 204, headers: {}, body: undefined }
  }
}

function parseStale(written: Buffer): readonly Stale[] | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(written.toString('utf8'))
  } catch {
    return undefined
  }
  return Array.isArray(parsed) && parsed.every(isStale) ? parsed : undefined
}

function isStale(value: unknown): value is Stale {
  if (typeof value !== 'object' || value === null) return false
  const { account, container, object } = value as Readonly<Record<keyof Stale, unknown>>
  return typeof account === 'string' && isNameOrNothing(container) && isNameOrNothing(object)
}

function isNameOrNothing(value: unknown): boolean {
  return value === undefined || typeof value === 'string'
}

function answerText(status: number, text: string): Response {
  return { status, headers: { 'content-type': 'text/plain' }, body: Buffer.from(text) }
}

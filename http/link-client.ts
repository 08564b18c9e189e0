/**
 * Links to the servers of our own kind: one connection to each, which all requests share. A link is offered to a server
 * with the first request and used once it stands; until then, and with a server that knows no links (OpenStack Swift),
 * requests go their usual way over HTTP.
 *
 * A link whose peer has become silent while it owes answers is given up, and with it what is under way.
 */
import { request as httpsRequest } from 'node:https'
import type { Socket } from 'node:net'
import type { Clock, Timer } from '#base/environment.ts'
import { ClientExchange } from './link-client-exchange.ts'
import { LinkConnection } from './link-connection.ts'
import { type FrameSink, FrameType, frameHeader } from './link-frames.ts'
import type { Request, Response } from './message.ts'
import { request as httpRequest } from './node-http.ts'
import { releasePiece } from './piece-memory.ts'
import {
  type Endpoint,
  endpointKey,
  type SendOptions,
  TransportError,
  type TransportTls,
} from './transport.ts'

/** Where a link is offered, and the name of the protocol in `Upgrade`. */
export const LINK_PATH = '/martlet/link'
export const LINK_PROTOCOL = 'martlet-link/1'

/** A server that refused a link is asked again after this. */
const REFUSED_MS = 60_000
/** One that could not be reached, or whose link broke, sooner. */
const BROKEN_MS = 500
/** Longest wait for the answer to the offer. */
const OFFER_TIMEOUT_MS = 5_000
/** A peer that owes answers and sends nothing for twice as long, not even to a ping, is gone. */
const SILENCE_MS = 2_000

export interface LinkClientOptions {
  readonly clock: Clock
  readonly tls?: TransportTls | undefined
}

export class LinkClient {
  readonly #options: LinkClientOptions
  readonly #peers = new Map<string, PeerLink>()

  constructor(options: LinkClientOptions) {
    this.#options = options
  }

  /** Sends over the link to the server; `undefined` when there is none now. Rejects with a `TransportError`. */
  send(target: Endpoint, request: Request, options: SendOptions): Promise<Response> | undefined {
    const key = endpointKey(target)
    let peer = this.#peers.get(key)
    if (peer === undefined) {
      peer = new PeerLink(target, this.#options)
      this.#peers.set(key, peer)
    }
    return peer.send(request, options)
  }

  /** Whether requests to this server go over a link now. */
  isOpen(target: Endpoint): boolean {
    return this.#peers.get(endpointKey(target))?.isOpen ?? false
  }

  close(): void {
    for (const peer of this.#peers.values()) peer.close()
    this.#peers.clear()
  }
}

type State =
  | { readonly kind: 'none'; readonly offerAfterMs: number }
  | { readonly kind: 'offered' }
  | { readonly kind: 'open'; readonly connection: LinkConnection }
  | { readonly kind: 'closed' }

class PeerLink {
  readonly #target: Endpoint
  readonly #options: LinkClientOptions
  readonly #exchanges = new Map<number, ClientExchange>()
  #state: State = { kind: 'none', offerAfterMs: 0 }
  #lastStream = 0
  #watch: Timer | undefined
  #heard = true
  #abandonOffer: (() => void) | undefined

  constructor(target: Endpoint, options: LinkClientOptions) {
    this.#target = target
    this.#options = options
  }

  get isOpen(): boolean {
    return this.#state.kind === 'open'
  }

  send(request: Request, options: SendOptions): Promise<Response> | undefined {
    const state = this.#state
    if (state.kind !== 'open') {
      if (state.kind === 'none' && this.#options.clock.monotonicMs() >= state.offerAfterMs) this.#offer()
      return undefined
    }
    if (options.signal?.aborted === true) {
      return Promise.reject(new TransportError('ABORTED', this.#target, options.signal.reason))
    }
    this.#lastStream = (this.#lastStream + 1) >>> 0
    const stream = this.#lastStream
    const exchange = new ClientExchange({
      connection: state.connection,
      stream,
      target: this.#target,
      request,
      options,
      clock: this.#options.clock,
      over: () => this.#exchanges.delete(stream),
    })
    this.#exchanges.set(stream, exchange)
    if (this.#watch === undefined) this.#startWatch()
    return exchange.run()
  }

  close(): void {
    const state = this.#state
    this.#state = { kind: 'closed' }
    this.#watch?.cancel()
    this.#abandonOffer?.()
    if (state.kind === 'open') state.connection.destroy()
    this.#failAll(undefined)
  }

  #offer(): void {
    this.#state = { kind: 'offered' }
    const { tls } = this.#options
    const open = tls === undefined ? httpRequest : httpsRequest
    const offer = open({
      host: this.#target.host,
      port: this.#target.port,
      path: LINK_PATH,
      headers: { connection: 'Upgrade', upgrade: LINK_PROTOCOL },
      agent: false,
      timeout: OFFER_TIMEOUT_MS,
      ...(tls === undefined ? {} : { ca: tls.authority, cert: tls.certificate, key: tls.key }),
    })
    this.#abandonOffer = () => offer.destroy()
    offer.on('upgrade', (response, socket, first) => {
      if (response.headers.upgrade === LINK_PROTOCOL) this.#opened(socket as Socket, first)
      else socket.destroy()
    })
    offer.on('response', (response) => {
      response.destroy()
      this.#without(REFUSED_MS)
    })
    offer.on('timeout', () => offer.destroy())
    offer.on('error', () => this.#without(BROKEN_MS))
    offer.on('close', () => this.#without(BROKEN_MS))
    offer.end()
  }

  /** No link for a while, unless there is one by now. */
  #without(forMs: number): void {
    if (this.#state.kind !== 'offered') return
    this.#abandonOffer = undefined
    this.#state = { kind: 'none', offerAfterMs: this.#options.clock.monotonicMs() + forMs }
  }

  #opened(socket: Socket, first: Buffer): void {
    if (this.#state.kind !== 'offered') {
      socket.destroy()
      return
    }
    this.#abandonOffer = undefined
    const connection = new LinkConnection(socket, first, this.#sink(), (error) =>
      this.#lost(connection, error),
    )
    this.#state = { kind: 'open', connection }
  }

  #sink(): FrameSink {
    return {
      message: (type, stream, head, body) => {
        this.#heard = true
        const exchange = this.#exchanges.get(stream)
        if (type === FrameType.response) exchange?.onResponse(head, body)
        else if (type === FrameType.continue) exchange?.onContinue(head)
      },
      data: (stream, piece) => {
        this.#heard = true
        const exchange = this.#exchanges.get(stream)
        if (exchange === undefined) releasePiece(piece)
        else exchange.onData(piece)
      },
      credit: (stream, bytes) => {
        this.#heard = true
        this.#exchanges.get(stream)?.onCredit(bytes)
      },
      signal: (type, stream) => {
        this.#heard = true
        if (type === FrameType.end) this.#exchanges.get(stream)?.onEnd()
        else if (type === FrameType.reset) this.#exchanges.get(stream)?.onLost(undefined)
        else if (type === FrameType.goaway) this.#onGoaway()
      },
    }
  }

  /** The peer is going away: what is under way it answers, what is new goes over HTTP. */
  #onGoaway(): void {
    const state = this.#state
    if (state.kind !== 'open') return
    this.#state = { kind: 'none', offerAfterMs: this.#options.clock.monotonicMs() + BROKEN_MS }
    const closeWhenDone = (): void => {
      if (this.#exchanges.size === 0) state.connection.end()
      else this.#options.clock.setTimer(BROKEN_MS, closeWhenDone)
    }
    closeWhenDone()
  }

  #lost(connection: LinkConnection, error: Error | undefined): void {
    if (this.#state.kind === 'open' && this.#state.connection === connection) {
      this.#state = { kind: 'none', offerAfterMs: this.#options.clock.monotonicMs() + BROKEN_MS }
    }
    this.#failAll(error, connection)
  }

  #failAll(error: Error | undefined, connection?: LinkConnection): void {
    for (const exchange of this.#exchanges.values()) {
      if (connection === undefined || exchange.connection === connection) exchange.onLost(error)
    }
  }

  #startWatch(): void {
    this.#heard = false
    let asked = false
    const look = (): void => {
      this.#watch = undefined
      const state = this.#state
      if (this.#exchanges.size === 0 || state.kind !== 'open') return
      if (!this.#heard && asked) {
        state.connection.destroy()
        return
      }
      asked = !this.#heard
      if (asked) state.connection.send(frameHeader(FrameType.ping, 0, 0))
      this.#heard = false
      this.#watch = this.#options.clock.setTimer(SILENCE_MS, look)
    }
    this.#watch = this.#options.clock.setTimer(SILENCE_MS, look)
  }
}

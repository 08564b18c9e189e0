/**
 * HTTP/1.1 over a listening socket: turns what comes in into `Request`s for one handler and sends what it returns.
 * Nothing else in the program listens on a port.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server as NetServer, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import { Exchange, type ExchangeSetting } from './exchange.ts'
import { asksForLink, ServerLink } from './link-server.ts'
import type { Handler } from './message.ts'
import { createServer } from './node-http.ts'
import { oversizeOf, REFUSALS, refusalOf, refuse } from './refusal.ts'
import { DEFAULT_SERVER_LIMITS, type ServerLimits } from './server-limits.ts'
import { renameBack, StrangeMethods } from './strange-methods.ts'

/** PEM texts. */
export interface TlsOptions {
  readonly certificate: string | Buffer
  readonly key: string | Buffer
  /** With it, a client must show a certificate signed by this authority. */
  readonly clientAuthority?: string | Buffer | undefined
}

/** Where connections come from: an address, a socket that another process listens on, or `accept` alone. */
export type ListenAt =
  | {
      readonly host: string
      /** 0 picks a free one. */
      readonly port: number
      /** Several processes share the port; the kernel spreads connections over them (`SO_REUSEPORT`). */
      readonly reusePort?: boolean | undefined
    }
  | { readonly handle: NetServer | { readonly fd: number } }
  /** Nowhere: another process accepts the connections and hands them over (`Listener.accept`). */
  | { readonly connections: 'handed_over' }

export type ListenOptions = ListenAt & {
  readonly handler: Handler
  readonly clock: Clock
  readonly log: Logger
  readonly tls?: TlsOptions | undefined
  readonly limits?: Partial<ServerLimits> | undefined
  /** Peers of our own kind may send many requests over one connection (`link-server.ts`). Default: not. */
  readonly links?: 'accepted' | undefined
}

export interface Listener {
  /** The bound address; port 0 has become a real one. Of a listener that takes only what is handed over: throws. */
  readonly address: { readonly host: string; readonly port: number }
  /** Serves a connection that another process accepted, paused since then. */
  readonly accept: (socket: Socket) => void
  /** Connections open now. */
  readonly connectionCount: () => number
  /**
   * Takes no more connections, answers what is in flight, closes idle connections, and after `graceMs` the others
   * too. Resolves when all are closed.
   */
  readonly close: (options: { readonly graceMs: number }) => Promise<void>
}

/** Listens and serves. Rejects with Node's error (`EADDRINUSE`, `EACCES`…) when it cannot. */
export async function listen(options: ListenOptions): Promise<Listener> {
  const server = new HttpServer(options)
  await server.bind(options)
  return server
}

/** Most of what waits to be accepted; the kernel may cut it down. */
const BACKLOG = 1024
/** How often Node looks for connections whose head does not come, milliseconds. */
const HEAD_CHECK_INTERVAL_MS = 5_000

/** Longest TLS handshake, milliseconds. */
const HANDSHAKE_TIMEOUT_MS = 10_000

interface Connection {
  readonly remoteAddress: string
  readonly exchanges: Set<Exchange>
  /** What followed the requests under way is none: the connection ends with their answers. */
  ends?: boolean
  link?: ServerLink
}

class HttpServer implements Listener {
  readonly #server: Server
  readonly #limits: ServerLimits
  readonly #clock: Clock
  readonly #log: Logger
  readonly #setting: ExchangeSetting
  readonly #connections = new Map<Duplex, Connection>()
  readonly #strangeMethods: StrangeMethods
  #closing = false
  #address: Listener['address'] | undefined
  #allClosed: (() => void) | undefined

  constructor(options: ListenOptions) {
    this.#limits = { ...DEFAULT_SERVER_LIMITS, ...options.limits }
    this.#clock = options.clock
    this.#log = options.log
    this.#setting = {
      handler: options.handler,
      limits: this.#limits,
      clock: options.clock,
      log: options.log,
      secure: options.tls !== undefined,
      isClosing: () => this.#closing,
    }
    this.#server = createNodeServer(this.#limits, options)
    const connectionEvent = options.tls === undefined ? 'connection' : 'secureConnection'
    this.#strangeMethods = new StrangeMethods(connectionEvent)
    this.#wire(connectionEvent)
    if (options.links === 'accepted') this.#wireLinks()
  }

  get address(): { readonly host: string; readonly port: number } {
    if (this.#address === undefined) throw new Error('this listener has no address of its own')
    return this.#address
  }

  readonly connectionCount = (): number => this.#connections.size

  readonly accept = (socket: Socket): void => {
    socket.setNoDelay(true)
    this.#server.emit('connection', socket)
    socket.resume()
  }

  bind(at: ListenAt): Promise<void> {
    if ('connections' in at) {
      // With this event Node begins to watch for heads that do not come, and to know its connections.
      this.#server.emit('listening')
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      const bound = (): void => {
        this.#server.off('error', reject)
        const { address, port } = this.#server.address() as AddressInfo
        this.#address = { host: address, port }
        this.#server.on('error', (error) => this.#log.error({ err: error }, 'listening socket failed'))
        resolve()
      }
      if ('handle' in at) this.#server.listen(at.handle, bound)
      else {
        const reusePort = at.reusePort ?? false
        this.#server.listen({ host: at.host, port: at.port, backlog: BACKLOG, reusePort }, bound)
      }
    })
  }

  readonly close = async (options: { readonly graceMs: number }): Promise<void> => {
    this.#closing = true
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#closeIdle()
    const timer = this.#clock.setTimer(options.graceMs, () => this.#closeAll())
    await closed
    // Node counts only the connections that it accepted itself.
    if (this.#connections.size > 0) await new Promise<void>((resolve) => (this.#allClosed = resolve))
    timer.cancel()
  }

  #closeAll(): void {
    this.#server.closeAllConnections()
    // Node does not count those that were upgraded.
    for (const [socket, { link }] of this.#connections) if (link !== undefined) socket.destroy()
  }

  /** Node would leave out connections on which nothing was ever asked. */
  #closeIdle(): void {
    for (const [socket, { exchanges, link }] of this.#connections) {
      if (link !== undefined) link.announceEnd()
      else if (exchanges.size === 0) (socket as Socket).destroySoon()
    }
  }

  #wire(connectionEvent: 'connection' | 'secureConnection'): void {
    this.#server.on(connectionEvent, (socket: Duplex) => this.#opened(socket))
    this.#server.on('request', (incoming, outgoing) => this.#serve(incoming, outgoing, false))
    this.#server.on('checkContinue', (incoming, outgoing) => this.#serve(incoming, outgoing, true))
    this.#server.on('checkExpectation', (incoming, outgoing) => this.#serve(incoming, outgoing, false))
    this.#server.on('timeout', (socket: Socket) => this.#silent(socket))
    this.#server.on('clientError', (error, socket) => this.#unreadable(error, socket))
  }

  #wireLinks(): void {
    this.#server.on('upgrade', (_incoming: IncomingMessage, socket: Duplex, first: Buffer) => {
      const connection = this.#connections.get(socket)
      if (connection === undefined || this.#closing) {
        refuse(socket, REFUSALS.malformed)
        return
      }
      connection.link = new ServerLink(this.#setting, socket as Socket, first, connection.remoteAddress)
    })
  }

  #opened(socket: Duplex): void {
    if (this.#connections.has(socket)) return
    const remoteAddress = (socket as { readonly remoteAddress?: string }).remoteAddress ?? ''
    this.#connections.set(socket, { remoteAddress, exchanges: new Set() })
    socket.on('close', () => this.#closed(socket))
  }

  #closed(socket: Duplex): void {
    const connection = this.#connections.get(socket)
    this.#connections.delete(socket)
    for (const exchange of connection?.exchanges ?? []) exchange.clientGone()
    if (this.#connections.size === 0) this.#allClosed?.()
  }

  #serve(incoming: IncomingMessage, outgoing: ServerResponse, awaitsContinue: boolean): void {
    const { socket } = incoming
    const connection = this.#connections.get(socket)
    const refusal = oversizeOf(incoming.url ?? '', incoming.rawHeaders, this.#limits)
    if (connection === undefined || refusal !== undefined) {
      refuse(socket, refusal ?? REFUSALS.malformed)
      return
    }
    if (connection.exchanges.size >= this.#limits.pipelinedRequests) {
      socket.destroy()
      return
    }
    renameBack(this.#strangeMethods, incoming)
    const { remoteAddress } = connection
    const exchange = new Exchange(this.#setting, incoming, outgoing, { remoteAddress, awaitsContinue })
    connection.exchanges.add(exchange)
    void exchange.run().finally(() => {
      connection.exchanges.delete(exchange)
      if (connection.ends === true && connection.exchanges.size === 0) socket.end()
    })
  }

  /** Nothing was read from the socket, and nothing written, for a while. */
  #silent(socket: Socket): void {
    const exchanges = this.#connections.get(socket)?.exchanges
    if (exchanges === undefined || exchanges.size === 0 || socket.writableLength > 0) {
      socket.destroy()
      return
    }
    let longestWaitMs = 0
    for (const exchange of exchanges) {
      if (exchange.waitedMs >= this.#limits.clientTimeoutMs) exchange.clientSilent()
      else longestWaitMs = Math.max(longestWaitMs, exchange.waitedMs)
    }
    // It was the handler that took its time; the client's begins when the handler waits for it.
    socket.setTimeout(Math.ceil(this.#limits.clientTimeoutMs - longestWaitMs))
  }

  #unreadable(error: NodeJS.ErrnoException & { readonly rawPacket?: Buffer }, socket: Duplex): void {
    const connection = this.#connections.get(socket)
    if (connection?.ends === true) return
    const exchanges = [...(connection?.exchanges ?? [])]
    // Bytes of a request that is under way are not to be read once more.
    if (exchanges.length === 0 && this.#strangeMethods.retry(this.#server, error, socket)) return
    this.#log.debug({ code: error.code }, 'request refused')
    if (connection === undefined || error.code === 'ECONNRESET') socket.destroy()
    else if (exchanges.length === 0) refuse(socket, refusalOf(error))
    else if (exchanges.every((exchange) => exchange.isReceived)) endAfterAnswers(connection, socket)
    // An answer that is under way must not be mixed with another one.
    else socket.destroy()
  }
}

/** Whole requests, and then something that is none: a body longer than its length, mostly. Nothing more is read. */
function endAfterAnswers(connection: Connection, socket: Duplex): void {
  connection.ends = true
  socket.pause()
  for (const exchange of connection.exchanges) exchange.sayLast()
}

function createNodeServer(limits: ServerLimits, { tls, links }: ListenOptions): Server {
  const options = {
    keepAliveTimeout: limits.keepAliveMs,
    headersTimeout: limits.clientTimeoutMs,
    // A body may take as long as it keeps coming; `#silent` watches for pauses.
    requestTimeout: 0,
    connectionsCheckingInterval: Math.min(HEAD_CHECK_INTERVAL_MS, limits.clientTimeoutMs),
    maxHeaderSize: limits.headersBytes + limits.requestLineBytes,
    noDelay: true,
    optimizeEmptyRequests: true,
    requireHostHeader: false,
    highWaterMark: 64 * 1024,
    // What asks for any other protocol is answered over HTTP/1.1 (RFC 9110, section 7.8).
    shouldUpgradeCallback: (incoming: IncomingMessage) => links === 'accepted' && asksForLink(incoming),
  }
  const server = tls === undefined ? createServer(options) : createTlsServer({ ...options, ...nodeTls(tls) })
  // Counted in `oversizeOf`: Node would silently drop what is over its own limit.
  server.maxHeadersCount = 0
  server.maxConnections = limits.maxConnections
  server.timeout = limits.clientTimeoutMs
  return server
}

function nodeTls(tls: TlsOptions): object {
  const identity = {
    cert: tls.certificate,
    key: tls.key,
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
  }
  if (tls.clientAuthority === undefined) return identity
  return { ...identity, ca: tls.clientAuthority, requestCert: true, rejectUnauthorized: true }
}

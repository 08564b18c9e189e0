/**
 * The server's end of a link: every request that comes over it goes to the handler that requests over HTTP go to, and its
 * answer goes back under the same number. What `exchange.ts` promises for a request over HTTP holds here too.
 */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { ExchangeSetting } from './exchange.ts'
import { LINK_PATH, LINK_PROTOCOL } from './link-client.ts'
import { LinkConnection } from './link-connection.ts'
import { type FrameSink, FrameType, frameHeader, LinkFormatError } from './link-frames.ts'
import { ServerExchange } from './link-server-exchange.ts'
import { releasePiece } from './piece-memory.ts'

/** Requests under way on one link; a peer that sends more is cut off. */
const EXCHANGES_MAX = 8_192

/** Whether a request to upgrade its connection asks for a link. */
export function asksForLink(incoming: IncomingMessage): boolean {
  return incoming.url === LINK_PATH && incoming.headers.upgrade?.toLowerCase() === LINK_PROTOCOL
}

export class ServerLink {
  readonly #connection: LinkConnection
  readonly #setting: ExchangeSetting
  readonly #remoteAddress: string
  readonly #exchanges = new Map<number, ServerExchange>()

  /** Accepts the offer. `first` was read together with it. */
  constructor(setting: ExchangeSetting, socket: Socket, first: Buffer, remoteAddress: string) {
    this.#setting = setting
    this.#remoteAddress = remoteAddress
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${LINK_PROTOCOL}\r\n\r\n`,
    )
    this.#connection = new LinkConnection(socket, first, this.#sink(), (error) => this.#closed(error))
  }

  /** No new requests; the peer closes the link when it has its answers. */
  announceEnd(): void {
    this.#connection.send(frameHeader(FrameType.goaway, 0, 0))
  }

  #sink(): FrameSink {
    return {
      message: (type, stream, head, body) => {
        if (
          type !== FrameType.request ||
          this.#exchanges.has(stream) ||
          this.#exchanges.size >= EXCHANGES_MAX
        ) {
          throw new LinkFormatError('a message that is not a request')
        }
        this.#serve(stream, head, body)
      },
      data: (stream, piece) => {
        const exchange = this.#exchanges.get(stream)
        if (exchange === undefined) releasePiece(piece)
        else exchange.onData(piece)
      },
      credit: (stream, bytes) => this.#exchanges.get(stream)?.onCredit(bytes),
      signal: (type, stream) => {
        if (type === FrameType.end) this.#exchanges.get(stream)?.onEnd()
        else if (type === FrameType.reset) this.#exchanges.get(stream)?.onGone()
        else if (type === FrameType.ping) this.#connection.send(frameHeader(FrameType.pong, 0, 0))
      },
    }
  }

  #serve(stream: number, head: unknown, body: Buffer): void {
    const exchange = new ServerExchange(this.#setting, this.#connection, stream, this.#remoteAddress)
    this.#exchanges.set(stream, exchange)
    void exchange.run(head, body).finally(() => this.#exchanges.delete(stream))
  }

  #closed(error: Error | undefined): void {
    if (error instanceof LinkFormatError) this.#setting.log.warn({ err: error }, 'a link was cut')
    for (const exchange of this.#exchanges.values()) exchange.onGone()
  }
}

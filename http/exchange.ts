/**
 * One request on one socket, from its head to the last byte of its answer.
 *
 * - The handler's failure is the client's 500, without a trace of why; the log has the reason, once.
 * - When the client goes away, `request.signal` aborts, the request's body fails and the response's stream is
 *   cancelled, whatever the handler is doing.
 * - A request body that nobody read is drained a little, so that the client can read the answer, and never for long.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import { failureResponse } from './failure-response.ts'
import {
  BodyError,
  EMPTY_BODY,
  type Handler,
  type HeaderMap,
  type Request,
  type Response,
} from './message.ts'
import { writeResponse } from './response-writer.ts'
import { SocketBody } from './server-body.ts'
import type { ServerLimits } from './server-limits.ts'

export interface ExchangeSetting {
  readonly handler: Handler
  readonly limits: ServerLimits
  readonly clock: Clock
  readonly log: Logger
  readonly secure: boolean
  /** The server is going away: answers say `Connection: close`. */
  readonly isClosing: () => boolean
}

export class Exchange {
  readonly #setting: ExchangeSetting
  readonly #incoming: IncomingMessage
  readonly #outgoing: ServerResponse
  readonly #abort = new AbortController()
  readonly #body: SocketBody | undefined
  readonly #request: Request
  #gone = false

  constructor(
    setting: ExchangeSetting,
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    options: { readonly remoteAddress: string; readonly awaitsContinue: boolean },
  ) {
    this.#setting = setting
    this.#incoming = incoming
    this.#outgoing = outgoing
    // Writing to a connection that is gone is no news: `clientGone` says so.
    outgoing.on('error', () => {})
    this.#body = this.#bodyOf(options.awaitsContinue)
    this.#request = this.#requestOf(options.remoteAddress)
  }

  /** How long the handler has waited for bytes of the client, milliseconds; 0 when it does not. */
  get waitedMs(): number {
    const sinceMs = this.#body?.waitingSinceMs
    return sinceMs === undefined ? 0 : this.#setting.clock.monotonicMs() - sinceMs
  }

  /** All of the request has come. */
  get isReceived(): boolean {
    return this.#incoming.complete
  }

  /** The answer says that the connection ends with it, if it does not travel already. */
  sayLast(): void {
    this.#outgoing.shouldKeepAlive = false
  }

  /** Resolves when the answer was handed to the socket or given up; never rejects. */
  async run(): Promise<void> {
    try {
      await this.#send(await this.#answer())
    } catch (error) {
      if (!this.#gone) this.#log('response could not be sent', error)
      this.#outgoing.destroy()
    }
  }

  /** The connection is closed. */
  clientGone(): void {
    this.#gone = true
    const gone = new BodyError('SENDER_GONE')
    this.#body?.fail(gone)
    this.#abort.abort(gone)
  }

  /** The client was silent for too long while the handler waited for it. */
  clientSilent(): void {
    this.#outgoing.shouldKeepAlive = false
    this.#body?.fail(new BodyError('SENDER_TIMEOUT'))
  }

  #bodyOf(awaitsContinue: boolean): SocketBody | undefined {
    const { headers } = this.#incoming
    const declared = headers['content-length']
    if (declared === undefined && headers['transfer-encoding'] === undefined) return undefined
    return new SocketBody({
      incoming: this.#incoming,
      outgoing: this.#outgoing,
      lengthBytes: declared === undefined ? undefined : Number(declared),
      awaitsContinue,
      clock: this.#setting.clock,
    })
  }

  #requestOf(remoteAddress: string): Request {
    const target = originForm(this.#incoming.url ?? '/')
    const question = target.indexOf('?')
    return {
      method: this.#incoming.method ?? '',
      path: question < 0 ? target : target.slice(0, question),
      query: question < 0 ? '' : target.slice(question + 1),
      headers: headerMap(this.#incoming),
      body: this.#body ?? EMPTY_BODY,
      signal: this.#abort.signal,
      remoteAddress,
      secure: this.#setting.secure,
    }
  }

  async #answer(): Promise<Response> {
    try {
      return await this.#setting.handler(this.#request)
    } catch (error) {
      const { response, isOurs } = failureResponse(error)
      if (isOurs && !this.#gone) this.#log('handler failed', error)
      return response
    }
  }

  async #send(response: Response): Promise<void> {
    if (this.#setting.isClosing()) this.#outgoing.shouldKeepAlive = false
    await writeResponse(this.#outgoing, response, {
      method: this.#request.method,
      beforeEnd: this.#leftover(),
    })
    if (this.#body !== undefined) this.#incoming.resume()
  }

  /** What to do about bytes of the request that are still to come. */
  #leftover(): (() => Promise<void>) | undefined {
    const body = this.#body
    if (body === undefined || body.outstandingBytes <= this.#setting.limits.drainBytes) return undefined
    this.#outgoing.shouldKeepAlive = false
    return async () => {
      // A handler may go on reading while its answer travels.
      if (!this.#incoming.readableEnded) await this.#linger()
    }
  }

  /**
   * Reads and forgets what the client still sends, until it stops, for a bounded time. Closing at once would make the
   * kernel answer the next bytes with a reset, which can take the response from under the client.
   */
  #linger(): Promise<void> {
    const { limits, clock } = this.#setting
    let leftBytes = limits.lingerBytes
    return new Promise((resolve) => {
      const timer = clock.setTimer(limits.lingerMs, resolve)
      const settle = (): void => {
        timer.cancel()
        resolve()
      }
      this.#incoming.on('data', (chunk: Buffer) => {
        leftBytes -= chunk.length
        if (leftBytes <= 0) settle()
      })
      this.#incoming.once('end', settle)
      this.#incoming.once('close', settle)
    })
  }

  #log(message: string, error: unknown): void {
    this.#setting.log.error({ err: error, method: this.#request.method, path: this.#request.path }, message)
  }
}

/** The path and query of a request target that may name the scheme and host too (RFC 9112, section 3.2). */
function originForm(target: string): string {
  if (target.startsWith('/') || target === '*') return target
  const match = /^[a-z][a-z0-9+.-]*:\/\/[^/?]*(.*)$/is.exec(target)
  const rest = match?.[1] ?? target
  return rest.startsWith('/') ? rest : `/${rest}`
}

/** Node joins repeated headers with a comma, as HTTP has it, but keeps `set-cookie` apart. */
function headerMap(incoming: IncomingMessage): HeaderMap {
  const { headers } = incoming
  if (headers['set-cookie'] === undefined) return headers as HeaderMap
  return { ...headers, 'set-cookie': headers['set-cookie'].join(', ') } as HeaderMap
}

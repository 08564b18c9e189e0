/**
 * The body of a request as it comes out of a socket: pulled piece by piece, so that a slow reader slows the sender.
 *
 * - Ends only after every declared byte was handed out; anything less rejects with a `BodyError`.
 * - `100 Continue` is sent at the first read, or earlier with headers when the handler says so, and once only.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { titleCase } from './header-lines.ts'
import { BodyError, type HeaderMap, type RequestBody } from './message.ts'

/** Node's own record of having sent a 100; `writeInformation` forgets it, and the connection would be closed. */
interface ContinueRecord {
  _sent100: boolean
}

interface Waiter {
  readonly resolve: (result: IteratorResult<Buffer>) => void
  readonly reject: (error: BodyError) => void
}

export interface SocketBodyOptions {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  readonly lengthBytes: number | undefined
  /** The sender waits for a 100. */
  readonly awaitsContinue: boolean
  /** Longest silence of the sender while somebody wants to read, milliseconds. */
  readonly silenceMs: number
}

const DONE: IteratorResult<Buffer> = { done: true, value: undefined }

export class SocketBody implements RequestBody, AsyncIterator<Buffer> {
  readonly lengthBytes: number | undefined
  readonly sendContinue: (headers?: HeaderMap) => void
  readonly #incoming: IncomingMessage
  readonly #outgoing: ServerResponse
  readonly #silenceMs: number
  #awaitsContinue: boolean
  #receivedBytes = 0
  #ended = false
  #failure: BodyError | undefined
  #waiter: Waiter | undefined
  #listening = false

  constructor(options: SocketBodyOptions) {
    this.lengthBytes = options.lengthBytes
    this.#incoming = options.incoming
    this.#outgoing = options.outgoing
    this.#silenceMs = options.silenceMs
    this.#awaitsContinue = options.awaitsContinue
    this.sendContinue = (headers) => this.#sendContinue(headers)
  }

  /** Somebody waits for bytes of the sender. */
  get isWaiting(): boolean {
    return this.#waiter !== undefined
  }

  /** The sender was never told to go on, so it has sent nothing. */
  get isHeldBack(): boolean {
    return this.#awaitsContinue
  }

  /** Bytes still to come from the sender; `Infinity` when it did not say how many. */
  get outstandingBytes(): number {
    if (this.#ended || this.#incoming.complete || this.#awaitsContinue) return 0
    return this.lengthBytes === undefined ? Number.POSITIVE_INFINITY : this.lengthBytes - this.#receivedBytes
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<Buffer>> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    if (this.#ended) return Promise.resolve(DONE)
    if (this.#awaitsContinue) this.#sendContinue()
    const result = this.#take()
    if (result !== undefined) return Promise.resolve(result)
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject }
      this.#listen()
    })
  }

  async return(): Promise<IteratorResult<Buffer>> {
    await this.cancel()
    return DONE
  }

  async cancel(): Promise<void> {
    this.fail(new BodyError('BODY_CANCELLED'))
  }

  /** Everything not yet read is lost: reading rejects with `failure` from now on. */
  fail(failure: BodyError): void {
    if (this.#ended || this.#failure !== undefined) return
    this.#failure = failure
    const waiter = this.#waiter
    this.#waiter = undefined
    waiter?.reject(failure)
  }

  #take(): IteratorResult<Buffer> | undefined {
    const chunk = this.#incoming.read() as Buffer | null
    if (chunk !== null) {
      this.#receivedBytes += chunk.length
      return { done: false, value: chunk }
    }
    if (!this.#incoming.complete || this.#incoming.readableLength > 0) return undefined
    this.#ended = true
    return DONE
  }

  #listen(): void {
    this.#incoming.socket.setTimeout(this.#silenceMs)
    if (this.#listening) return
    this.#listening = true
    this.#incoming.on('readable', () => this.#wake())
  }

  #wake(): void {
    const waiter = this.#waiter
    if (waiter === undefined) return
    const result = this.#take()
    if (result === undefined) return
    this.#waiter = undefined
    waiter.resolve(result)
  }

  #sendContinue(headers: HeaderMap = {}): void {
    if (!this.#awaitsContinue || this.#outgoing.headersSent) return
    this.#awaitsContinue = false
    const lines: string[] = []
    for (const [name, value] of Object.entries(headers)) {
      if (value !== undefined) lines.push(titleCase(name), value)
    }
    this.#outgoing.writeInformation(100, lines)
    ;(this.#outgoing as unknown as ContinueRecord)._sent100 = true
  }
}

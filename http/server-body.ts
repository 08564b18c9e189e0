/**
 * The body of a request as it comes out of a socket: pulled piece by piece, so that a slow reader slows the sender.
 *
 * - Ends only after every declared byte was handed out; anything less rejects with a `BodyError`.
 * - `100 Continue` is sent at the first read, or earlier with headers when the handler says so, and once only.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '#base/environment.ts'
import { titleCase } from './header-lines.ts'
import type { BodyError, HeaderMap, RequestBody } from './message.ts'
import { PieceGatherer } from './piece-gatherer.ts'
import { ownPiece } from './piece-memory.ts'
import { QueuedBody } from './queued-body.ts'

/** Node's own record of having sent a 100; `writeInformation` forgets it, and the connection would be closed. */
interface ContinueRecord {
  _sent100: boolean
}

export interface SocketBodyOptions {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  readonly lengthBytes: number | undefined
  /** The sender waits for a 100. */
  readonly awaitsContinue: boolean
  readonly clock: Clock
}

export class SocketBody implements RequestBody, AsyncIterator<Buffer> {
  readonly lengthBytes: number | undefined
  readonly sendContinue: (headers?: HeaderMap) => void
  readonly #incoming: IncomingMessage
  readonly #outgoing: ServerResponse
  readonly #clock: Clock
  readonly #queue: QueuedBody
  readonly #gatherer: PieceGatherer
  #awaitsContinue: boolean
  #receivedBytes = 0
  #askedAtMs = 0
  #isFlowing = false

  constructor(options: SocketBodyOptions) {
    this.lengthBytes = options.lengthBytes
    this.#incoming = options.incoming
    this.#outgoing = options.outgoing
    this.#clock = options.clock
    this.#awaitsContinue = options.awaitsContinue
    this.sendContinue = (headers) => this.#sendContinue(headers)
    this.#queue = new QueuedBody({
      pause: () => this.#incoming.pause(),
      resume: () => this.#incoming.resume(),
      cancel: () => {},
    })
    this.#gatherer = new PieceGatherer((piece) => this.#queue.push(piece))
    if (options.lengthBytes === 0) this.#queue.end()
  }

  /** Since when somebody waits for bytes of the sender, by the monotonic clock; `undefined` when nobody does. */
  get waitingSinceMs(): number | undefined {
    return this.#queue.isAwaited ? this.#askedAtMs : undefined
  }

  /** Bytes still to come from the sender; `Infinity` when it did not say how many. */
  get outstandingBytes(): number {
    if (this.#incoming.complete || this.#awaitsContinue) return 0
    return this.lengthBytes === undefined ? Number.POSITIVE_INFINITY : this.lengthBytes - this.#receivedBytes
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<Buffer>> {
    if (this.#awaitsContinue) this.#sendContinue()
    if (!this.#isFlowing) this.#flow()
    this.#askedAtMs = this.#clock.monotonicMs()
    return this.#queue.next()
  }

  return(): Promise<IteratorResult<Buffer>> {
    return this.#queue.return()
  }

  cancel(): Promise<void> {
    return this.#queue.cancel()
  }

  /** What has not arrived yet is lost: reading rejects with `failure` behind what has. */
  fail(failure: BodyError): void {
    this.#gatherer.flush()
    this.#queue.fail(failure)
  }

  #flow(): void {
    this.#isFlowing = true
    this.#incoming.on('data', (chunk: Buffer) => {
      this.#receivedBytes += chunk.length
      ownPiece(chunk)
      this.#gatherer.add(chunk)
      // Node says so itself only after two more turns.
      if (this.#receivedBytes === this.lengthBytes) this.#end()
    })
    this.#incoming.on('end', () => {
      if (this.#incoming.complete) this.#end()
    })
  }

  #end(): void {
    this.#gatherer.flush()
    this.#queue.end()
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

/** Bodies over a link: what comes in is paid for with credit as it is read, what goes out waits until there is some. */
import type { Clock, Timer } from '#base/environment.ts'
import type { LinkConnection } from './link-connection.ts'
import { creditFrame, DATA_BYTES_MAX, FrameType, frameHeader, LinkFormatError } from './link-frames.ts'
import type { BodyStream } from './message.ts'
import { PieceGatherer } from './piece-gatherer.ts'
import { QueuedBody } from './queued-body.ts'

/** A sender may be ahead of its reader by so much from the start. Bytes. */
const WINDOW_BYTES = 512 * 1024
/** Credit is given back in portions of at least this size. Bytes. */
const PORTION_BYTES = 128 * 1024
/**
 * A body that is read gets more credit, for links with a long way to go, as long as the bodies that come over the link
 * together have no more than this extra. Bytes.
 */
const EXTRA_BYTES = 512 * 1024
const EXTRA_PER_LINK_BYTES = 8 * EXTRA_BYTES

/** Watches over one wait at a time. */
export interface Patience {
  readonly clock: Clock
  readonly limitMs: number
  readonly exceeded: () => void
}

/** A body that comes over a link. */
export class IncomingBody implements BodyStream, AsyncIterator<Buffer> {
  readonly #connection: LinkConnection
  readonly #stream: number
  readonly #patience: Patience | undefined
  readonly #queue: QueuedBody
  readonly #gatherer: PieceGatherer
  #aheadBytes = 0
  #owedBytes = 0
  #extraBytes = 0
  #isSettled = false
  #timer: Timer | undefined

  /** `cancelled` is called when the reader wants no more before the end. */
  constructor(
    connection: LinkConnection,
    stream: number,
    cancelled: () => void,
    patience: Patience | undefined,
  ) {
    this.#connection = connection
    this.#stream = stream
    this.#patience = patience
    this.#queue = new QueuedBody({ pause: () => {}, resume: () => {}, cancel: cancelled })
    this.#gatherer = new PieceGatherer((piece) => this.#queue.push(piece))
  }

  /** Throws a `LinkFormatError` for a sender that does not wait for credit. */
  push(piece: Buffer): void {
    this.#aheadBytes += piece.length
    if (this.#aheadBytes > WINDOW_BYTES + this.#extraBytes + DATA_BYTES_MAX)
      throw new LinkFormatError('more than there was room for')
    this.#stopTimer()
    this.#gatherer.add(piece)
  }

  end(): void {
    this.#settle()
    this.#gatherer.flush()
    this.#queue.end()
  }

  fail(error: Error): void {
    this.#settle()
    this.#gatherer.flush()
    this.#queue.fail(error)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Buffer>> {
    const result = this.#queue.next()
    if (this.#patience !== undefined && this.#queue.isAwaited) this.#startTimer(this.#patience)
    const step = await result
    if (step.done !== true) this.#pay(step.value.length)
    return step
  }

  return(): Promise<IteratorResult<Buffer>> {
    return this.#queue.return()
  }

  cancel(): Promise<void> {
    this.#settle()
    return this.#queue.cancel()
  }

  #pay(bytes: number): void {
    this.#aheadBytes -= bytes
    this.#owedBytes += bytes
    if (this.#isSettled || this.#owedBytes < PORTION_BYTES) return
    this.#askForExtra()
    this.#connection.send(creditFrame(this.#stream, this.#owedBytes))
    this.#owedBytes = 0
  }

  #askForExtra(): void {
    if (this.#extraBytes > 0 || this.#connection.extraBytes + EXTRA_BYTES > EXTRA_PER_LINK_BYTES) return
    this.#extraBytes = EXTRA_BYTES
    this.#connection.extraBytes += EXTRA_BYTES
    this.#owedBytes += EXTRA_BYTES
  }

  /** Nothing more comes, or nobody wants it. */
  #settle(): void {
    this.#stopTimer()
    if (this.#isSettled) return
    this.#isSettled = true
    this.#connection.extraBytes -= this.#extraBytes
  }

  #startTimer({ clock, limitMs, exceeded }: Patience): void {
    this.#stopTimer()
    this.#timer = clock.setTimer(limitMs, exceeded)
  }

  #stopTimer(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }
}

/** The sending side of one exchange's body. */
export class OutgoingBody {
  readonly #connection: LinkConnection
  readonly #stream: number
  #creditBytes = WINDOW_BYTES
  #isStopped = false
  #changed: (() => void) | undefined

  constructor(connection: LinkConnection, stream: number) {
    this.#connection = connection
    this.#stream = stream
  }

  /** The peer has room for more. */
  credit(bytes: number): void {
    this.#creditBytes += bytes
    if (this.#creditBytes > 0) this.#wake()
  }

  /** Nobody wants the rest. */
  stop(): void {
    this.#isStopped = true
    this.#wake()
  }

  /**
   * Sends a body to its end, as fast as the peer reads. `false` when it was stopped before. Rejects as the body does, and
   * for one that is not as long as declared; `waiting` is called around every wait for the peer.
   */
  async pump(
    body: BodyStream,
    lengthBytes: number | undefined,
    waiting: (forPeer: boolean) => void,
  ): Promise<boolean> {
    let sentBytes = 0
    for await (const piece of body) {
      if (this.#isStopped) return false
      sentBytes += piece.length
      if (lengthBytes !== undefined && sentBytes > lengthBytes) break
      for (let at = 0; at < piece.length; at += DATA_BYTES_MAX) {
        if (!(await this.#send(piece.subarray(at, at + DATA_BYTES_MAX), waiting))) return false
      }
    }
    if (this.#isStopped) return false
    if (lengthBytes !== undefined && sentBytes !== lengthBytes) {
      throw new Error(`body of ${sentBytes} bytes declared ${lengthBytes}`)
    }
    this.#connection.send(frameHeader(FrameType.end, this.#stream, 0))
    return true
  }

  async #send(piece: Buffer, waiting: (forPeer: boolean) => void): Promise<boolean> {
    const room = this.#connection.room()
    if (this.#creditBytes <= 0 || room !== undefined) {
      waiting(true)
      await room
      while (this.#creditBytes <= 0 && !this.#isStopped) await this.#change()
      waiting(false)
    }
    if (this.#isStopped) return false
    this.#creditBytes -= piece.length
    this.#connection.sendPiece(this.#stream, piece)
    return true
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#changed = resolve
    })
  }

  #wake(): void {
    this.#changed?.()
    this.#changed = undefined
  }
}

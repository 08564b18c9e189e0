/**
 * The two bodies of a request that never leaves the process: they end, fail and can be given up as if there were a
 * network between the two sides.
 */
import { abandon, BodyError, type BodyStream, type HeaderMap, type RequestBody } from './message.ts'
import type { TransportError } from './transport.ts'

const DONE: IteratorResult<Buffer> = { done: true, value: undefined }

/** Rejects as soon as `fail` is called, although the source may hang. */
class Interruptible {
  #failure: Error | undefined
  #interrupt: ((error: Error) => void) | undefined

  get isFailed(): boolean {
    return this.#failure !== undefined
  }

  fail(failure: Error): void {
    if (this.#failure !== undefined) return
    this.#failure = failure
    this.#interrupt?.(failure)
  }

  race<Value>(step: () => Promise<Value>): Promise<Value> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    return new Promise((resolve, reject) => {
      this.#interrupt = reject
      step().then(resolve, reject)
    })
  }
}

export interface DeliveredRequestEvents {
  /** The handler waits for the sender. */
  readonly pulling: () => void
  /** The handler has what it waited for. */
  readonly pulled: () => void
  /** The sender's body broke. */
  readonly failed: (error: unknown) => void
}

/** What the handler reads of the sender's body. */
export class DeliveredRequestBody implements RequestBody, AsyncIterator<Buffer> {
  readonly lengthBytes: number | undefined
  readonly sendContinue: (headers?: HeaderMap) => void
  readonly #source: RequestBody
  readonly #events: DeliveredRequestEvents
  readonly #interruptible = new Interruptible()
  #awaitsContinue: boolean
  #iterator: AsyncIterator<Buffer> | undefined
  #ended = false
  #sentBytes = 0

  constructor(source: RequestBody, awaitsContinue: boolean, events: DeliveredRequestEvents) {
    this.lengthBytes = source.lengthBytes
    this.#source = source
    this.#awaitsContinue = awaitsContinue
    this.#events = events
    this.sendContinue = (headers) => this.#sendContinue(headers)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Buffer>> {
    if (this.#ended) return DONE
    if (this.#awaitsContinue) this.#sendContinue()
    this.#events.pulling()
    try {
      const result = this.#checked(await this.#interruptible.race(() => this.#pull()))
      this.#events.pulled()
      return result
    } catch (error) {
      if (!this.#interruptible.isFailed) this.#events.failed(error)
      throw error instanceof BodyError ? error : new BodyError('SENDER_GONE', error)
    }
  }

  async return(): Promise<IteratorResult<Buffer>> {
    await this.cancel()
    return DONE
  }

  async cancel(): Promise<void> {
    this.fail(new BodyError('BODY_CANCELLED'))
    await this.giveUp()
  }

  fail(error: BodyError): void {
    if (!this.#ended) this.#interruptible.fail(error)
  }

  /** The handler has answered: what it did not read is not wanted. */
  async giveUp(): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    await this.#source.cancel()
  }

  #sendContinue(headers?: HeaderMap): void {
    if (!this.#awaitsContinue || this.#ended) return
    this.#awaitsContinue = false
    this.#source.sendContinue(headers ?? {})
  }

  #pull(): Promise<IteratorResult<Buffer>> {
    this.#iterator ??= this.#source[Symbol.asyncIterator]()
    return this.#iterator.next()
  }

  /** HTTP promises the declared length: a source that has fewer or more bytes breaks the connection. */
  #checked(result: IteratorResult<Buffer>): IteratorResult<Buffer> {
    if (result.done !== true) this.#sentBytes += result.value.length
    const { lengthBytes } = this
    const tooFew = result.done === true && lengthBytes !== undefined && this.#sentBytes < lengthBytes
    if (tooFew || (lengthBytes !== undefined && this.#sentBytes > lengthBytes)) {
      throw new Error(`request body of ${this.#sentBytes} bytes declared ${lengthBytes}`)
    }
    if (result.done !== true) return result
    this.#ended = true
    return DONE
  }
}

export interface DeliveredBodyOptions {
  /** As the answer's `content-length` says. */
  readonly lengthBytes: number | undefined
  readonly waiting: () => void
  readonly received: () => void
  readonly over: () => void
  /** The error for a source that failed, as a broken connection would give. */
  readonly lost: (cause: unknown) => TransportError
}

/** What the sender reads of the handler's answer. */
export class DeliveredBody implements BodyStream, AsyncIterator<Buffer> {
  readonly #source: BodyStream
  readonly #options: DeliveredBodyOptions
  readonly #interruptible = new Interruptible()
  #iterator: AsyncIterator<Buffer> | undefined
  #receivedBytes = 0

  constructor(source: BodyStream, options: DeliveredBodyOptions) {
    this.#source = source
    this.#options = options
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Buffer>> {
    this.#options.waiting()
    try {
      return this.#checked(await this.#interruptible.race(() => this.#pull()))
    } catch (error) {
      this.#options.over()
      throw this.#interruptible.isFailed ? error : this.#options.lost(error)
    }
  }

  async return(): Promise<IteratorResult<Buffer>> {
    await this.cancel()
    return DONE
  }

  async cancel(): Promise<void> {
    this.#options.over()
    this.#interruptible.fail(new BodyError('BODY_CANCELLED'))
    await this.#source.cancel()
  }

  /** The exchange broke: the reader gets the error, the source is released. */
  fail(error: TransportError): void {
    this.#interruptible.fail(error)
    abandon(this.#source)
  }

  #pull(): Promise<IteratorResult<Buffer>> {
    this.#iterator ??= this.#source[Symbol.asyncIterator]()
    return this.#iterator.next()
  }

  #checked(result: IteratorResult<Buffer>): IteratorResult<Buffer> {
    const { lengthBytes } = this.#options
    if (result.done !== true) this.#receivedBytes += result.value.length
    const tooFew = result.done === true && lengthBytes !== undefined && this.#receivedBytes < lengthBytes
    if (tooFew || (lengthBytes !== undefined && this.#receivedBytes > lengthBytes)) {
      throw new Error(`response body of ${this.#receivedBytes} bytes declared ${lengthBytes}`)
    }
    this.#options.received()
    if (result.done === true) this.#options.over()
    return result
  }
}

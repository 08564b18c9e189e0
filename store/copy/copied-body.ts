/** The body of a read as the body of a write. */
import { BodyError, type BodyStream, type RequestBody, type ResponseBody } from '#http/message.ts'

export class CopiedBody implements RequestBody, AsyncIterator<Buffer> {
  readonly lengthBytes: number
  readonly bytes: Buffer | undefined
  readonly sendContinue = (): void => {}
  readonly #source: BodyStream
  readonly #iterator: AsyncIterator<Buffer>
  #failure: unknown

  constructor(source: ResponseBody, lengthBytes: number) {
    this.lengthBytes = lengthBytes
    this.bytes = Buffer.isBuffer(source) ? source : undefined
    this.#source = Buffer.isBuffer(source) || source === undefined ? streamOf(source) : source
    this.#iterator = this.#source[Symbol.asyncIterator]()
  }

  /** Why the source broke off; `undefined` when it did not. */
  get failure(): unknown {
    return this.#failure
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Whoever writes takes a source that breaks off for a client that is gone: nothing is stored. */
  async next(): Promise<IteratorResult<Buffer>> {
    try {
      return await this.#iterator.next()
    } catch (error) {
      this.#failure = error
      throw new BodyError('SENDER_GONE', error)
    }
  }

  async return(): Promise<IteratorResult<Buffer>> {
    await this.cancel()
    return { done: true, value: undefined }
  }

  async cancel(): Promise<void> {
    await this.#source.cancel()
  }
}

function streamOf(bytes: Buffer | undefined): BodyStream {
  return {
    cancel: async () => {},
    async *[Symbol.asyncIterator]() {
      if (bytes !== undefined && bytes.length > 0) yield bytes
    },
  }
}

/**
 * A body between a source that pushes and a reader that pulls. What is queued is bounded: the source is paused while
 * the reader is behind. Queued bytes are handed out before an end or a failure is.
 */
import { BodyError, type BodyStream } from './message.ts'

/** The source is paused at this many queued bytes, and let go on below the other. */
const PAUSE_BYTES = 256 * 1024
const RESUME_BYTES = 64 * 1024

export interface BodySource {
  pause(): void
  resume(): void
  /** The reader wants no more. Called once at most, never after an end or failure. */
  cancel(): void
}

type State =
  | { readonly kind: 'open' }
  | { readonly kind: 'ended' }
  | { readonly kind: 'failed'; readonly error: Error }

interface Waiter {
  readonly resolve: (result: IteratorResult<Buffer>) => void
  readonly reject: (error: Error) => void
}

const DONE: IteratorResult<Buffer> = { done: true, value: undefined }

export class QueuedBody implements BodyStream, AsyncIterator<Buffer> {
  readonly #source: BodySource
  #chunks: Buffer[] = []
  #queuedBytes = 0
  #paused = false
  #state: State = { kind: 'open' }
  #waiter: Waiter | undefined

  constructor(source: BodySource) {
    this.#source = source
  }

  /** A reader waits for the source. */
  get isAwaited(): boolean {
    return this.#waiter !== undefined
  }

  push(chunk: Buffer): void {
    if (this.#state.kind !== 'open' || chunk.length === 0) return
    const waiter = this.#takeWaiter()
    if (waiter !== undefined) {
      waiter.resolve({ done: false, value: chunk })
      return
    }
    this.#chunks.push(chunk)
    this.#queuedBytes += chunk.length
    if (this.#queuedBytes < PAUSE_BYTES || this.#paused) return
    this.#paused = true
    this.#source.pause()
  }

  end(): void {
    if (this.#state.kind !== 'open') return
    this.#state = { kind: 'ended' }
    this.#takeWaiter()?.resolve(DONE)
  }

  fail(error: Error): void {
    if (this.#state.kind !== 'open') return
    this.#state = { kind: 'failed', error }
    this.#takeWaiter()?.reject(error)
  }

  /** All bytes, if the end is here already and nobody has begun to read. */
  takeWhole(): Buffer | undefined {
    if (this.#state.kind !== 'ended') return undefined
    const [first] = this.#chunks
    const whole = this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks, this.#queuedBytes)
    this.#chunks = []
    this.#queuedBytes = 0
    return whole
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<Buffer>> {
    const chunk = this.#chunks.shift()
    if (chunk !== undefined) {
      this.#queuedBytes -= chunk.length
      this.#letGoOn()
      return Promise.resolve({ done: false, value: chunk })
    }
    if (this.#state.kind === 'ended') return Promise.resolve(DONE)
    if (this.#state.kind === 'failed') return Promise.reject(this.#state.error)
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject }
    })
  }

  async return(): Promise<IteratorResult<Buffer>> {
    await this.cancel()
    return DONE
  }

  async cancel(): Promise<void> {
    this.#chunks = []
    this.#queuedBytes = 0
    if (this.#state.kind !== 'open') return
    this.fail(new BodyError('BODY_CANCELLED'))
    this.#source.cancel()
  }

  #letGoOn(): void {
    if (!this.#paused || this.#queuedBytes >= RESUME_BYTES || this.#state.kind !== 'open') return
    this.#paused = false
    this.#source.resume()
  }

  #takeWaiter(): Waiter | undefined {
    const waiter = this.#waiter
    this.#waiter = undefined
    return waiter
  }
}

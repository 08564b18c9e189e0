/**
 * One of several readers of a body that is read once (`fan-out-put.ts`). What waits for a reader is bounded: a branch
 * that is full says so, and the body is not read on before it has room again or was given up.
 */
import { BodyError, type HeaderMap, type RequestBody } from '#http/message.ts'
import { QueuedBody } from '#http/queued-body.ts'

export class BodyBranch implements RequestBody {
  readonly lengthBytes: number | undefined
  readonly sendContinue: (headers?: HeaderMap) => void
  /** Resolves with the headers of the peer's `100 Continue`. Never rejects, and may never resolve. */
  readonly continued: Promise<HeaderMap>
  readonly #queue: QueuedBody
  readonly #onChange: () => void
  #state: 'roomy' | 'full' | 'over' = 'roomy'

  /** `onChange` is called when the branch has room again, or wants nothing any more. */
  constructor(lengthBytes: number | undefined, onChange: () => void) {
    this.lengthBytes = lengthBytes
    this.#onChange = onChange
    let toldToContinue: (headers: HeaderMap) => void = () => {}
    this.continued = new Promise((resolve) => {
      toldToContinue = resolve
    })
    this.sendContinue = (headers) => toldToContinue(headers ?? {})
    this.#queue = new QueuedBody({
      pause: () => this.#become('full'),
      resume: () => this.#become('roomy'),
      cancel: () => this.#become('over'),
    })
  }

  /** Somebody still reads it. */
  get isLive(): boolean {
    return this.#state !== 'over'
  }

  get isFull(): boolean {
    return this.#state === 'full'
  }

  push(chunk: Buffer): void {
    this.#queue.push(chunk)
  }

  end(): void {
    this.#queue.end()
  }

  /** The reader gets an error, so that the peer cannot take what it has for the whole. */
  giveUp(): void {
    this.#become('over')
    this.#queue.fail(new BodyError('BODY_CANCELLED'))
  }

  [Symbol.asyncIterator](): AsyncIterator<Buffer> {
    return this.#queue
  }

  cancel(): Promise<void> {
    return this.#queue.cancel()
  }

  #become(state: 'roomy' | 'full' | 'over'): void {
    if (this.#state === 'over') return
    this.#state = state
    if (state !== 'full') this.#onChange()
  }
}

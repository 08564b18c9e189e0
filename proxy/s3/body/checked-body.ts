/**
 * A request's body as its operation reads it: without frames, and verified while it passes by. Reading comes to its end
 * only if all that was said about the body is true; else the last read rejects, and nothing is made of what was read.
 */
import { type ChecksumAlgorithm, startChecksum } from '#base/checksums/checksum.ts'
import { BodyError, type HeaderMap, type RequestBody } from '#http/message.ts'
import { type S3Error, s3Error } from '../error.ts'
import type { SentBody, SentChecksum } from '../operation.ts'
import type { AnnouncedChecksum } from './announced-checksum.ts'
import type { BodyFraming } from './body-framing.ts'

export interface CheckedBodyParts {
  /** As it comes off the wire. */
  readonly inner: RequestBody
  readonly framing: BodyFraming
  /** Of the payload; `undefined` when nobody said it. */
  readonly lengthBytes: number | undefined
  readonly announced: AnnouncedChecksum
}

export class CheckedBody implements RequestBody, SentBody {
  readonly lengthBytes: number | undefined
  readonly #parts: CheckedBodyParts
  #algorithm: ChecksumAlgorithm | undefined
  #problem: S3Error | undefined
  #checksum: SentChecksum | undefined

  constructor(parts: CheckedBodyParts) {
    this.#parts = parts
    this.lengthBytes = parts.lengthBytes
    this.#algorithm = parts.announced.kind === 'none' ? undefined : parts.announced.algorithm
  }

  get body(): this {
    return this
  }

  readonly problem = (): S3Error | undefined => this.#problem

  readonly checksum = (): SentChecksum | undefined => this.#checksum

  readonly computeChecksum = (algorithm: ChecksumAlgorithm): void => {
    this.#algorithm ??= algorithm
  }

  readonly sendContinue = (headers?: HeaderMap): void => this.#parts.inner.sendContinue(headers)

  cancel(): Promise<void> {
    return this.#parts.inner.cancel()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    const { inner, framing } = this.#parts
    const checksum = this.#algorithm === undefined ? undefined : startChecksum(this.#algorithm)
    for await (const piece of inner) {
      const payload = framing.take(piece)
      let step = payload.next()
      for (; step.done !== true; step = payload.next()) {
        checksum?.update(step.value)
        yield step.value
      }
      if (step.value !== undefined) this.#breakOff(step.value)
    }
    const problem = framing.end()
    if (problem !== undefined) this.#breakOff(problem)
    if (checksum !== undefined) this.#compare(checksum.digest())
  }

  #compare(value: string): void {
    const { announced, framing } = this.#parts
    const algorithm = this.#algorithm as ChecksumAlgorithm
    const expected = announced.kind === 'in_header' ? announced.value : framing.trailingChecksum
    if (expected !== undefined && expected !== value) {
      const message = `The ${algorithm} you specified did not match the calculated checksum.`
      this.#breakOff(s3Error('BadDigest', { message }))
    }
    this.#checksum = { algorithm, value }
  }

  /** The store takes a body that breaks off for one whose sender has gone. */
  #breakOff(problem: S3Error): never {
    this.#problem = problem
    throw new BodyError('SENDER_GONE')
  }
}

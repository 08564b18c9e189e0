/** What stands between the bytes on the wire and the payload that a client means. */
import { createHash } from 'node:crypto'
import { type S3Error, s3Error } from '../error.ts'

export interface BodyFraming {
  /** The payload in the next piece, as parts of it; in the end what is wrong with it, if anything is. */
  take(piece: Buffer): Generator<Buffer, S3Error | undefined>
  /** What is wrong with the whole, after its last piece. */
  end(): S3Error | undefined
  /** The checksum behind the payload, base64, after the end. */
  readonly trailingChecksum: string | undefined
}

/** The payload as it is; `sha256` in hex is what the signature says of it. */
export class PlainFraming implements BodyFraming {
  readonly trailingChecksum = undefined
  readonly #expected: string | undefined
  readonly #sha256: ReturnType<typeof createHash> | undefined

  constructor(sha256: string | undefined) {
    this.#expected = sha256
    this.#sha256 = sha256 === undefined ? undefined : createHash('sha256')
  }

  *take(piece: Buffer): Generator<Buffer, S3Error | undefined> {
    this.#sha256?.update(piece)
    yield piece
    return undefined
  }

  end(): S3Error | undefined {
    const computed = this.#sha256?.digest('hex')
    if (computed === this.#expected?.toLowerCase()) return undefined
    return s3Error('XAmzContentSHA256Mismatch', {
      extra: {
        ClientComputedContentSHA256: this.#expected ?? '',
        S3ComputedContentSHA256: computed ?? '',
      },
    })
  }
}

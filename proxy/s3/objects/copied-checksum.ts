/**
 * The checksum of a copy: that of its source when it is of the same bytes and of the algorithm that is asked for, else one
 * computed while the bytes flow. That of an object's parts is none of its copy, which is made at once.
 */
import { type Checksum, type ChecksumAlgorithm, startChecksum } from '#base/checksums/checksum.ts'
import type { CopySource, SourceBody } from '#store/copy/copy-source.ts'
import { checksumIn, checksumToStore, type StoredChecksum } from './stored-checksum.ts'
import { DEFAULT_CHECKSUM } from './upload.ts'

export class CopiedChecksum {
  /** The source's body, looked at on its way where that is needed. */
  readonly body: SourceBody
  readonly #algorithm: StoredChecksum['algorithm']
  readonly #known: StoredChecksum | undefined
  readonly #running: Checksum | undefined
  #computed: string | undefined

  /** `asked`: the algorithm that the request names. */
  constructor(source: CopySource, asked: ChecksumAlgorithm | undefined) {
    const stored = source.bytes === 'same' ? checksumIn(source.headers) : undefined
    const whole = stored?.type === 'FULL_OBJECT' ? stored : undefined
    this.#algorithm = asked ?? whole?.algorithm ?? DEFAULT_CHECKSUM
    this.#known = whole?.algorithm === this.#algorithm ? whole : undefined
    this.#running = this.#known === undefined ? startChecksum(this.#algorithm) : undefined
    this.body = this.#running === undefined ? source.body : watched(source.body, this.#running)
  }

  /** When the last byte has passed. */
  value(): StoredChecksum {
    if (this.#known !== undefined) return this.#known
    this.#computed ??= this.#running?.digest() ?? ''
    return { algorithm: this.#algorithm, value: this.#computed, type: 'FULL_OBJECT' }
  }

  toStore(): Record<string, string> {
    return checksumToStore(this.value())
  }
}

function watched(body: SourceBody, checksum: Checksum): SourceBody {
  if (body.bytes !== undefined) checksum.update(body.bytes)
  return {
    lengthBytes: body.lengthBytes,
    bytes: body.bytes,
    sendContinue: () => {},
    cancel: () => body.cancel(),
    get failure() {
      return body.failure
    },
    async *[Symbol.asyncIterator]() {
      for await (const piece of body) {
        if (body.bytes === undefined) checksum.update(piece)
        yield piece
      }
    },
  }
}

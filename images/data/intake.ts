/**
 * Everything that is found out about an image while its bytes come in, in one pass: length, MD5, SHA-512, what format it is.
 * Too many bytes end it.
 */
import { createHash, type Hash } from 'node:crypto'
import { BodyError } from '#http/message.ts'
import type { Declared } from '../formats/declared-format.ts'
import { type FormatVerdict, formatVerdict, virtualSize } from '../formats/declared-format.ts'
import { FormatInspector } from '../formats/inspector.ts'
import { ovfProperties } from '../formats/ovf.ts'
import type { ImageFacts } from '../model/image-record.ts'
import type { Refusal } from '../refusal.ts'
import type { SignatureCheck } from '../signatures/signature-check.ts'
import type { ByteSource } from './image-store.ts'

export const HASH_ALGORITHM = 'sha512'

/** The source went on beyond what is allowed. */
export class TooManyBytes extends BodyError {
  readonly limitBytes: number

  constructor(limitBytes: number) {
    super('BODY_TOO_LARGE')
    this.limitBytes = limitBytes
  }
}

export class Intake {
  readonly #limitBytes: number
  readonly #md5: Hash = createHash('md5')
  readonly #sha512: Hash = createHash(HASH_ALGORITHM)
  readonly #inspector = new FormatInspector()
  readonly #signature: SignatureCheck | undefined
  #sizeBytes = 0
  /** Hashes can be asked for their end once. */
  #facts: ImageFacts | undefined

  constructor(limitBytes: number, signature?: SignatureCheck) {
    this.#limitBytes = limitBytes
    this.#signature = signature
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Looks at the next bytes. Throws `TooManyBytes`. */
  look(chunk: Buffer): void {
    this.#sizeBytes += chunk.length
    if (this.#sizeBytes > this.#limitBytes) throw new TooManyBytes(this.#limitBytes)
    this.#md5.update(chunk)
    this.#sha512.update(chunk)
    this.#inspector.update(chunk)
    this.#signature?.update(chunk)
  }

  /** The same bytes, looked at on their way. */
  async *through(source: ByteSource): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      this.look(chunk)
      yield chunk
    }
  }

  /** The first bytes. */
  get head(): Buffer {
    return this.#inspector.head
  }

  /** Why the bytes are not, or must not be, what they were declared to be. */
  verdict(declared: Declared): FormatVerdict | undefined {
    return this.#sizeBytes === 0 ? undefined : formatVerdict(this.#inspector.inspect(), declared)
  }

  /** After the last byte: why the bytes are not those that the owner signed. */
  signatureRefusal(): Refusal | undefined {
    return this.#signature?.refusal()
  }

  /** After the last byte. */
  facts(declared: Declared): ImageFacts {
    this.#facts ??= this.#factsNow(declared)
    return this.#facts
  }

  /** What the bytes say of themselves, as properties: the machine in an OVA. */
  properties(): Readonly<Record<string, string>> {
    return this.#inspector.inspect().format.name === 'ova' ? ovfProperties(this.#inspector.head) : {}
  }

  #factsNow(declared: Declared): ImageFacts {
    return {
      sizeBytes: this.#sizeBytes,
      virtualSizeBytes: virtualSize(this.#inspector.inspect(), declared, this.#sizeBytes),
      checksum: this.#md5.digest('hex'),
      hashAlgorithm: HASH_ALGORITHM,
      hashValue: this.#sha512.digest('hex'),
      found: this.properties(),
      ...(this.#signature === undefined ? {} : { signed: this.#signature.fingerprint }),
    }
  }
}

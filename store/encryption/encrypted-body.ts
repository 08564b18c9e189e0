/** A body that is encrypted while it is read, and what is known of it then. */
import { createHash } from 'node:crypto'
import type { Random } from '#base/environment.ts'
import { bufferBody, type RequestBody } from '#http/message.ts'
import { applyKey, IV_BYTES, KEY_BYTES, type KeyStream, keyStream } from './cipher.ts'
import type { CryptoMeta } from './crypto-meta.ts'
import type { ObjectKeys } from './key-manager.ts'

/** Every body has a key of its own, kept beside it under the key of the object. */
export class EncryptedBody {
  readonly meta: CryptoMeta
  readonly #body: RequestBody
  readonly #stream: KeyStream
  readonly #md5 = createHash('md5')
  #sizeBytes = 0
  #etag: string | undefined

  constructor(random: Random, body: RequestBody, keys: ObjectKeys) {
    const key = random.bytes(KEY_BYTES)
    const iv = random.bytes(IV_BYTES)
    const wrapping = random.bytes(IV_BYTES)
    this.#body = body
    this.#stream = keyStream(key, iv)
    const wrapped = applyKey(keys.body ?? keys.object, wrapping, key)
    this.meta = { iv, keyId: keys.id, bodyKey: { key: wrapped, iv: wrapping } }
  }

  /** The encrypted bytes. One that is held is encrypted at once, a stream while it is read. */
  asRequestBody(): RequestBody {
    const { bytes, lengthBytes } = this.#body
    const held = bytes === undefined ? undefined : bufferBody(this.#apply(bytes))
    return {
      lengthBytes,
      ...(held?.bytes === undefined ? {} : { bytes: held.bytes }),
      sendContinue: (headers) => this.#body.sendContinue(headers),
      cancel: () => this.#body.cancel(),
      [Symbol.asyncIterator]: () => (held === undefined ? this.#encrypted() : held[Symbol.asyncIterator]()),
    }
  }

  /** MD5 of the plain bytes, in hex; `undefined` when there were none. To be asked when all were read. */
  plainEtag(): string | undefined {
    if (this.#sizeBytes === 0) return undefined
    this.#etag ??= this.#md5.digest('hex')
    return this.#etag
  }

  async *#encrypted(): AsyncGenerator<Buffer> {
    for await (const chunk of this.#body) yield this.#apply(chunk)
  }

  #apply(chunk: Buffer): Buffer {
    this.#sizeBytes += chunk.length
    this.#md5.update(chunk)
    return this.#stream.apply(chunk)
  }
}

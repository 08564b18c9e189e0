/** The MD5 of a body before it is encrypted. */
import { createHash } from 'node:crypto'

export class PlainDigest {
  readonly #md5 = createHash('md5')

  update(chunk: Buffer): void {
    this.#md5.update(chunk)
  }

  /** To be asked once, after the last chunk. */
  hex(): string {
    return this.#md5.digest('hex')
  }
}

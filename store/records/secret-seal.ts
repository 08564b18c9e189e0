/**
 * Secrets in records, sealed (`auth/sealed-text.ts`) under keys that are not in the cluster: whoever has the disks has no S3 key
 * and no other secret that the cluster must know in the clear. Passwords are not sealed but hashed (`auth/user-key.ts`).
 *
 * A text that says what the secret is for is authenticated with it, so that none is taken out of one record and put into
 * another.
 */
import type { KeyRing } from '#auth/key-ring.ts'
import { openBytes, sealBytes, sealingKeyId } from '#auth/sealed-text.ts'
import type { Random } from '#base/environment.ts'

export class SecretSeal {
  readonly #keys: KeyRing
  readonly #random: Random

  constructor(keys: KeyRing, random: Random) {
    this.#keys = keys
    this.#random = random
  }

  /** `purpose` says whose secret it is, and is asked for again when it is opened: `credentials/<id>`. */
  seal(secret: string, purpose: string): string {
    return sealBytes(this.#keys, this.#random, purpose, secret).toString('base64url')
  }

  /** `undefined`: it is for something else, was changed, or its key was taken away. Never throws. */
  open(sealed: string, purpose: string): string | undefined {
    return openBytes(this.#keys, purpose, Buffer.from(sealed, 'base64url'))
  }

  /** It is sealed under the key that seals now; otherwise whoever writes its record next seals it anew. */
  isCurrent(sealed: string): boolean {
    return sealingKeyId(Buffer.from(sealed, 'base64url')) === this.#keys.current().id
  }
}

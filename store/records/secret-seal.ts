/**
 * Secrets in records, sealed under keys that are not in the cluster: whoever has the disks has no S3 key and no other
 * secret that the cluster must know in the clear. Passwords are not sealed but hashed (`auth/user-key.ts`).
 *
 *     base64url( version 1 | key id 1 | nonce 12 | AES-256-GCM ciphertext | tag 16 )
 *
 * The first two bytes and a text that says what the secret is for are authenticated with it, so that none is taken out of one
 * record and put into another. Every seal has a nonce of its own.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { KeyRing } from '#auth/key-ring.ts'
import type { Random } from '#base/environment.ts'

const VERSION = 1
const HEAD_BYTES = 2
const NONCE_BYTES = 12
const TAG_BYTES = 16
const CIPHER = 'aes-256-gcm'

export class SecretSeal {
  readonly #keys: KeyRing
  readonly #random: Random

  constructor(keys: KeyRing, random: Random) {
    this.#keys = keys
    this.#random = random
  }

  /** `purpose` says whose secret it is, and is asked for again when it is opened: `access-keys/<key>`. */
  seal(secret: string, purpose: string): string {
    const key = this.#keys.current()
    const head = Buffer.from([VERSION, key.id])
    const nonce = this.#random.bytes(NONCE_BYTES)
    const cipher = createCipheriv(CIPHER, key.secret, nonce).setAAD(authenticated(head, purpose))
    const sealed = [head, nonce, cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()]
    return Buffer.concat(sealed).toString('base64url')
  }

  /** `undefined`: it is for something else, was changed, or its key was taken away. Never throws. */
  open(sealed: string, purpose: string): string | undefined {
    const bytes = Buffer.from(sealed, 'base64url')
    if (bytes.length < HEAD_BYTES + NONCE_BYTES + TAG_BYTES || bytes[0] !== VERSION) return undefined
    const key = this.#keys.find(bytes[1] as number)
    if (key === undefined) return undefined
    const nonceEnd = HEAD_BYTES + NONCE_BYTES
    const nonce = bytes.subarray(HEAD_BYTES, nonceEnd)
    const decipher = createDecipheriv(CIPHER, key.secret, nonce, { authTagLength: TAG_BYTES })
    decipher.setAAD(authenticated(bytes.subarray(0, HEAD_BYTES), purpose))
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
    try {
      const opened = [decipher.update(bytes.subarray(nonceEnd, -TAG_BYTES)), decipher.final()]
      return Buffer.concat(opened).toString('utf8')
    } catch {
      return undefined
    }
  }

  /** It is sealed under the key that seals now; otherwise whoever writes its record next seals it anew. */
  isCurrent(sealed: string): boolean {
    return Buffer.from(sealed, 'base64url')[1] === this.#keys.current().id
  }
}

function authenticated(head: Buffer, purpose: string): Buffer {
  return Buffer.concat([head, Buffer.from(purpose)])
}

/**
 * Text that only processes with the cluster's keys can make and read (AES-256-GCM): tokens, temporary credentials. It
 * travels as a prefix, which tells its kind, and base64url of version, key id, nonce, ciphertext and tag. Prefix, version
 * and key id are authenticated with it, so that one kind can never pass for another.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { Random } from '#base/environment.ts'
import type { KeyRing } from './key-ring.ts'

const VERSION = 1
const NONCE_BYTES = 12
const TAG_BYTES = 16
const HEAD_BYTES = 2
const CIPHER = 'aes-256-gcm'
/** Longer ones than a header line can carry are refused unread. */
export const SEALED_CHARACTERS_MAX = 8192

/** The sealed form of the text. */
export function sealText(keys: KeyRing, random: Random, prefix: string, plain: string): string {
  return prefix + sealBytes(keys, random, prefix, plain).toString('base64url')
}

/** The text that was sealed; `undefined` for what was not, or under a key that is gone. Never throws, whatever the text. */
export function openText(keys: KeyRing, prefix: string, text: string): string | undefined {
  if (!text.startsWith(prefix) || text.length > SEALED_CHARACTERS_MAX) return undefined
  return openBytes(keys, prefix, Buffer.from(text.slice(prefix.length), 'base64url'))
}

/** Version, key id, nonce, ciphertext and tag. `purpose` is authenticated with them, and must be the same when they are opened. */
export function sealBytes(keys: KeyRing, random: Random, purpose: string, plain: string): Buffer {
  const key = keys.current()
  const head = Buffer.from([VERSION, key.id])
  const nonce = random.bytes(NONCE_BYTES)
  const cipher = createCipheriv(CIPHER, key.secret, nonce).setAAD(authenticated(purpose, head))
  const sealed = [head, nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]
  return Buffer.concat(sealed)
}

/** As `openText`. */
export function openBytes(keys: KeyRing, purpose: string, sealed: Buffer): string | undefined {
  if (sealed.length < HEAD_BYTES + NONCE_BYTES + TAG_BYTES || sealed[0] !== VERSION) return undefined
  const key = keys.find(sealed[1] as number)
  if (key === undefined) return undefined
  const nonceEnd = HEAD_BYTES + NONCE_BYTES
  const decipher = createDecipheriv(CIPHER, key.secret, sealed.subarray(HEAD_BYTES, nonceEnd), {
    authTagLength: TAG_BYTES,
  })
  decipher.setAAD(authenticated(purpose, sealed.subarray(0, HEAD_BYTES)))
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
  try {
    const plain = decipher.update(sealed.subarray(nonceEnd, -TAG_BYTES), undefined, 'utf8')
    return plain + decipher.final('utf8')
  } catch {
    return undefined
  }
}

/** Id of the key under which it was sealed, whether that is known here or not. */
export function sealingKeyId(sealed: Buffer): number | undefined {
  return sealed[1]
}

function authenticated(purpose: string, head: Buffer): Buffer {
  return Buffer.concat([Buffer.from(purpose), head])
}

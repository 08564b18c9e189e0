/**
 * Header values that are encrypted: user metadata, ETags, the ETag that a listing shows. A value is the encrypted bytes in
 * base64 and, behind it, what it was encrypted with.
 */
import { createHmac, createSecretKey } from 'node:crypto'
import type { Random } from '#base/environment.ts'
import type { HeaderMap } from '#http/message.ts'
import { applyKey, IV_BYTES } from './cipher.ts'
import { appendCryptoMeta, type KeyId, splitCryptoMeta, writeKeyId } from './crypto-meta.ts'
import type { ObjectKeys } from './key-manager.ts'

export const USER_METADATA = 'x-object-meta-'
/** Encrypted user metadata: replaced as a whole by a POST, as user metadata is. */
export const ENCRYPTED_METADATA = 'x-object-transient-sysmeta-crypto-meta-'
/** Which keys the user metadata was encrypted with. */
export const METADATA_KEYS = 'x-object-transient-sysmeta-crypto-meta'

/** The value encrypted; `keyId` is written down where the value stands alone. */
export function encryptValue(random: Random, value: string, key: Buffer, keyId?: KeyId): string {
  const iv = random.bytes(IV_BYTES)
  const encrypted = applyKey(key, iv, Buffer.from(value, 'latin1')).toString('base64')
  return appendCryptoMeta(encrypted, { iv, keyId })
}

/** `undefined` when it is not encrypted in a form that can be read. */
export function decryptValue(encrypted: string, key: Buffer): string | undefined {
  const { value, meta } = splitCryptoMeta(encrypted)
  if (meta === undefined || meta === 'unreadable') return undefined
  return applyKey(key, meta.iv, Buffer.from(value, 'base64')).toString('latin1')
}

/** What storage servers compare conditions with: it says nothing of the ETag to who has not the key. */
export function etagMac(etag: string, { object }: Pick<ObjectKeys, 'object'>): string {
  return createHmac('sha256', createSecretKey(object)).update(etag, 'latin1').digest('base64')
}

/** The metadata with what users wrote encrypted, and nothing else changed. Empty values say nothing and stay. */
export function encryptMetadata(random: Random, metadata: HeaderMap, keys: ObjectKeys): HeaderMap {
  const encrypted: Record<string, string | undefined> = {}
  let isAnyEncrypted = false
  for (const [name, value] of Object.entries(metadata)) {
    if (value === undefined || value === '' || !name.startsWith(USER_METADATA)) {
      encrypted[name] = value
      continue
    }
    isAnyEncrypted = true
    encrypted[ENCRYPTED_METADATA + name.slice(USER_METADATA.length)] = encryptValue(
      random,
      value,
      keys.object,
    )
  }
  if (isAnyEncrypted) encrypted[METADATA_KEYS] = writeKeyId(keys.id)
  return encrypted
}

/** User metadata as it was written; `undefined` when some of it cannot be read. */
export function decryptMetadata(stored: HeaderMap, key: Buffer): HeaderMap | undefined {
  const metadata: Record<string, string> = {}
  for (const [name, value] of Object.entries(stored)) {
    if (value === undefined || value === '' || !name.startsWith(ENCRYPTED_METADATA)) continue
    const decrypted = decryptValue(value, key)
    if (decrypted === undefined) return undefined
    metadata[USER_METADATA + name.slice(ENCRYPTED_METADATA.length)] = decrypted
  }
  return metadata
}

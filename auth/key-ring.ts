/**
 * The keys under which tokens, and secrets in records, are sealed. Every process of a cluster holds the same ring, so that any of them opens
 * what another sealed. To rotate: add a key, wait until every process has it, make it the current one, and take the old
 * one away when its last token has expired.
 */
import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'

export interface SealingKey {
  /** Travels in the clear in front of each token; one byte, 0 to 255. */
  readonly id: number
  /** 32 bytes, for AES-256. */
  readonly secret: KeyObject
}

export interface KeyRing {
  /** Seals new tokens. */
  current(): SealingKey
  /** `undefined` once a key was taken away. */
  find(id: number): SealingKey | undefined
}

const KEY_BYTES = 32
const KEY_ID_MAX = 255
/** What a key is derived for: the same secret never gives the same key for two purposes. */
export type KeyPurpose = 'martlet token seal v1' | 'martlet record seal v1'

export interface KeySecret {
  readonly id: number
  /** Any text or bytes with at least 128 bits of chance in it; the key is derived from it (HKDF-SHA-256). */
  readonly secret: string | Buffer
}

/** A ring of derived keys; the first one seals. Throws `RangeError` for an empty ring, a bad id or an id given twice. */
export function keyRingOf(
  secrets: readonly KeySecret[],
  purpose: KeyPurpose = 'martlet token seal v1',
): KeyRing {
  const keys = new Map<number, SealingKey>()
  for (const { id, secret } of secrets) {
    if (!Number.isInteger(id) || id < 0 || id > KEY_ID_MAX)
      throw new RangeError(`key id ${id} is not 0 to 255`)
    if (keys.has(id)) throw new RangeError(`key id ${id} is given twice`)
    const derived = Buffer.from(hkdfSync('sha256', secret, '', purpose, KEY_BYTES))
    keys.set(id, { id, secret: createSecretKey(derived) })
  }
  const [current] = keys.values()
  if (current === undefined) throw new RangeError('no key is given')
  return { current: () => current, find: (id) => keys.get(id) }
}

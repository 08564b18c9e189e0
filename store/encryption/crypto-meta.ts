/**
 * How OpenStack Swift writes down what a value was encrypted with (`common/middleware/crypto/crypto_utils.py`): a JSON
 * object with sorted keys, bytes in base64, the whole percent-encoded; behind an encrypted value as `; swift_meta=…`.
 * Written byte for byte as Swift's proxy does it; whatever is read and is not that is `undefined`.
 */
import { IV_BYTES, KEY_BYTES } from './cipher.ts'

export const CIPHER_NAME = 'AES_CTR_256'
const SEPARATOR = '; swift_meta='

/** Which keys were used: opaque to whoever stores it (`KeyManager`). */
export type KeyId = Readonly<Record<string, string>>

export interface WrappedKey {
  readonly key: Buffer
  readonly iv: Buffer
}

export interface CryptoMeta {
  readonly iv: Buffer
  readonly keyId?: KeyId | undefined
  /** Of a body: its own key, encrypted under that of the object. */
  readonly bodyKey?: WrappedKey | undefined
}

/** The form that stands alone in a header. */
export function writeCryptoMeta({ iv, keyId, bodyKey }: CryptoMeta): string {
  return written({
    ...(bodyKey === undefined
      ? {}
      : { body_key: { iv: bodyKey.iv.toString('base64'), key: bodyKey.key.toString('base64') } }),
    cipher: CIPHER_NAME,
    iv: iv.toString('base64'),
    ...(keyId === undefined ? {} : { key_id: keyId }),
  })
}

/** What stands with user metadata: which keys, and no more. */
export function writeKeyId(keyId: KeyId): string {
  return written({ cipher: CIPHER_NAME, key_id: keyId })
}

/** `undefined` when it is not of this form, or of another cipher. */
export function readCryptoMeta(header: string): CryptoMeta | undefined {
  const meta = parsed(header)
  const iv = bytesIn(meta, 'iv', IV_BYTES)
  if (meta === undefined || iv === undefined || meta['cipher'] !== CIPHER_NAME) return undefined
  const keyId = keyIdIn(meta)
  if (meta['key_id'] !== undefined && keyId === undefined) return undefined
  if (meta['body_key'] === undefined) return { iv, keyId }
  const wrapped = asObject(meta['body_key'])
  const bodyKey = { iv: bytesIn(wrapped, 'iv', IV_BYTES), key: bytesIn(wrapped, 'key', KEY_BYTES) }
  if (bodyKey.iv === undefined || bodyKey.key === undefined) return undefined
  return { iv, keyId, bodyKey: { iv: bodyKey.iv, key: bodyKey.key } }
}

/** The key id that stands with user metadata; `undefined` when there is none to read. */
export function readKeyId(header: string): KeyId | undefined {
  const meta = parsed(header)
  return meta === undefined ? undefined : keyIdIn(meta)
}

export function appendCryptoMeta(value: string, meta: CryptoMeta): string {
  return value + SEPARATOR + writeCryptoMeta(meta)
}

export interface SplitValue {
  readonly value: string
  /** `unreadable`: there is one, and it cannot be read. */
  readonly meta: CryptoMeta | 'unreadable' | undefined
}

/** The value, and what was appended to it. */
export function splitCryptoMeta(text: string): SplitValue {
  const match = /^([^;]*);\s*swift_meta=([^;]*)$/.exec(text)
  if (match === null) return { value: text, meta: undefined }
  return { value: match[1] ?? '', meta: readCryptoMeta(match[2] ?? '') ?? 'unreadable' }
}

type Members = Readonly<Record<string, unknown>>

function keyIdIn(meta: Members): KeyId | undefined {
  const keyId = asObject(meta['key_id'])
  if (keyId === undefined) return undefined
  return Object.values(keyId).every((value) => typeof value === 'string') ? (keyId as KeyId) : undefined
}

function bytesIn(members: Members | undefined, name: string, length: number): Buffer | undefined {
  const value = members?.[name]
  const bytes = typeof value === 'string' ? Buffer.from(value, 'base64') : undefined
  return bytes?.length === length ? bytes : undefined
}

function asObject(value: unknown): Members | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : undefined
}

function parsed(header: string): Members | undefined {
  try {
    return asObject(JSON.parse(decodeURIComponent(header.replaceAll('+', ' '))))
  } catch {
    return undefined
  }
}

/** As Python's `quote_plus(json.dumps(…, sort_keys=True))`. */
function written(members: Members): string {
  return encodeURIComponent(pythonJson(members))
    .replaceAll('%20', '+')
    .replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** JSON with a blank after each `:` and `,`, keys sorted, ASCII only. */
function pythonJson(value: unknown): string {
  const members = asObject(value)
  if (members === undefined) return asciiJson(String(value))
  const items = Object.keys(members)
    .toSorted()
    .map((key) => `${asciiJson(key)}: ${pythonJson(members[key])}`)
  return `{${items.join(', ')}}`
}

function asciiJson(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

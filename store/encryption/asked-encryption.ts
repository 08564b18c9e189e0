/**
 * Encryption that somebody has asked for where the cluster does not encrypt everything (S3's SSE-S3 and SSE-KMS). It stands
 * beside the object, so that a copy of what is stored, made by whatever layer, is encrypted, too.
 */
import type { HeaderMap } from '#http/message.ts'

/** `AES256`, or `aws:kms` and the name of the key, percent-encoded, after a blank. */
export const ENCRYPTED_AT = 'x-object-sysmeta-s3-sse'

export interface AskedEncryption {
  readonly algorithm: string
  /** Of a key that is kept under a name. */
  readonly keyName: string | undefined
}

export function writeAskedEncryption({
  algorithm,
  keyName,
}: AskedEncryption): Readonly<Record<string, string>> {
  const key = keyName === undefined ? '' : ` ${encodeURIComponent(keyName)}`
  return { [ENCRYPTED_AT]: algorithm + key }
}

/** `undefined` where nobody asked. */
export function askedEncryptionIn(metadata: HeaderMap): AskedEncryption | undefined {
  const written = metadata[ENCRYPTED_AT]
  if (written === undefined || written === '') return undefined
  const [algorithm = '', key] = written.split(' ')
  return { algorithm, keyName: key === undefined ? undefined : decodeURIComponent(key) }
}

export function keyNameIn(metadata: HeaderMap): string | undefined {
  return askedEncryptionIn(metadata)?.keyName
}

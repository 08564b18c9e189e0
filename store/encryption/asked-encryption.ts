/**
 * Encryption that somebody has asked for where the cluster does not encrypt everything (S3's SSE-S3 and SSE-KMS). It stands
 * beside the object, so that a copy of what is stored, made by whatever layer, is encrypted, too.
 */
import type { HeaderMap } from '#http/message.ts'

/** `AES256`, or `aws:kms`, the name of the key, percent-encoded, and `bucket-key` if it is one; blanks between. */
export const ENCRYPTED_AT = 'x-object-sysmeta-s3-sse'

const BUCKET_KEY = 'bucket-key'

export interface AskedEncryption {
  readonly algorithm: string
  /** Of a key that is kept under a name. */
  readonly keyName: string | undefined
  /** The object has its key from one of its bucket (S3 Bucket Keys); only told here. */
  readonly bucketKey?: true | undefined
}

export function writeAskedEncryption({
  algorithm,
  keyName,
  bucketKey,
}: AskedEncryption): Readonly<Record<string, string>> {
  const key = keyName === undefined ? '' : ` ${encodeURIComponent(keyName)}`
  return { [ENCRYPTED_AT]: algorithm + key + (bucketKey === undefined ? '' : ` ${BUCKET_KEY}`) }
}

/** `undefined` where nobody asked. */
export function askedEncryptionIn(metadata: HeaderMap): AskedEncryption | undefined {
  const written = metadata[ENCRYPTED_AT]
  if (written === undefined || written === '') return undefined
  const [algorithm = '', key, mark] = written.split(' ')
  const keyName = key === undefined ? undefined : decodeURIComponent(key)
  return { algorithm, keyName, ...(mark === BUCKET_KEY ? { bucketKey: true } : {}) }
}

export function keyNameIn(metadata: HeaderMap): string | undefined {
  return askedEncryptionIn(metadata)?.keyName
}

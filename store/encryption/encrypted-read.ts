/**
 * GET and HEAD under encryption: what OpenStack Swift's decrypter does (`common/middleware/crypto/decrypter.py`). An object
 * that is not encrypted comes out as it is. One whose keys are not known here is a failure, and its bytes are given to
 * nobody.
 */
import type { BodyStream, HeaderMap, ResponseBody } from '#http/message.ts'
import type { ObjectOperations, ObjectRead, ObjectReadOptions, ObjectReadOutcome } from '../contract.ts'
import type { ObjectName, OperationContext } from '../operation.ts'
import { applyKey } from './cipher.ts'
import { type CryptoMeta, readCryptoMeta, readKeyId, splitCryptoMeta } from './crypto-meta.ts'
import { decryptedBody } from './decrypted-body.ts'
import { maskedRead } from './encrypted-conditions.ts'
import { decryptMetadata, decryptValue, METADATA_KEYS } from './encrypted-values.ts'
import { BODY_META, ENCRYPTED_ETAG, LISTED_ETAG } from './encrypted-write.ts'
import type { KeyManager, ObjectKeys } from './key-manager.ts'

/** What clients and the layers above are not shown. */
const CRYPTO_PREFIXES: readonly string[] = ['x-object-sysmeta-crypto-', 'x-object-transient-sysmeta-crypto-']

const UNREADABLE = {
  kind: 'unreadable',
  reason: 'the object is encrypted in a way that is not known here',
} as const

export interface ReadDeps {
  readonly keys: KeyManager
  readonly inner: Pick<ObjectOperations, 'read'>
}

export async function readEncrypted(
  { keys, inner }: ReadDeps,
  context: OperationContext,
  name: ObjectName,
  options: ObjectReadOptions,
): Promise<ObjectReadOutcome> {
  const outcome = await inner.read(
    context,
    name,
    maskedRead(options, () => keys.all(name)),
  )
  if (!('headers' in outcome) || !isTouched(outcome.headers)) return outcome
  const plain = decryptHeaders(outcome.headers, name, keys)
  if (plain === undefined) {
    if (outcome.kind === 'found') await cancel(outcome.body)
    context.log.error({ path: `/${name.account}/${name.container}/${name.object}` }, UNREADABLE.reason)
    return UNREADABLE
  }
  const { headers, bodyKey } = plain
  if (outcome.kind !== 'found') return { ...outcome, headers }
  const body = bodyKey === undefined ? outcome.body : decryptedBody(outcome as ObjectRead, bodyKey)
  return { ...outcome, headers, body }
}

/** Anything of encryption in the stored headers. An ETag for listings is there without any, too. */
function isTouched(headers: HeaderMap): boolean {
  for (const name in headers) {
    if (isCrypto(name)) return true
    if (name === LISTED_ETAG && splitCryptoMeta(headers[name] ?? '').meta !== undefined) return true
  }
  return false
}

function isCrypto(name: string): boolean {
  return CRYPTO_PREFIXES.some((prefix) => name.startsWith(prefix))
}

export interface BodyKey {
  readonly key: Buffer
  readonly iv: Buffer
}

interface PlainHeaders {
  readonly headers: HeaderMap
  /** `undefined`: the body is not encrypted. */
  readonly bodyKey: BodyKey | undefined
}

/** `undefined` when something in them cannot be read. */
function decryptHeaders(stored: HeaderMap, name: ObjectName, manager: KeyManager): PlainHeaders | undefined {
  const meta = stored[BODY_META] === undefined ? undefined : readCryptoMeta(stored[BODY_META])
  if (meta === undefined && stored[BODY_META] !== undefined) return undefined
  const putKeys = manager.byId(name, meta?.keyId)
  const postKeys = manager.byId(name, keyIdOfMetadata(stored))
  if (putKeys === undefined || postKeys === undefined) return undefined
  const metadata = decryptMetadata(stored, postKeys.object)
  const etags = decryptEtags(stored, putKeys)
  if (metadata === undefined || etags === undefined) return undefined
  const bodyKey = meta === undefined ? undefined : unwrapped(meta, putKeys)
  if (meta !== undefined && bodyKey === undefined) return undefined
  const others = Object.entries(stored).filter(([header]) => !isCrypto(header))
  return { headers: { ...Object.fromEntries(others), ...metadata, ...etags }, bodyKey }
}

function keyIdOfMetadata(stored: HeaderMap): ReturnType<typeof readKeyId> {
  const written = stored[METADATA_KEYS]
  return written === undefined ? undefined : readKeyId(written)
}

function decryptEtags(stored: HeaderMap, keys: ObjectKeys): HeaderMap | undefined {
  const etags: Record<string, string> = {}
  const { [ENCRYPTED_ETAG]: encrypted, [LISTED_ETAG]: listed } = stored
  if (encrypted !== undefined) {
    const etag = decryptValue(encrypted, keys.object)
    if (etag === undefined) return undefined
    etags['etag'] = `"${etag}"`
  }
  // One that is not encrypted was written before there was encryption, or is of an empty object.
  if (listed !== undefined) etags[LISTED_ETAG] = decryptValue(listed, keys.container) ?? listed
  return etags
}

function unwrapped({ iv, bodyKey }: CryptoMeta, keys: ObjectKeys): BodyKey | undefined {
  return bodyKey && { iv, key: applyKey(keys.body ?? keys.object, bodyKey.iv, bodyKey.key) }
}

async function cancel(body: ResponseBody): Promise<void> {
  if (body !== undefined && !Buffer.isBuffer(body)) await (body as BodyStream).cancel()
}

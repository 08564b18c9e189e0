/**
 * PUT and POST under encryption, stored as OpenStack Swift's encrypter stores it (`common/middleware/crypto/encrypter.py`):
 * body, user metadata and ETags are encrypted; names, sizes, types and times are not. What depends on the whole body
 * travels behind it, so that a body of any length is read once and never held.
 */
import type { Random } from '#base/environment.ts'
import type { HeaderMap } from '#http/message.ts'
import type { ObjectOperations, ObjectPost, ObjectPut, ObjectPutReceipt } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import type { ObjectName, OperationContext } from '../operation.ts'
import { keyNameIn } from './asked-encryption.ts'
import { writeCryptoMeta } from './crypto-meta.ts'
import { EncryptedBody } from './encrypted-body.ts'
import { maskedCondition } from './encrypted-conditions.ts'
import { encryptMetadata, encryptValue, etagMac } from './encrypted-values.ts'
import type { KeyManager, ObjectKeys } from './key-manager.ts'

/** The ETag that listings show in place of that of the stored bytes. */
export const LISTED_ETAG = 'x-object-sysmeta-container-update-override-etag'
export const ENCRYPTED_ETAG = 'x-object-sysmeta-crypto-etag'
export const BODY_META = 'x-object-sysmeta-crypto-body-meta'
export const ETAG_MAC = 'x-object-sysmeta-crypto-etag-mac'

/** MD5 of nothing. */
const EMPTY_ETAG = 'd41d8cd98f00b204e9800998ecf8427e'

export interface WriteDeps {
  readonly random: Random
  readonly keys: KeyManager
  readonly inner: Pick<ObjectOperations, 'put' | 'post'>
}

export async function putEncrypted(
  { random, keys: manager, inner }: WriteDeps,
  context: OperationContext,
  name: ObjectName,
  put: ObjectPut,
): Promise<ObjectPutReceipt | StoreFailure> {
  const keys = manager.current(name, keyNameIn(put.metadata))
  const body = new EncryptedBody(random, put.body, keys)
  const { [LISTED_ETAG]: listedEtag, ...metadata } = put.metadata
  const stored = await inner.put(context, name, {
    ...put,
    body: body.asRequestBody(),
    // Of the plain bytes; it is compared below.
    expectedEtag: undefined,
    metadata: encryptMetadata(random, metadata, keys),
    condition: put.condition && maskedCondition(put.condition, manager.all(name)),
    atEnd: () => {
      const etag = body.plainEtag()
      if (put.expectedEtag !== undefined && put.expectedEtag !== (etag ?? EMPTY_ETAG)) return 'etag_mismatch'
      const more = put.atEnd?.({ etag: etag ?? EMPTY_ETAG }) ?? {}
      if (more === 'etag_mismatch') return more
      const { [LISTED_ETAG]: laterListedEtag, ...others } = more
      const listed = laterListedEtag ?? listedEtag ?? etag
      return { ...others, ...ofBody(random, body, keys), ...ofListing(random, { listed, etag }, keys) }
    },
  })
  const etag = body.plainEtag() ?? EMPTY_ETAG
  if (stored.kind === 'etag_mismatch') return { ...stored, md5: etag }
  return stored.kind === 'created' ? { ...stored, etag } : stored
}

export async function postEncrypted(
  { random, keys, inner }: WriteDeps,
  context: OperationContext,
  name: ObjectName,
  post: ObjectPost,
): ReturnType<ObjectOperations['post']> {
  const metadata = encryptMetadata(random, post.metadata, keys.current(name))
  return await inner.post(context, name, { ...post, metadata })
}

/** Nothing is said of a body that has no bytes: it is not encrypted. */
function ofBody(random: Random, body: EncryptedBody, keys: ObjectKeys): HeaderMap {
  const etag = body.plainEtag()
  if (etag === undefined) return {}
  return {
    [ENCRYPTED_ETAG]: encryptValue(random, etag, keys.object),
    [BODY_META]: writeCryptoMeta(body.meta),
    [ETAG_MAC]: etagMac(etag, keys),
  }
}

/** The ETag in listings, under the key of the container. That of nothing, where nothing is, is no secret. */
function ofListing(
  random: Random,
  { listed, etag }: { readonly listed: string | undefined; readonly etag: string | undefined },
  keys: ObjectKeys,
): HeaderMap {
  if (listed === undefined) return {}
  const isSecret = listed !== '' && (listed !== EMPTY_ETAG || etag !== undefined)
  return { [LISTED_ETAG]: isSecret ? encryptValue(random, listed, keys.container, keys.id) : listed }
}

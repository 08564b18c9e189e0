/**
 * Listings under encryption: the ETag of a row is encrypted under the key of its container, and is shown in the clear to
 * whoever may list it. A page without such a row is handed on untouched.
 */
import type { ListedObject, ListingPage } from '../listing.ts'
import type { ContainerName, OperationContext } from '../operation.ts'
import { applyKey } from './cipher.ts'
import { splitCryptoMeta } from './crypto-meta.ts'
import type { KeyManager } from './key-manager.ts'

/** Stands for the ETag of an object whose keys are not known here, as in OpenStack Swift. */
const UNKNOWN_ETAG = '<unknown>'
const MARK = Buffer.from('swift_meta=')

interface Row {
  readonly hash?: unknown
}

export function decryptedPage(
  page: ListingPage<ListedObject>,
  context: OperationContext,
  name: ContainerName,
  keys: KeyManager,
): ListingPage<ListedObject> {
  if (!page.json.includes(MARK)) return page
  let unknown = 0
  const plain = (etag: string): string => {
    const decrypted = decryptEtag(etag, name, keys)
    if (decrypted === undefined) unknown += 1
    return decrypted ?? UNKNOWN_ETAG
  }
  const rows = JSON.parse(page.json.toString('utf8')) as readonly Row[]
  const json = Buffer.from(
    JSON.stringify(
      rows.map((row) => (typeof row.hash === 'string' ? { ...row, hash: plain(row.hash) } : row)),
    ),
  )
  if (unknown > 0) {
    context.log.error(
      { container: `/${name.account}/${name.container}`, rows: unknown },
      'rows cannot be decrypted',
    )
  }
  return {
    ...page,
    json,
    entries: () =>
      page
        .entries()
        .map((entry) =>
          entry.kind === 'object'
            ? { ...entry, etag: decryptEtag(entry.etag, name, keys) ?? UNKNOWN_ETAG }
            : entry,
        ),
  }
}

/** One that is not encrypted is what it is; `undefined` when it cannot be read. */
function decryptEtag(etag: string, name: ContainerName, keys: KeyManager): string | undefined {
  const { value, meta } = splitCryptoMeta(etag)
  if (meta === undefined) return etag
  if (meta === 'unreadable') return undefined
  const key = keys.containerKey(name, meta.keyId)
  return key && applyKey(key, meta.iv, Buffer.from(value, 'base64')).toString('utf8')
}

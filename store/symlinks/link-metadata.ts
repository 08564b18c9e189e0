/**
 * How a symbolic link is stored: as OpenStack Swift stores it (`common/middleware/symlink.py`), so that either reads what
 * the other wrote. The object is empty; system metadata say where it leads, and its row in the listing repeats it in
 * parameters of the ETag, because nothing else of a row can carry it.
 */
import { decodePercent, quotedPath } from '#base/names.ts'
import type { HeaderMap } from '#http/message.ts'
import type { LinkTarget, StoredLink } from '../contract.ts'
import type { ObjectName } from '../operation.ts'

/** `container/object`, percent-encoded. */
export const LINK_TARGET = 'x-object-sysmeta-symlink-target'
const LINK_ACCOUNT = 'x-object-sysmeta-symlink-target-account'
const LINK_ETAG = 'x-object-sysmeta-symlink-target-etag'
const LINK_BYTES = 'x-object-sysmeta-symlink-target-bytes'
/** The link does not count as one of a chain: nobody but the cluster made it. */
const EXTENDS_CHAIN = 'x-object-sysmeta-symloop-extend'
/** The link may lead into the cluster's own namespace, and was allowed to when it was made. */
const MAY_BE_RESERVED = 'x-object-sysmeta-allow-reserved-names'
/** What stands in the listing instead of the ETag. */
export const ROW_ETAG = 'x-object-sysmeta-container-update-override-etag'

export const EMPTY_MD5 = 'd41d8cd98f00b204e9800998ecf8427e'

/** A link as its system metadata tell it. */
export interface LinkFacts extends StoredLink {
  /** Made by the cluster itself: it leads where clients may not, and does not count in a chain. */
  readonly madeBy: 'client' | 'cluster'
}

/** The link that these headers of a stored object describe; `undefined` when it is none. */
export function linkIn(headers: HeaderMap): LinkFacts | undefined {
  const written = headers[LINK_TARGET]
  if (written === undefined || written === '') return undefined
  const path = decodePercent(written.replace(/^\/+/, ''))
  const slash = path?.indexOf('/') ?? -1
  if (path === undefined || slash < 1) return undefined
  const account = headers[LINK_ACCOUNT]
  const bytes = headers[LINK_BYTES]
  return {
    account: account === undefined || account === '' ? undefined : decodePercent(account),
    container: path.slice(0, slash),
    object: path.slice(slash + 1),
    etag: headers[LINK_ETAG],
    sizeBytes: bytes === undefined ? undefined : Number(bytes),
    madeBy: isSet(headers[MAY_BE_RESERVED]) && isSet(headers[EXTENDS_CHAIN]) ? 'cluster' : 'client',
  }
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value.toLowerCase() === 'true'
}

/** The object that a link of this name leads to. */
export function targetOf(name: ObjectName, { account, container, object }: LinkTarget): ObjectName {
  return { account: account ?? name.account, container, object }
}

/** A link that is to be stored. */
export interface LinkToStore extends StoredLink {
  readonly madeBy: 'client' | 'cluster'
  /** Parameters of the row's ETag that the target's row has, too (`; slo_etag=…`), each with its semicolon before it. */
  readonly rowParameters?: string | undefined
  /** What the row's ETag begins with; of nothing if not given. */
  readonly rowEtag?: string | undefined
}

/** The system metadata of the link. */
export function linkMetadata(link: LinkToStore): HeaderMap {
  const target = quotedPath(`${link.container}/${link.object}`)
  const account = link.account === undefined ? undefined : quotedPath(link.account)
  const bytes = link.sizeBytes === undefined ? undefined : String(link.sizeBytes)
  const stored = {
    [LINK_TARGET]: target,
    ...(account === undefined ? {} : { [LINK_ACCOUNT]: account }),
    ...(link.etag === undefined ? {} : { [LINK_ETAG]: link.etag, [LINK_BYTES]: bytes ?? '0' }),
    ...(link.madeBy === 'cluster' ? { [EXTENDS_CHAIN]: 'true', [MAY_BE_RESERVED]: 'true' } : {}),
  }
  return { ...stored, [ROW_ETAG]: rowEtagOf(link, stored) }
}

function rowEtagOf(link: LinkToStore, stored: HeaderMap): string {
  const parameters = [
    ['symlink_target', stored[LINK_TARGET]],
    ['symlink_target_account', stored[LINK_ACCOUNT]],
    ['symlink_target_etag', stored[LINK_ETAG]],
    ['symlink_target_bytes', stored[LINK_BYTES]],
  ]
  const written = parameters
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `; ${key}=${value}`)
  return `${link.rowEtag ?? EMPTY_MD5}${link.rowParameters ?? ''}${written.join('')}`
}

/** What the row of a link repeats of its target's row: the parameters of its ETag that are not about links. */
export function rowParametersIn(headers: HeaderMap): string {
  const [, ...parameters] = (headers[ROW_ETAG] ?? '').split(';')
  const kept = parameters
    .map((one) => one.trim())
    .filter((one) => one !== '' && !one.startsWith('symlink_target'))
  if (kept.length > 0) return kept.map((one) => `; ${one}`).join('')
  const largeObjectEtag = headers['x-object-sysmeta-slo-etag']
  return largeObjectEtag === undefined ? '' : `; slo_etag=${largeObjectEtag}`
}

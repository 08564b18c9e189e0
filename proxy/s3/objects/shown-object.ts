/** What an S3 client is shown of what is stored with an object. */
import type { HeaderMap } from '#http/message.ts'
import type { ObjectPutReceipt, ReadTrail } from '#store/contract.ts'
import { NULL_VERSION } from '#store/versions/version-names.ts'
import {
  COMMON_HEADERS,
  DEFAULT_CONTENT_TYPE,
  ETAG_SYSMETA,
  REDIRECT_SYSMETA,
  STORAGE_CLASS_SYSMETA,
} from './object-facts.ts'
import { encodedWord, shownUserMetadata } from './user-metadata.ts'

/** By the stored name. */
const SHOWN: ReadonlyMap<string, string> = new Map<string, string>([
  ...COMMON_HEADERS.map((name) => [name, name] as const),
  ['content-length', 'content-length'],
  ['content-range', 'content-range'],
  ['last-modified', 'last-modified'],
  [STORAGE_CLASS_SYSMETA, 'x-amz-storage-class'],
  [REDIRECT_SYSMETA, 'x-amz-website-redirect-location'],
])

/** Headers of the answer to a read. */
export function shownObject(stored: HeaderMap, trail?: ReadTrail): Record<string, string> {
  const shown: Record<string, string> = {
    'accept-ranges': 'bytes',
    etag: shownEtag(stored),
    'content-type': shownType(stored['content-type']),
    ...versionHeaders(trail),
  }
  for (const name in stored) {
    const value = stored[name]
    if (value === undefined) continue
    const known = SHOWN.get(name)
    if (known !== undefined) {
      shown[known] = value
      continue
    }
    const meta = shownUserMetadata(name)
    if (meta !== undefined) shown[meta] = encodedWord(value)
  }
  return shown
}

/** RFC 9110, section 15.4.5: what 304 tells of the answer that it stands for. */
const WITH_304 = ['etag', 'last-modified', 'cache-control', 'expires', 'x-amz-version-id'] as const

/** Headers of an answer that what the client has is still what there is. */
export function shownUnmodified(stored: HeaderMap, trail?: ReadTrail): Record<string, string> {
  const shown = shownObject(stored, trail)
  const kept: Record<string, string> = {}
  for (const name of WITH_304) if (shown[name] !== undefined) kept[name] = shown[name]
  return kept
}

/** With quotes; of an object made of parts, that of its parts. */
export function shownEtag(stored: HeaderMap): string {
  const own = stored[ETAG_SYSMETA] ?? stored['etag'] ?? ''
  return `"${own.replaceAll('"', '')}"`
}

/** Storage servers keep the size of a large object's parts in a parameter of its type. */
const SWIFT_BYTES = /;\s*swift_bytes=\d+$/

function shownType(stored: string | undefined): string {
  if (stored === undefined || stored === '') return DEFAULT_CONTENT_TYPE
  return stored.includes(';') ? stored.replace(SWIFT_BYTES, '') : stored
}

const UNVERSIONED: Readonly<Record<string, string>> = {}

/** The version that an upload has made. AWS says nothing of one that is the null version. */
export function madeVersion({
  versionId,
}: Pick<ObjectPutReceipt, 'versionId'>): Readonly<Record<string, string>> {
  return versionId === NULL_VERSION ? UNVERSIONED : versionHeaders({ versionId })
}

/** Of a container that keeps versions: which one the answer is about. */
export function versionHeaders(trail: ReadTrail | undefined): Readonly<Record<string, string>> {
  if (trail?.versionId === undefined) return UNVERSIONED
  const marker = trail.isDeleteMarker === true ? { 'x-amz-delete-marker': 'true' } : UNVERSIONED
  return { 'x-amz-version-id': trail.versionId, ...marker }
}

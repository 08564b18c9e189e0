/**
 * What of an object's metadata a copy of it has (OpenStack Swift, `common/middleware/copy.py`: `handle_PUT`): the source's,
 * with the request's in their place where both have one; or, when fresh metadata are wanted, the request's alone, with the
 * system metadata of the source. Pure.
 */
import { OBJECT_ACL_CHANGED, OBJECT_ACL_SYSMETA } from '#auth/s3/acl/stored-acl.ts'
import { CLIENT_STORED_HEADERS } from '#base/stored-headers.ts'
import type { HeaderMap } from '#http/message.ts'
import { OUTCOME_FACT, REPLICATION_PREFIX } from '../bucket-replication/replication-facts.ts'
import { LOCK_PREFIX } from '../object-lock/lock-facts.ts'
import { withoutNullMark } from '../versions/null-version.ts'

const SYSTEM_PREFIX = 'x-object-sysmeta-'
const PREFIXES: readonly string[] = ['x-object-meta-', SYSTEM_PREFIX, 'x-object-transient-sysmeta-']

/** Stored headers that a copy has too. What makes an object a manifest is not among them. */
const COPIED_HEADERS: ReadonlySet<string> = new Set(
  CLIENT_STORED_HEADERS.filter((name) => name !== 'x-object-manifest'),
)

/** True of the source itself and of no copy: what its manifest makes, where it leads. Whoever writes the copy adds its own. */
const OF_SOURCE_ALONE: readonly string[] = [
  'x-object-sysmeta-slo-',
  // What a multipart upload made is made of parts; a copy of it is not.
  'x-object-sysmeta-s3api-etag',
  'x-object-sysmeta-s3api-upload-id',
  'x-object-sysmeta-martlet-null-version',
  // How the source is encrypted.
  'x-object-sysmeta-s3-sse',
  'x-object-sysmeta-symlink-target',
  'x-object-sysmeta-symloop-extend',
  'x-object-sysmeta-allow-reserved-names',
  LOCK_PREFIX,
  REPLICATION_PREFIX,
  OUTCOME_FACT,
  OBJECT_ACL_SYSMETA,
  OBJECT_ACL_CHANGED,
]
/** What the listing is told of the stored bytes; true of a copy only when these are the same. */
const LISTED_INSTEAD = 'x-object-sysmeta-container-update-override-'

export interface CopiedMetadata {
  readonly source: HeaderMap
  /** Of the request. */
  readonly given: HeaderMap
  readonly metadata: 'of_source_and_request' | 'fresh'
  /** Whether the copy is stored as the very bytes of the source. */
  readonly bytes: 'same' | 'other'
}

export function copiedMetadata({ source, given, metadata, bytes }: CopiedMetadata): Record<string, string> {
  const copied: Record<string, string> = {}
  for (const [name, value] of Object.entries(source)) {
    if (value === undefined || !isCopied(name, bytes)) continue
    if (metadata === 'fresh' && !name.startsWith(SYSTEM_PREFIX)) continue
    copied[name] = name.startsWith(LISTED_INSTEAD) ? withoutNullMark(value).etag : value
  }
  for (const [name, value] of Object.entries(given)) if (value !== undefined) copied[name] = value
  return copied
}

function isCopied(name: string, bytes: CopiedMetadata['bytes']): boolean {
  if (COPIED_HEADERS.has(name)) return true
  if (!PREFIXES.some((prefix) => name.startsWith(prefix))) return false
  if (OF_SOURCE_ALONE.some((prefix) => name.startsWith(prefix))) return false
  return bytes === 'same' || !name.startsWith(LISTED_INSTEAD)
}

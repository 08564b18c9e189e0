/**
 * Facts about an object that can change while its data stay: tags, access lists (`x-object-transient-sysmeta-s3-…`). Storage
 * servers keep a time for each, so of changes of different facts, and of user metadata, at the same moment none is lost, and
 * none of them touches what the others say. OpenStack Swift's servers replace all that a POST can change at once; for them
 * whoever changes one carries the others along: `changeFacts` here, and for POSTs of Swift's clients, who know nothing of
 * facts, `facts-layer.ts`.
 */
import { FACT_PREFIX } from '#base/extensions.ts'
import { CLIENT_STORED_HEADERS } from '#base/stored-headers.ts'
import type { HeaderMap } from '#http/message.ts'
import type { ObjectPostReceipt, ObjectRead, ObjectReadOutcome, Store, VersionName } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import type { ObjectName, OperationContext } from '../operation.ts'

const META_PREFIX = 'x-object-meta-'
const CARRIED: ReadonlySet<string> = new Set(CLIENT_STORED_HEADERS)

/** The facts among the headers of a read. */
export function factsIn(headers: HeaderMap): HeaderMap {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith(FACT_PREFIX)))
}

export type FactsChanged =
  | { readonly kind: 'changed'; readonly versionId: string | undefined }
  | Exclude<ObjectReadOutcome, ObjectRead>
  | Exclude<StoreFailure, { readonly kind: 'no_such_object' }>

/**
 * Changes facts of an object, or of one version; an empty value takes one away. Its data, its ETag, its time, its user
 * metadata and its other facts stay.
 */
export async function changeFacts(
  { objects }: Pick<Store, 'objects'>,
  context: OperationContext,
  { versionId, ...name }: VersionName,
  changes: HeaderMap,
): Promise<FactsChanged> {
  const read = await objects.read(context, name, {
    method: 'HEAD',
    conditions: {},
    newest: true,
    versionId,
    nullVersion: 'kept_too',
    manifest: 'as_stored',
    keyless: 'allowed',
  })
  if (read.kind !== 'found') return read
  const found = read.trail?.versionId ?? versionId
  const posted: ObjectPostReceipt | StoreFailure = await objects.post(context, name, {
    metadata: { ...replaceable(read.headers), ...changes },
    contentType: undefined,
    versionId: found,
    nullVersion: 'kept_too',
    fields: Object.keys(changes),
  })
  return posted.kind === 'accepted' ? { kind: 'changed', versionId: found } : posted
}

/** All that a POST would take away if it were not given again. */
function replaceable(headers: HeaderMap): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    const isKept = name.startsWith(META_PREFIX) || name.startsWith(FACT_PREFIX) || CARRIED.has(name)
    if (isKept && value !== undefined) kept[name] = value
  }
  return kept
}

/** The name of an object without the version. */
export function objectIn({ account, container, object }: VersionName): ObjectName {
  return { account, container, object }
}

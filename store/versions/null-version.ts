/**
 * The null version, as S3 has it: what was put while its container kept no versions. It stands under the object's name
 * while it is the current one; kept among the versions it has the id of its time for Swift, as all have, and a mark, by
 * which S3's clients find it as `null`. There is one of an object at most: what is put or deleted while versions are
 * suspended takes its place.
 */
import type { ContainerOperations, ObjectPut } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import type { ObjectName, OperationContext } from '../operation.ts'
import { splitParameters } from '../symlinks/link-listing.ts'
import { EMPTY_MD5, ROW_ETAG } from '../symlinks/link-metadata.ts'
import type { VersionsDeps } from './current-object.ts'
import { versionsPrefix } from './version-names.ts'

const NULL_MARK = 'x-object-sysmeta-martlet-null-version'
/** The same in the row of the version. */
const PARAMETER = 'null_version'
const PAGE = 1_000

/** The upload, marked as that of the null version. */
export function asNullVersion(put: ObjectPut): ObjectPut {
  const etag = put.metadata[ROW_ETAG] ?? put.expectedEtag ?? EMPTY_MD5
  return {
    ...put,
    metadata: { ...put.metadata, [NULL_MARK]: 'true', [ROW_ETAG]: `${etag}; ${PARAMETER}=true` },
  }
}

/** The ETag of a row without the mark, and whether it had one. */
export function withoutNullMark(rowEtag: string): { readonly etag: string; readonly isNull: boolean } {
  if (!rowEtag.includes(PARAMETER)) return { etag: rowEtag, isNull: false }
  const { value, parameters } = splitParameters(rowEtag)
  const others = parameters.filter(([key]) => key !== PARAMETER)
  const written = others.map(([key, one]) => `; ${key}=${one}`).join('')
  return { etag: `${value}${written}`, isNull: others.length < parameters.length }
}

/** Where null versions of an object are kept among its versions: none or one, more where somebody died. */
export async function keptNulls(
  containers: ContainerOperations,
  context: OperationContext,
  name: ObjectName,
  hidden: string,
): Promise<readonly ObjectName[] | StoreFailure> {
  const container = { account: name.account, container: hidden }
  const prefix = versionsPrefix(name.object)
  const found: ObjectName[] = []
  for (let marker: string | undefined; ; ) {
    const listing = { prefix, marker, limit: PAGE, reverse: false, reservedNames: 'shown' } as const
    const read = await containers.read(context, container, { listing })
    if (read.kind === 'no_such_container') return found
    if (read.kind !== 'found') return read
    const rows = (read.page?.entries() ?? []).filter((row) => row.kind === 'object')
    for (const row of rows) {
      if (withoutNullMark(row.etag).isNull) found.push({ ...container, object: row.name })
    }
    marker = rows.at(-1)?.name
    if (rows.length < PAGE) return found
  }
}

/** Deletes the null versions that are kept, but the one that takes their place. */
export async function deleteKeptNulls(
  containers: ContainerOperations,
  { objects }: Pick<VersionsDeps, 'objects'>,
  context: OperationContext,
  { name, hidden, except }: { readonly name: ObjectName; readonly hidden: string; readonly except?: string },
): Promise<StoreFailure | undefined> {
  const kept = await keptNulls(containers, context, name, hidden)
  if ('kind' in kept) return kept
  for (const version of kept) {
    if (version.object === except) continue
    const deleted = await objects.delete(context, version, {})
    if (deleted.kind !== 'deleted' && deleted.kind !== 'no_such_object') return deleted
  }
  return undefined
}

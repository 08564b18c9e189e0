/**
 * The null version, as S3 has it: what was put while its container kept no versions. It stands under the object's name
 * while it is the current one; kept among the versions it has the id of its time for Swift, as all have, and a mark, by
 * which S3's clients find it as `null`. There is one of an object at most: what is put or deleted while versions are
 * suspended takes its place.
 */
import type { Timestamp } from '#base/timestamp.ts'
import type { ContainerOperations, ObjectPut } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import type { ListedObject } from '../listing.ts'
import type { ContainerName, ObjectName, OperationContext } from '../operation.ts'
import { splitParameters } from '../symlinks/link-listing.ts'
import { EMPTY_MD5, ROW_ETAG } from '../symlinks/link-metadata.ts'
import { DELETE_MARKER_TYPE, versionIn, versionsPrefix } from './version-names.ts'

const NULL_MARK = 'x-object-sysmeta-martlet-null-version'
/** The same in the row of the version. */
const PARAMETER = 'null_version'
/** Its value, instead of `true`, in the row of a marker whose delete has a condition. */
const CONDITIONAL = 'conditional'
const PAGE = 1_000

/** The upload, marked as that of the null version. */
export function asNullVersion(put: ObjectPut): ObjectPut {
  return marked(put, 'true')
}

/**
 * The same of a marker that is put before its delete is decided: others leave what stands under the name to that delete,
 * and the marker counts for nothing until it is gone.
 */
export function asConditional(put: ObjectPut): ObjectPut {
  return marked(put, CONDITIONAL)
}

function marked(put: ObjectPut, value: string): ObjectPut {
  const etag = put.metadata[ROW_ETAG] ?? put.expectedEtag ?? EMPTY_MD5
  return {
    ...put,
    metadata: { ...put.metadata, [NULL_MARK]: 'true', [ROW_ETAG]: `${etag}; ${PARAMETER}=${value}` },
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

/** A null version that is kept among the others. */
export interface KeptNull {
  readonly place: ObjectName
  /** The time of its write. */
  readonly id: Timestamp
  /** It says that the object was deleted. */
  readonly isMarker: boolean
  /** A marker that counts only once what it is about is gone (`asConditional`). */
  readonly isConditional: boolean
}

/** The null versions of an object among its versions, newest first: none or one, more where writes meet or somebody died. */
export async function keptNulls(
  containers: ContainerOperations,
  context: OperationContext,
  name: ObjectName,
  hidden: string,
): Promise<readonly KeptNull[] | StoreFailure> {
  const container = { account: name.account, container: hidden }
  const prefix = versionsPrefix(name.object)
  const found: KeptNull[] = []
  for (let marker: string | undefined; ; ) {
    const listing = { prefix, marker, limit: PAGE, reverse: false, reservedNames: 'shown' } as const
    const read = await containers.read(context, container, { listing })
    if (read.kind === 'no_such_container') return found
    if (read.kind !== 'found') return read
    const rows = (read.page?.entries() ?? []).filter((row) => row.kind === 'object')
    for (const row of rows) {
      const kept = keptNullIn(row, container)
      if (kept !== undefined) found.push(kept)
    }
    marker = rows.at(-1)?.name
    if (rows.length < PAGE) return found
  }
}

function keptNullIn(row: ListedObject, container: ContainerName): KeptNull | undefined {
  const id = versionIn(row.name)?.id
  const mark = splitParameters(row.etag).parameters.find(([key]) => key === PARAMETER)
  if (id === undefined || mark === undefined) return undefined
  return {
    place: { ...container, object: row.name },
    id,
    isMarker: row.contentType === DELETE_MARKER_TYPE,
    isConditional: mark[1] === CONDITIONAL,
  }
}

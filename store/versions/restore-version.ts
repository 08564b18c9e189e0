/**
 * PUT of a version as the current one: nothing moves, the link under the object's name is written anew. What was put without
 * a version is kept first, as by any other PUT. A version that is deleted at the same moment takes the new link with it.
 */

import type { Timestamp } from '#base/timestamp.ts'
import { unquoted } from '#http/conditionals.ts'
import type { ContainerOperations, ObjectPut, ObjectPutReceipt, ObjectReadOutcome } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import type { ObjectName } from '../operation.ts'
import { ROW_ETAG } from '../symlinks/link-metadata.ts'
import { isEmpty } from '../symlinks/put-link.ts'
import { AS_STORED, isCurrent } from './current-object.ts'
import { deleteVersion } from './delete-version.ts'
import { withoutNullMark } from './null-version.ts'
import { makeCurrent, readyToReplace, type VersionedWrite } from './put-version.ts'
import { type LinkedVersion, shownSize, versionLink } from './version-link.ts'
import { DELETE_MARKER_TYPE, versionNameOf } from './version-names.ts'

export async function restoreVersion(
  write: VersionedWrite,
  containers: ContainerOperations,
  put: ObjectPut,
  id: Timestamp,
): Promise<ObjectPutReceipt | StoreFailure> {
  const { deps, context, name, container } = write
  if (!(await isEmpty(put.body))) return { kind: 'version_refused', problem: 'has_body' }
  const version = versionNameOf(name, container, id)
  const linked = await linkedVersion(write, containers, version)
  if ('kind' in linked) return linked
  const seen = await readyToReplace(write, put.condition)
  if (!isCurrent(seen)) return seen
  const now = await deps.timestamps.next()
  const link = versionLink(linked, put.metadata)
  const made = await makeCurrent(write, link, { seen, id: now, condition: put.condition })
  if (made.kind !== 'created') return made
  const still = await deps.objects.read(context, version, { ...AS_STORED, method: 'HEAD' })
  if (still.kind === 'no_such_object') {
    await deleteVersion(write, id)
    return { kind: 'version_refused', problem: 'no_such_version' }
  }
  return { ...made, etag: linked.etag, sizeBytes: linked.sizeBytes, versionId: id }
}

/** What a link to the version is to say of it; why there can be none. */
export async function linkedVersion(
  { deps, context }: VersionedWrite,
  containers: ContainerOperations,
  version: ObjectName,
): Promise<LinkedVersion | StoreFailure> {
  const read = await deps.objects.read(context, version, { ...AS_STORED, method: 'HEAD' })
  if (read.kind === 'found' && read.headers['content-type'] !== DELETE_MARKER_TYPE) {
    return versionOf(version, read)
  }
  if (read.kind === 'not_modified') throw new Error('nothing was asked that could be unmodified')
  if (read.kind !== 'found' && read.kind !== 'no_such_object' && read.kind !== 'no_such_container')
    return read
  const { account, container } = version
  const isThere = (await containers.info(context, { account, container })) !== undefined
  return { kind: 'version_refused', problem: isThere ? 'no_such_version' : 'no_versions_container' }
}

function versionOf(
  name: ObjectName,
  { headers, trail }: Extract<ObjectReadOutcome, { readonly kind: 'found' }>,
): LinkedVersion {
  const rowEtag = headers[ROW_ETAG]
  return {
    name,
    etag: trail?.link?.etag ?? unquoted(headers['etag'] ?? ''),
    sizeBytes: shownSize(headers, Number(headers['content-length'] ?? 0)),
    contentType: headers['content-type'] ?? '',
    rowEtag: rowEtag && withoutNullMark(rowEtag).etag,
  }
}

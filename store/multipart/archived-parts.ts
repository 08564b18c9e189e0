/**
 * Parts to which copies in an archive lead (`X-Versions-Location`): a copy of a manifest has a name and a container of its
 * owner's, so nobody can look for it later. Whoever makes one first marks the container of the parts, for good: neither that
 * the location is taken away nor that the bucket is deleted makes parts garbage that a copy needs.
 */
import type { HeaderMap } from '#http/message.ts'
import type { ContainerOperations } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import type { ObjectName, OperationContext } from '../operation.ts'
import { partsContainerOf, UPLOAD_ID_AT } from './upload-names.ts'

/** Of a container of parts: a manifest of some of them was copied into an archive. */
const PARTS_ARCHIVED = 'x-container-sysmeta-martlet-parts-archived'

export type PartsContainers = Pick<ContainerOperations, 'read' | 'post'>

/** Before an object of these headers is copied into an archive: its parts stay. What keeps that from being said, if anything. */
export async function markArchived(
  containers: PartsContainers,
  context: OperationContext,
  name: ObjectName,
  headers: HeaderMap,
): Promise<StoreFailure | undefined> {
  if (headers[UPLOAD_ID_AT] === undefined) return undefined
  const archived = await areArchived(containers, context, name)
  if (typeof archived === 'object') return archived
  if (archived) return undefined
  const marked = await containers.post(context, partsContainerOf(name), { [PARTS_ARCHIVED]: 'true' })
  return marked.kind === 'updated' || isNone(marked) ? undefined : marked
}

/** Whether a copy in an archive may lead to parts of the bucket's objects. */
export async function areArchived(
  containers: PartsContainers,
  context: OperationContext,
  name: ObjectName,
): Promise<boolean | StoreFailure> {
  const read = await containers.read(context, partsContainerOf(name), { newest: true })
  if (read.kind === 'found') return read.info.metadata[PARTS_ARCHIVED] !== undefined
  return isNone(read) ? false : read
}

function isNone({ kind }: StoreFailure): boolean {
  return kind === 'no_such_container' || kind === 'no_such_account'
}

/**
 * Writes where versions are suspended, as S3 means it: what is put or deleted has the version `null` and takes the place of
 * what had it before, and all other versions stay.
 *
 * PUT: the object is written under its name · the null version that was kept goes. DELETE: a marker that is the null version ·
 * what stands under the name goes · the null version that was kept goes. Whoever dies before the last step leaves two of
 * them; both are listed, can be deleted, and go with the next write.
 */
import type {
  ContainerOperations,
  ObjectDelete,
  ObjectDeleteOutcome,
  ObjectPut,
  ObjectPutReceipt,
} from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import { holdsFor, isCurrent, lookAt, OVERTAKEN, unchanged } from './current-object.ts'
import { asNullVersion, deleteKeptNulls } from './null-version.ts'
import type { VersionedWrite } from './put-version.ts'
import { DELETE_MARKER } from './version-link.ts'
import { NULL_VERSION, versionNameOf } from './version-names.ts'

/** How often a removal is tried on top of what others write meanwhile. */
const REMOVE_TRIES = 8

export async function putNull(
  { deps, context, name, container }: VersionedWrite,
  containers: ContainerOperations,
  put: ObjectPut,
): Promise<ObjectPutReceipt | StoreFailure> {
  const stored = await deps.objects.put(context, name, put)
  if (stored.kind !== 'created') return stored
  const left = await deleteKeptNulls(containers, deps, context, { name, hidden: container })
  return left ?? { ...stored, versionId: NULL_VERSION }
}

export async function deleteNull(
  write: VersionedWrite,
  containers: ContainerOperations,
  { condition }: ObjectDelete,
): Promise<ObjectDeleteOutcome> {
  const { deps, context, name, container } = write
  if (condition !== undefined) {
    const refused = await refusal(write, condition)
    if (refused !== undefined) return refused
  }
  const id = await deps.timestamps.next()
  const marker = versionNameOf(name, container, id)
  const marked = await deps.objects.put(context, marker, { ...asNullVersion(DELETE_MARKER), timestamp: id })
  if (marked.kind === 'no_such_container')
    return { kind: 'version_refused', problem: 'no_versions_container' }
  if (marked.kind !== 'created') return marked
  const removed = await removeCurrent(write)
  if (removed.kind !== 'deleted' && removed.kind !== 'no_such_object') return removed
  const others = { name, hidden: container, except: marker.object }
  const left = await deleteKeptNulls(containers, deps, context, others)
  return left ?? { ...removed, versionId: NULL_VERSION, isDeleteMarker: true }
}

async function refusal(
  { deps, context, name }: VersionedWrite,
  condition: NonNullable<ObjectDelete['condition']>,
): Promise<StoreFailure | undefined> {
  const seen = await lookAt(deps, context, name)
  if (!isCurrent(seen)) return seen
  const holds = await holdsFor(seen, condition, () =>
    deps.objects.read(context, name, { method: 'HEAD', conditions: {}, newest: true, manifest: 'as_stored' }),
  )
  if (holds === true) return undefined
  if (holds !== false) return holds
  const there = seen.kind === 'absent' ? 'absent' : 'found'
  return { kind: 'precondition_failed', headers: {}, condition: 'agreed', there }
}

async function removeCurrent({ deps, context, name }: VersionedWrite): Promise<ObjectDeleteOutcome> {
  for (let tries = 0; tries < REMOVE_TRIES; tries += 1) {
    const seen = await lookAt(deps, context, name)
    if (!isCurrent(seen)) return seen
    if (seen.kind === 'absent') return { kind: 'no_such_object', headers: {} }
    const removed = await deps.objects.delete(context, name, { condition: unchanged(seen) })
    if (removed.kind !== 'precondition_failed') return removed
  }
  return OVERTAKEN
}

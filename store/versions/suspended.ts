/**
 * Writes where versions are suspended, as S3 means it: what is put or deleted has the version `null` and takes the place of
 * what had it before, and all other versions stay.
 *
 * PUT: the object is written under its name · whatever null version is older goes (`only-null.ts`). DELETE: a marker that is
 * the null version · what stands under the name and all older null versions go. DELETE on a condition: such a marker, which
 * counts for nothing yet · what was seen under the name goes, only while it still is that; if it is not, the marker goes
 * and all begins again · the marker counts · all older null versions go. Whoever dies before the last step leaves two of them; both are listed,
 * can be deleted, and go with the next write.
 */
import type { Timestamp } from '#base/timestamp.ts'
import type {
  ContainerOperations,
  ObjectDelete,
  ObjectDeleteOutcome,
  ObjectDeleteReceipt,
  ObjectPut,
  ObjectPutReceipt,
} from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import type { ObjectName } from '../operation.ts'
import { type Current, isCurrent, lookAt, OVERTAKEN, unchanged } from './current-object.ts'
import { asConditional, asNullVersion } from './null-version.ts'
import { keepOnlyNewest, seeNewest } from './only-null.ts'
import { seenUnder, type VersionedWrite } from './put-version.ts'
import { DELETE_MARKER } from './version-link.ts'
import { NULL_VERSION, versionNameOf } from './version-names.ts'

/** How often a removal is tried on top of what others write meanwhile. */
const REMOVE_TRIES = 8
const NO_OBJECT = { kind: 'no_such_object', headers: {} } as const

export async function putNull(
  write: VersionedWrite,
  containers: ContainerOperations,
  put: ObjectPut,
): Promise<ObjectPutReceipt | StoreFailure> {
  const { deps, context, name } = write
  const failure = await seeNewest(write, containers)
  if (failure !== undefined) {
    await put.body.cancel()
    return failure
  }
  const stored = await deps.objects.put(context, name, put)
  if (stored.kind !== 'created') return stored
  const settled = await keepOnlyNewest(write, containers)
  return settled.kind === 'settled' ? { ...stored, versionId: NULL_VERSION } : settled
}

export async function deleteNull(
  write: VersionedWrite,
  containers: ContainerOperations,
  { condition }: ObjectDelete,
): Promise<ObjectDeleteOutcome> {
  const seen = await lookAt(write.deps, write.context, write.name)
  if (!isCurrent(seen)) return seen
  const failure = await seeNewest(write, containers)
  if (failure !== undefined) return failure
  if (condition !== undefined) return await deleteOnCondition(write, containers, condition)
  const marker = await putMarker(write, asNullVersion(DELETE_MARKER))
  if (marker.kind !== 'marked') return marker
  const settled = await keepOnlyNewest(write, containers)
  if (settled.kind !== 'settled') return settled
  if (settled.removed !== undefined) return told(settled.removed)
  return told(
    seen.kind === 'absent' ? NO_OBJECT : { kind: 'deleted', timestamp: marker.id, listingPending: false },
  )
}

async function deleteOnCondition(
  write: VersionedWrite,
  containers: ContainerOperations,
  condition: NonNullable<ObjectDelete['condition']>,
): Promise<ObjectDeleteOutcome> {
  const { deps, context } = write
  for (let tries = 0; tries < REMOVE_TRIES; tries += 1) {
    const seen = await seenUnder(write, condition)
    if (!isCurrent(seen)) return seen
    const marker = await putMarker(write, asConditional(DELETE_MARKER))
    if (marker.kind !== 'marked') return marker
    const removed = await removeSeen(write, seen)
    if (removed === 'changed') {
      const withdrawn = await deps.objects.delete(context, marker.place, {})
      if (withdrawn.kind !== 'deleted' && withdrawn.kind !== 'no_such_object') return withdrawn
      continue
    }
    if (removed.kind !== 'deleted' && removed.kind !== 'no_such_object') return removed
    const decided = await deps.objects.put(context, marker.place, asNullVersion(DELETE_MARKER))
    if (decided.kind !== 'created') return decided
    const settled = await keepOnlyNewest(write, containers)
    return settled.kind === 'settled' ? told(removed) : settled
  }
  return OVERTAKEN
}

function told(
  removed: ObjectDeleteReceipt | Extract<StoreFailure, { readonly kind: 'no_such_object' }>,
): ObjectDeleteOutcome {
  return { ...removed, versionId: NULL_VERSION, isDeleteMarker: true }
}

interface Marked {
  readonly kind: 'marked'
  readonly place: ObjectName
  readonly id: Timestamp
}

async function putMarker(
  { deps, context, name, container }: VersionedWrite,
  marker: ObjectPut,
): Promise<Marked | StoreFailure> {
  const id = await deps.timestamps.next()
  const place = versionNameOf(name, container, id)
  const put = await deps.objects.put(context, place, { ...marker, timestamp: id })
  if (put.kind === 'created') return { kind: 'marked', place, id }
  return put.kind === 'no_such_container'
    ? { kind: 'version_refused', problem: 'no_versions_container' }
    : put
}

/** `changed`: it is not there any more, or something else is. */
async function removeSeen(
  { deps, context, name }: VersionedWrite,
  seen: Current,
): Promise<ObjectDeleteOutcome | 'changed'> {
  if (seen.kind === 'absent') return NO_OBJECT
  const removed = await deps.objects.delete(context, name, { condition: unchanged(seen) })
  return removed.kind === 'precondition_failed' || removed.kind === 'no_such_object' ? 'changed' : removed
}

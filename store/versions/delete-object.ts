/**
 * DELETE in a container that keeps versions: the object is gone, its versions stay. As in `put-version.ts`, with a version
 * that says "deleted" (a delete marker) as step 3, and the removal of the link as step 4. Whoever dies in between has
 * deleted nothing; a marker that nothing follows is listed and can be deleted.
 */
import type { Timestamp } from '#base/timestamp.ts'
import type { HeaderMap } from '#http/message.ts'
import type { ObjectDelete, ObjectDeleteOutcome } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import type { ObjectName } from '../operation.ts'
import { type Current, isCurrent, OVERTAKEN, unchanged } from './current-object.ts'
import { readyToReplace, type VersionedWrite } from './put-version.ts'
import { DELETE_MARKER } from './version-link.ts'
import { versionNameOf } from './version-names.ts'

/** How often the removal is tried on top of what others write meanwhile. */
const REMOVE_TRIES = 8

export async function deleteObject(
  write: VersionedWrite,
  options: ObjectDelete,
): Promise<ObjectDeleteOutcome> {
  const { deps, name, container } = write
  const seen = await readyToReplace(write, options.condition)
  if (!isCurrent(seen)) return seen
  const id = options.timestamp ?? (await deps.timestamps.next())
  const marker = versionNameOf(name, container, id)
  const marked = await putMarker(write, marker, { id, metadata: options.markerMetadata ?? {} })
  if (marked !== undefined) return marked
  const removed = await remove(write, options, { seen, id })
  if (removed.kind === 'precondition_failed') await deps.objects.delete(write.context, marker, {})
  const isGone = removed.kind === 'deleted' || removed.kind === 'no_such_object'
  return isGone ? { ...removed, versionId: id, isDeleteMarker: true } : removed
}

async function putMarker(
  { deps, context }: VersionedWrite,
  marker: ObjectName,
  { id: timestamp, metadata }: { readonly id: Timestamp; readonly metadata: HeaderMap },
): Promise<StoreFailure | undefined> {
  const put = await deps.objects.put(context, marker, { ...DELETE_MARKER, metadata, timestamp })
  if (put.kind === 'created') return undefined
  if (put.kind === 'no_such_container') return { kind: 'version_refused', problem: 'no_versions_container' }
  return put
}

/** A removal that a later write has overtaken is as good as made: that one came after it. */
async function remove(
  write: VersionedWrite,
  { condition }: ObjectDelete,
  { seen, id }: { readonly seen: Current; readonly id: Timestamp },
): Promise<ObjectDeleteOutcome> {
  const { deps, context, name } = write
  let below = seen
  for (let tries = 0; tries < REMOVE_TRIES; tries += 1) {
    const onTop = condition !== undefined || below.kind === 'plain'
    const removed = await deps.objects.delete(
      context,
      name,
      onTop ? { condition: unchanged(below) } : { timestamp: id },
    )
    if (removed.kind === 'conflict' && !onTop)
      return { kind: 'deleted', timestamp: id, listingPending: false }
    if (removed.kind !== 'precondition_failed') return removed
    const again = await readyToReplace(write, condition)
    if (!isCurrent(again)) return again
    below = again
  }
  return OVERTAKEN
}

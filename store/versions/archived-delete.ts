/**
 * DELETE in a container with an archive that keeps the history. Steps: what is there is copied into the archive; a mark that
 * says "deleted" is written there; the object is deleted on the condition that it still is what was copied. When it is
 * not, the mark goes, because it would stand before what is deleted, and all begins again.
 *
 * Names in the archive are times, and two proxies may give the same time to a mark and to a version: the mark never takes the
 * place of a copy, and a copy that took its place does not go with it.
 */
import type { Timestamp } from '#base/timestamp.ts'
import type { WriteCondition } from '../condition.ts'
import type { ObjectDelete, ObjectDeleteOutcome } from '../contract.ts'
import {
  ARCHIVED_TRIES,
  type ArchivedWrite,
  archiveCurrent,
  archivedName,
  archiveFailure,
  deleteSeen,
} from './archived-write.ts'
import { isCurrent, OVERTAKEN } from './current-object.ts'
import { DELETE_MARKER } from './version-link.ts'

export async function deleteWithMark(
  write: ArchivedWrite,
  options: ObjectDelete,
): Promise<ObjectDeleteOutcome> {
  const { deps, context } = write
  for (let tries = 0; tries < ARCHIVED_TRIES; tries += 1) {
    const seen = await archiveCurrent(write, options.condition)
    if (!isCurrent(seen)) return seen
    const mark = archivedName(write, await deps.timestamps.next())
    const marked = await deps.objects.put(context, mark, { ...DELETE_MARKER, condition: { kind: 'absent' } })
    // A copy of what another proxy wrote at the very same time has that name.
    if (marked.kind === 'precondition_failed') continue
    if (marked.kind !== 'created') return archiveFailure(marked)
    const deleted = await deleteSeen(write, seen, options)
    if (deleted.kind !== 'precondition_failed') return deleted
    await deps.objects.delete(context, mark, { condition: asWrittenAt(marked.timestamp) })
  }
  return OVERTAKEN
}

function asWrittenAt(timestamp: Timestamp): WriteCondition {
  return { kind: 'unchanged', writtenAt: timestamp, changedAt: timestamp }
}

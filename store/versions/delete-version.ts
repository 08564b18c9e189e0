/**
 * DELETE of one version, for good. Steps: the link goes first if the version is the current one, then the version itself;
 * at the end it is looked whether somebody has made the version the current one in between, and that link goes, too. A link
 * goes only on the condition that it is still the one that was seen, so that no newer version loses its own.
 *
 * Whoever dies after the first step leaves a version that is listed and not the current one; the delete is asked for again.
 *
 * A delete that means only what others have superseded (the lifecycle's) looks instead of the first step, right before the
 * version goes: what it was judged by may be long ago, and the version current again since.
 */
import { normalForm, type Timestamp } from '#base/timestamp.ts'
import type { ObjectDelete, ObjectDeleteOutcome } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import { seenIn } from '../object-state.ts'
import type { ObjectName } from '../operation.ts'
import { type Current, isCurrent, lookAt, OVERTAKEN, unchanged } from './current-object.ts'
import type { VersionedWrite } from './put-version.ts'
import { NULL_VERSION, versionIn, versionNameOf } from './version-names.ts'

/** How often the link is looked at again because somebody wrote it meanwhile. */
const LINK_TRIES = 8
const NOT_SUPERSEDED = { kind: 'precondition_failed', headers: {}, there: 'found' } as const

export async function deleteVersion(
  write: VersionedWrite,
  id: Timestamp,
  { currentVersion }: Pick<ObjectDelete, 'currentVersion'> = {},
): Promise<ObjectDeleteOutcome> {
  const { deps, context, name, container } = write
  const version = versionNameOf(name, container, id)
  const isRefused = currentVersion === 'refused'
  const before = isRefused ? await lookAt(deps, context, name) : await unlink(write, version)
  if (!isCurrent(before)) return before
  if (isRefused && !isSuperseded(before, version, id)) return NOT_SUPERSEDED
  const deleted = await deps.objects.delete(context, version, {})
  if (deleted.kind !== 'deleted' && deleted.kind !== 'no_such_object') return deleted
  const after = await unlink(write, version)
  return { ...deleted, versionId: id, currentVersionId: idOf(isCurrent(after) ? after : before) }
}

/**
 * What stands under the name is newer, or nothing is there. A version that is newer than what stands there may be one whose
 * link is still to come, and one of the time of a plain object is its only copy once that is overwritten.
 */
function isSuperseded(seen: Current, version: ObjectName, id: Timestamp): boolean {
  if (seen.kind === 'absent') return true
  if (seen.kind === 'plain') return id < normalForm(seenIn(seen.headers).writtenAt)
  return seen.container !== version.container || seen.object < version.object
}

/** Removes the link to the version, if there is one. What is there then. */
async function unlink(write: VersionedWrite, version: ObjectName): Promise<Current | StoreFailure> {
  const { deps, context, name } = write
  for (let tries = 0; tries < LINK_TRIES; tries += 1) {
    const seen = await lookAt(deps, context, name)
    if (!isCurrent(seen) || !leadsTo(seen, version)) return seen
    const removed = await deps.objects.delete(context, name, { condition: unchanged(seen) })
    if (removed.kind === 'deleted' || removed.kind === 'no_such_object') return { kind: 'absent' }
    if (removed.kind !== 'precondition_failed') return removed
  }
  return OVERTAKEN
}

function leadsTo(seen: Current, version: ObjectName): boolean {
  return seen.kind === 'version' && seen.container === version.container && seen.object === version.object
}

function idOf(seen: Current): string {
  return (seen.kind === 'version' ? versionIn(seen.object)?.id : undefined) ?? NULL_VERSION
}

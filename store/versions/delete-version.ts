/**
 * DELETE of one version, for good. Steps: the link goes first if the version is the current one, then the version itself;
 * at the end it is looked whether somebody has made the version the current one in between, and that link goes, too. A link
 * goes only on the condition that it is still the one that was seen, so that no newer version loses its own.
 *
 * Whoever dies after the first step leaves a version that is listed and not the current one; the delete is asked for again.
 */
import type { Timestamp } from '#base/timestamp.ts'
import type { ObjectDeleteOutcome } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import type { ObjectName } from '../operation.ts'
import { type Current, isCurrent, lookAt, OVERTAKEN, unchanged } from './current-object.ts'
import type { VersionedWrite } from './put-version.ts'
import { NULL_VERSION, versionIn, versionNameOf } from './version-names.ts'

/** How often the link is looked at again because somebody wrote it meanwhile. */
const LINK_TRIES = 8

export async function deleteVersion(write: VersionedWrite, id: Timestamp): Promise<ObjectDeleteOutcome> {
  const { deps, context, name, container } = write
  const version = versionNameOf(name, container, id)
  const before = await unlink(write, version)
  if (!isCurrent(before)) return before
  const deleted = await deps.objects.delete(context, version, {})
  if (deleted.kind !== 'deleted' && deleted.kind !== 'no_such_object') return deleted
  const after = await unlink(write, version)
  return { ...deleted, versionId: id, currentVersionId: idOf(isCurrent(after) ? after : before) }
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

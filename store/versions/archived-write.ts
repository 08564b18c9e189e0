/**
 * What writes in a container with an archive have in common: the object that is there is copied into the archive before it
 * is overwritten or deleted, and that is done only on the condition that it is still what was copied. So of writes at the
 * same moment none makes a version disappear; one that finds something else there begins again.
 *
 * A copy that a crash leaves behind is one of what is still there, under a name that the next try writes again.
 */

import { quotedPath } from '#base/names.ts'
import type { Timestamp } from '#base/timestamp.ts'
import type { WriteCondition } from '../condition.ts'
import type { ObjectDelete, ObjectDeleteOutcome, ObjectPut, ObjectRead } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import { markArchived, type PartsContainers } from '../multipart/archived-parts.ts'
import type { ObjectName, OperationContext } from '../operation.ts'
import { letGo } from '../symlinks/follow.ts'
import { copyAway } from './copy-away.ts'
import {
  AS_STORED,
  type Current,
  currentIn,
  holdsFor,
  isCurrent,
  unchanged,
  type VersionsDeps,
} from './current-object.ts'

/** How often a write is tried on top of what others write meanwhile. */
export const ARCHIVED_TRIES = 8

/** Of an object that a delete brought back: the copy it was made of, `container/object`, percent-encoded. */
export const RESTORED_FROM = 'x-object-sysmeta-martlet-restored-from'

export interface ArchivedWrite {
  readonly deps: VersionsDeps
  /** Which are told of copies that lead to parts. */
  readonly containers: PartsContainers
  readonly context: OperationContext
  readonly name: ObjectName
  /** The container that gets the copies. */
  readonly archive: string
}

/** What begins the names of an object's copies: its length in bytes, three hex digits, keeps one name out of another. */
export function archivePrefix(object: string): string {
  return `${Buffer.byteLength(object).toString(16).padStart(3, '0')}${object}/`
}

export function archivedName({ name, archive }: ArchivedWrite, time: Timestamp): ObjectName {
  return { account: name.account, container: archive, object: archivePrefix(name.object) + time }
}

/** The text by which a restored object names the copy that it was made of. */
export function restoredFrom({ container, object }: ObjectName): string {
  return quotedPath(`${container}/${object}`)
}

/** What is there, once it is in the archive; or why it may not be overwritten. */
export async function archiveCurrent(
  write: ArchivedWrite,
  condition: WriteCondition | undefined,
): Promise<Current | StoreFailure> {
  const { deps, context, name } = write
  const read = await deps.objects.read(context, name, { ...AS_STORED, method: 'GET' })
  const current = currentIn(deps, read)
  const refusal = isCurrent(current) ? await refusalOf(write, current, condition) : current
  if (refusal !== undefined || read.kind !== 'found') {
    await letGo(read)
    return refusal ?? current
  }
  return (await copyToArchive(write, read)) ?? current
}

/** Why the client's condition forbids the write; `undefined` if it does not. */
export async function refusalOf(
  { deps, context, name }: ArchivedWrite,
  current: Current,
  condition: WriteCondition | undefined,
): Promise<StoreFailure | undefined> {
  if (condition === undefined) return undefined
  const options = { method: 'HEAD', conditions: {}, newest: true, manifest: 'as_stored' } as const
  const holds = await holdsFor(current, condition, () => deps.objects.read(context, name, options))
  if (holds === true) return undefined
  return holds === false ? { kind: 'precondition_failed', headers: {}, condition: 'agreed' } : holds
}

/**
 * Deletes the object on the condition that it still is what was seen: nothing, too, because what was put since is in no
 * archive. That nothing was there is what the client is told then.
 */
export async function deleteSeen(
  { deps, context, name }: ArchivedWrite,
  seen: Current,
  options: ObjectDelete,
): Promise<ObjectDeleteOutcome> {
  const deleted = await deps.objects.delete(context, name, { ...options, condition: unchanged(seen) })
  const isNothing = seen.kind === 'absent' && deleted.kind === 'deleted'
  return isNothing ? { kind: 'no_such_object', headers: {} } : deleted
}

async function copyToArchive(write: ArchivedWrite, read: ObjectRead): Promise<StoreFailure | undefined> {
  const unmarked = await markArchived(write.containers, write.context, write.name, read.headers)
  if (unmarked !== undefined) {
    await letGo(read)
    return archiveFailure(unmarked)
  }
  const nameAt = (time: Timestamp): ObjectName => archivedName(write, time)
  const failure = await copyAway(write.deps, write.context, read, nameAt, withoutMark)
  return failure && archiveFailure(failure)
}

function withoutMark(put: ObjectPut): ObjectPut {
  const { [RESTORED_FROM]: _mark, ...metadata } = put.metadata
  return { ...put, metadata }
}

/** An archive that is missing or refuses the copy is the owner's to mend; the rest comes back by itself. */
export function archiveFailure(failure: StoreFailure): StoreFailure {
  const { kind } = failure
  const isPassing = kind === 'unavailable' || kind === 'undecided' || kind === 'no_space'
  return isPassing ? failure : { kind: 'precondition_failed', headers: {} }
}

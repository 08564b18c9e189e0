/**
 * An object that was put while its container kept no versions becomes one before it is overwritten or deleted: it is copied
 * to where versions lie, under the time by which clients know it. A second copy, after a crash, has the same name and the
 * same bytes. What is overwritten afterwards must be exactly what was copied, hence the state that is given back.
 */
import type { Timestamp } from '#base/timestamp.ts'
import type { ObjectRead } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import type { ObjectName, OperationContext } from '../operation.ts'
import { letGo } from '../symlinks/follow.ts'
import { copyAway } from './copy-away.ts'
import { AS_STORED, type Current, currentIn, type VersionsDeps } from './current-object.ts'
import { asNullVersion } from './null-version.ts'
import { versionIdOfTime, versionNameOf } from './version-names.ts'

/** What is there when the copy is made: nothing to keep, a version already, or the object that was copied. */
export async function keepPlain(
  deps: VersionsDeps,
  context: OperationContext,
  name: ObjectName,
  versionsContainer: string,
): Promise<Current | StoreFailure> {
  const read = await deps.objects.read(context, name, { ...AS_STORED, method: 'GET' })
  const current = currentIn(deps, read)
  if (read.kind !== 'found' || current.kind !== 'plain') {
    await letGo(read)
    return current
  }
  const copied = await copy(deps, context, name, versionsContainer, read)
  return copied ?? current
}

async function copy(
  deps: VersionsDeps,
  context: OperationContext,
  name: ObjectName,
  versionsContainer: string,
  read: ObjectRead,
): Promise<StoreFailure | undefined> {
  const nameAt = (time: Timestamp): ObjectName =>
    versionNameOf(name, versionsContainer, versionIdOfTime(time))
  const failure = await copyAway(deps, context, read, nameAt, asNullVersion)
  if (failure?.kind === 'no_such_container') {
    return { kind: 'version_refused', problem: 'no_versions_container' }
  }
  return failure && copyFailure(failure)
}

/** The client sent nothing wrong: what failed is between storage servers. */
export function copyFailure(failure: StoreFailure): StoreFailure {
  const { kind } = failure
  if (kind === 'no_space' || kind === 'undecided' || kind === 'unavailable') return failure
  return { kind: 'unavailable', reason: `what is there could not be kept: ${kind}` }
}

/** Copies what is there to where it is kept, under a name that its time gives: copied twice, it has the same name. */
import { parseTimestamp, type Timestamp } from '#base/timestamp.ts'
import type { ObjectPut, ObjectRead } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import type { ObjectName, OperationContext } from '../operation.ts'
import { copyOf } from '../stored-copy.ts'
import { letGo } from '../symlinks/follow.ts'
import type { VersionsDeps } from './current-object.ts'

/** `undefined` when the copy is made. `change` is made to it on the way. */
export async function copyAway(
  { objects }: VersionsDeps,
  context: OperationContext,
  read: ObjectRead,
  nameAt: (time: Timestamp) => ObjectName,
  change: (put: ObjectPut) => ObjectPut = (put) => put,
): Promise<StoreFailure | undefined> {
  // The time by which clients know it; every storage server tells it.
  const time = parseTimestamp(read.headers['x-timestamp'] ?? '')
  const put =
    time === undefined
      ? ({ kind: 'unavailable', reason: 'an object has no time' } as const)
      : await objects.put(context, nameAt(time), change(copyOf(read)))
  if (put.kind === 'created') return undefined
  await letGo(read)
  return put
}

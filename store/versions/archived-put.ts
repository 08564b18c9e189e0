/**
 * PUT in a container with an archive. Steps: what is there is copied into the archive; the new object is written on the
 * condition that it still is there. Dying in between leaves a copy of what is there, and nothing lost.
 */
import { bufferBody } from '#http/message.ts'
import type { ObjectPut, ObjectPutReceipt, StoreFailure } from '../contract.ts'
import { ARCHIVED_TRIES, type ArchivedWrite, archiveCurrent } from './archived-write.ts'
import { isCurrent, unchanged } from './current-object.ts'

export async function putArchived(
  write: ArchivedWrite,
  put: ObjectPut,
): Promise<ObjectPutReceipt | StoreFailure> {
  const { bytes } = put.body
  for (let tries = 0; tries < ARCHIVED_TRIES; tries += 1) {
    const seen = await archiveCurrent(write, put.condition)
    if (!isCurrent(seen)) {
      await put.body.cancel()
      return seen
    }
    const stored = await write.deps.objects.put(write.context, write.name, {
      ...put,
      body: bytes === undefined ? put.body : bufferBody(bytes),
      condition: unchanged(seen),
    })
    if (stored.kind !== 'precondition_failed') {
      return stored.kind === 'created' && put.condition === undefined ? withoutCondition(stored) : stored
    }
    // A body that has flowed by cannot be sent again.
    if (bytes === undefined) break
  }
  return { kind: 'undecided', reason: 'others wrote the same object meanwhile' }
}

/** The condition was ours: the client has set none, and is told of none. */
function withoutCondition(receipt: ObjectPutReceipt): ObjectPutReceipt {
  return { ...receipt, condition: undefined }
}

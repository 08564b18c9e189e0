/**
 * PUT in a container with an archive. Steps: what is there is copied into the archive; the new object is written on the
 * condition that it still is there. Dying in between leaves a copy of what is there, and nothing lost.
 */
import type { MemoryBudget } from '#cluster/memory-budget.ts'
import { bufferBody } from '#http/message.ts'
import type { ObjectPut, ObjectPutReceipt } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import { takeBody } from '../held-body.ts'
import { ARCHIVED_TRIES, type ArchivedWrite, archiveCurrent } from './archived-write.ts'
import { isCurrent, OVERTAKEN, unchanged } from './current-object.ts'

/** A small body is held, so that it can be sent again. */
export async function putArchived(
  write: ArchivedWrite,
  put: ObjectPut,
  heldBodies: MemoryBudget,
): Promise<ObjectPutReceipt | StoreFailure> {
  const taken = await takeBody(put.body, heldBodies)
  if (taken.kind !== 'held' && taken.kind !== 'stream') return taken
  try {
    if (taken.kind === 'held') return await putHeld(write, put, taken.bytes)
    const outcome = await putOnce(write, { ...put, body: taken.body })
    return outcome === 'changed' ? OVERTAKEN : outcome
  } finally {
    taken.share?.release()
  }
}

async function putHeld(
  write: ArchivedWrite,
  put: ObjectPut,
  bytes: Buffer,
): Promise<ObjectPutReceipt | StoreFailure> {
  for (let tries = 0; tries < ARCHIVED_TRIES; tries += 1) {
    const outcome = await putOnce(write, { ...put, body: bufferBody(bytes) })
    if (outcome !== 'changed') return outcome
  }
  return OVERTAKEN
}

/** `changed`: somebody has written the object since it was copied. */
async function putOnce(
  write: ArchivedWrite,
  put: ObjectPut,
): Promise<ObjectPutReceipt | StoreFailure | 'changed'> {
  const seen = await archiveCurrent(write, put.condition)
  if (!isCurrent(seen)) {
    await put.body.cancel()
    return seen
  }
  const condition = unchanged(seen)
  const stored = await write.deps.objects.put(write.context, write.name, { ...put, condition })
  if (stored.kind === 'precondition_failed') return 'changed'
  // The condition was ours: a client that has set none is told of none.
  return stored.kind === 'created' && put.condition === undefined
    ? { ...stored, condition: undefined }
    : stored
}

/**
 * Deletes an image. First the record says `deleted` and names no bytes; then the bytes go. Dying in between leaves bytes
 * that no record names, which the sweeper removes.
 */
import type { OperationContext } from '#store/contract.ts'
import { type ImageRecord, isShared } from '../model/image-record.ts'
import { mayBecome, transitionMessage } from '../model/image-status.ts'
import { badRequest, forbidden, Refusal } from '../refusal.ts'
import { onItsOwn, type Registry } from '../registry.ts'
import { isObject, releaseObjects } from './held-objects.ts'

/** The image as it was. 403 when it is protected. */
export async function deleteImage(
  registry: Registry,
  context: OperationContext,
  id: string,
): Promise<ImageRecord | Refusal> {
  let before: ImageRecord | undefined
  const deleted = await registry.records.change(
    context,
    id,
    (image) => {
      before = image
      return asDeleted(image, registry.environment.clock.wallMs())
    },
    'server',
  )
  if (deleted instanceof Refusal || before === undefined) return deleted
  await removeBytes(registry, onItsOwn(context), before, deleted)
  if (isObject(before)) await releaseObjects(registry, onItsOwn(context))
  return before
}

function asDeleted(image: ImageRecord, nowMs: number): ImageRecord | Refusal {
  if (image.isProtected) {
    return forbidden(`Image ${image.id} is protected and cannot be deleted.`)
  }
  if (!mayBecome(image.status, 'deleted')) return badRequest(transitionMessage(image.status, 'deleted'))
  const { pending: _pending, staged: _staged, ...rest } = image
  return {
    ...rest,
    status: 'deleted',
    properties: {},
    members: [],
    tags: [],
    locations: [],
    updatedAt: nowMs,
  }
}

/** Bytes that are registered by their address belong to somebody else; those that objects share stay. */
async function removeBytes(
  { stores, log }: Registry,
  context: OperationContext,
  image: ImageRecord,
  deleted: ImageRecord,
): Promise<void> {
  const places = [...image.locations.filter(({ url }) => url === undefined), image.pending, image.staged]
  for (const place of places) {
    if (place === undefined || isShared(deleted, place)) continue
    const isGone = (await stores.find(place.store)?.remove(context, place.key)) ?? true
    if (!isGone)
      log.warn({ image: image.id, key: place.key }, 'bytes of a deleted image are left to the sweeper')
  }
}

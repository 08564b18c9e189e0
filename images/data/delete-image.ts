/**
 * Deletes an image. First the record says `deleted` and names no bytes, but for those that leave a store elsewhere
 * (`leaving.ts`); then the bytes go. Dying in between leaves them to the sweeper.
 */
import type { OperationContext } from '#store/operation.ts'
import type { ImageRecord, Place } from '../model/image-record.ts'
import { mayBecome, transitionMessage } from '../model/image-status.ts'
import { badRequest, forbidden, Refusal } from '../refusal.ts'
import { onItsOwn, type Registry } from '../registry.ts'
import { isObject, releaseObjects } from './held-objects.ts'
import { leave, placesOf, removePlaces } from './leaving.ts'

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
      const deleted = asDeleted(image, registry.environment.clock.wallMs())
      return deleted instanceof Refusal ? deleted : leave(registry, deleted, placesIn(image))
    },
    'server',
  )
  if (deleted instanceof Refusal || before === undefined) return deleted
  await removePlaces(registry, onItsOwn(context), deleted, placesIn(before))
  if (isObject(before)) await releaseObjects(registry, onItsOwn(context))
  return before
}

function asDeleted(image: ImageRecord, nowMs: number): ImageRecord | Refusal {
  if (image.isProtected) {
    return forbidden(`Image ${image.id} is protected and cannot be deleted.`)
  }
  if (!mayBecome(image.status, 'deleted')) return badRequest(transitionMessage(image.status, 'deleted'))
  const { pending: _pending, staged: _staged, cached: _cached, ...rest } = image
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

/** Bytes that are registered by their address belong to somebody else. */
function placesIn({ locations, pending, staged, cached }: ImageRecord): readonly Place[] {
  const own = locations.filter(({ url }) => url === undefined)
  return [...own, ...[pending, staged, cached].flatMap(placesOf)]
}

/** Where the bytes of an image are: told to services, and copies removed from a store by administrators. */
import { emptyAnswer, jsonAnswer } from '../answers.ts'
import type { ImageRecord } from '../model/image-record.ts'
import { locationUrl } from '../model/image-view.ts'
import { isService, notPermitted } from '../policy.ts'
import { conflict, forbidden, notFound, Refusal } from '../refusal.ts'
import type { ImageVerb, ImageVisit } from '../visit.ts'
import { visibleImage } from './found-image.ts'
import { type ImageRoute, route } from './route.ts'

const list: ImageVerb = async (visit) => {
  const image = await visibleImage(visit)
  if (image instanceof Refusal) return image
  if (!isService(visit.caller)) return notPermitted('get_locations')
  const locations = image.locations.map((location) => ({
    url: locationUrl(location),
    metadata: { store: location.store, ...location.metadata },
  }))
  return jsonAnswer(200, locations)
}

/** `DELETE /stores/{store}/{id}`: first the record names the place no more, then the bytes go. */
const removeFromStore: ImageVerb = async (visit) => {
  const { registry, context, caller } = visit
  const [storeId = '', id = ''] = visit.names
  if (!caller.isAdmin) return notPermitted('delete_image_location')
  if (!registry.stores.areSeveral) return notFound('There is only one store.')
  const store = registry.stores.find(storeId)
  if (store === undefined) return conflict(`Unknown store '${storeId}'.`)
  const seen = await visibleImage({ ...visit, names: [id] } satisfies ImageVisit)
  if (seen instanceof Refusal) return seen
  let key: string | undefined
  const changed = await registry.records.change(
    context,
    seen.id,
    (image) => {
      const without = withoutStore(image, storeId)
      if (without instanceof Refusal) return without
      key = image.locations.find((location) => location.store === storeId)?.key
      return { ...without, updatedAt: registry.environment.clock.wallMs() }
    },
    'server',
  )
  if (changed instanceof Refusal) return changed
  if (key !== undefined) await store.remove(context, key)
  return emptyAnswer(204)
}

function withoutStore(image: ImageRecord, storeId: string): ImageRecord | Refusal {
  if (image.status !== 'active') {
    return conflict(
      `Only images with status active can be removed from a store; this one is ${image.status}.`,
    )
  }
  const locations = image.locations.filter((location) => location.store !== storeId)
  if (locations.length === image.locations.length)
    return notFound(`Image ${image.id} is not in store ${storeId}.`)
  if (locations.length === 0)
    return forbidden('The only copy of an image cannot be removed; delete the image.')
  return { ...image, locations }
}

export const locationRoutes: readonly ImageRoute[] = [
  route('GET', '/images/:id/locations', list),
  route('DELETE', '/stores/:store/:id', removeFromStore),
]

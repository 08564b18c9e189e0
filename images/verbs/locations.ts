/** Where the bytes of an image are: told to services, objects that become images, and copies removed from a store by administrators. */
import { emptyAnswer, jsonAnswer } from '../answers.ts'
import { beginAdoption, finishAdoption } from '../data/adopt-object.ts'
import { type ExpectedHash, HASH_ALGORITHMS, readExpectedHash } from '../data/expected-hash.ts'
import { releaseObjects } from '../data/held-objects.ts'
import { leave, removePlaces } from '../data/leaving.ts'
import { OBJECT_STORE } from '../data/object-store.ts'
import { emit } from '../events.ts'
import type { ImageRecord, Place } from '../model/image-record.ts'
import { locationUrl } from '../model/image-view.ts'
import { type JsonSchema, violation } from '../model/json-schema.ts'
import { isService, notPermitted } from '../policy.ts'
import { badRequest, conflict, forbidden, notFound, Refusal } from '../refusal.ts'
import type { ImageVerb, ImageVisit } from '../visit.ts'
import { changeableImage, visibleImage } from './found-image.ts'
import { ownObject } from './own-object.ts'
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
  if (registry.stores.find(storeId) === undefined) return conflict(`Unknown store '${storeId}'.`)
  const seen = await visibleImage({ ...visit, names: [id] } satisfies ImageVisit)
  if (seen instanceof Refusal) return seen
  let left: readonly Place[] = []
  const changed = await registry.records.change(
    context,
    seen.id,
    (image) => {
      const without = withoutStore(image, storeId)
      if (without instanceof Refusal) return without
      left = image.locations.filter((location) => location.store === storeId && location.url === undefined)
      return { ...leave(registry, without, left), updatedAt: registry.environment.clock.wallMs() }
    },
    'server',
  )
  if (changed instanceof Refusal) return changed
  await removePlaces(registry, context, changed, left)
  if (storeId === OBJECT_STORE) await releaseObjects(registry, context)
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

/** `POST …/locations`: an object of the project becomes the image, without a copy. */
const add: ImageVerb = async (visit) => {
  const { registry, context, caller, json } = visit
  const seen = await changeableImage(visit, 'add_location')
  if (seen instanceof Refusal) return seen
  const wanted = readLocation(json)
  if (wanted instanceof Refusal) return wanted
  const name = ownObject(caller, wanted.url)
  if (name instanceof Refusal) return name
  const found = await registry.objects.find(context, name)
  if (found instanceof Refusal) return found
  const adoption = { id: seen.id, store: registry.objects, ...found, ...wanted }
  const begun = await beginAdoption(registry, context, adoption)
  if (begun instanceof Refusal) return begun
  finishAdoption(registry, context, adoption, begun).then(
    (done) => {
      if (!(done instanceof Refusal)) emit(registry, 'image.activate', done)
    },
    (error: unknown) =>
      registry.log.error({ err: error, image: seen.id }, 'an object did not become an image'),
  )
  return emptyAnswer(202)
}

const LOCATION_BODY: JsonSchema = {
  type: 'object',
  required: ['url'],
  properties: {
    url: { type: 'string', maxLength: 2048 },
    validation_data: {
      type: 'object',
      additionalProperties: false,
      required: ['os_hash_algo', 'os_hash_value'],
      properties: {
        os_hash_algo: { type: 'string', enum: HASH_ALGORITHMS },
        os_hash_value: { type: 'string' },
      },
    },
  },
}

interface LocationBody {
  readonly url: string
  readonly validation_data?: { readonly os_hash_algo: string; readonly os_hash_value: string }
}

function readLocation(
  json: unknown,
): { readonly url: string; readonly expectedHash: ExpectedHash | undefined } | Refusal {
  const wrong = violation(json, LOCATION_BODY)
  if (wrong !== undefined) return badRequest(`Provided object does not match schema 'location': ${wrong}`)
  const { url, validation_data: data } = json as LocationBody
  const hash = data && readExpectedHash(data.os_hash_algo, data.os_hash_value)
  return hash instanceof Refusal ? hash : { url, expectedHash: hash }
}

export const locationRoutes: readonly ImageRoute[] = [
  route('GET', '/images/:id/locations', list),
  route('POST', '/images/:id/locations', add, 'json'),
  route('DELETE', '/stores/:store/:id', removeFromStore),
]

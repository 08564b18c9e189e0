/**
 * Our own addition to the Images API: an image becomes an object that shares its bytes. `POST …/objects` makes one, `GET
 * …/objects` tells which there are (`docs/images.md`, "Objects and images").
 */
import { jsonAnswer } from '../answers.ts'
import { urlOfObject } from '../data/object-store.ts'
import { exportImage } from '../data/shared-bytes.ts'
import { type JsonSchema, violation } from '../model/json-schema.ts'
import { mayDownload, notPermitted } from '../policy.ts'
import { badRequest, forbidden, Refusal } from '../refusal.ts'
import type { ImageVerb } from '../visit.ts'
import { changeableImage, visibleImage } from './found-image.ts'
import { ownObject } from './own-object.ts'
import { type ImageRoute, route } from './route.ts'

const BODY: JsonSchema = {
  type: 'object',
  required: ['url'],
  additionalProperties: false,
  properties: {
    url: { type: 'string', maxLength: 4096 },
    content_type: { type: 'string', maxLength: 255, pattern: '^[\\x20-\\x7e]+$' },
    overwrite: { type: 'boolean' },
  },
}

interface Wanted {
  readonly url: string
  readonly content_type?: string
  readonly overwrite?: boolean
}

/** Who may download the image may have it as an object in an account of theirs. */
const create: ImageVerb = async (visit) => {
  const { registry, context, caller, json } = visit
  const image = await visibleImage(visit)
  if (image instanceof Refusal) return image
  if (!mayDownload(caller, image)) return notPermitted('download_image')
  if (image.status === 'deactivated' && !caller.isAdmin) return forbidden('The image has been deactivated.')
  const wrong = violation(json, BODY)
  if (wrong !== undefined) return badRequest(`Provided object does not match schema 'object': ${wrong}`)
  const { url, content_type: contentType = 'application/octet-stream', overwrite } = json as Wanted
  const name = ownObject(caller, url)
  if (name instanceof Refusal) return name
  const existing = overwrite === true ? 'overwritten' : 'kept'
  const made = await exportImage(registry, context, { id: image.id, name, contentType, existing })
  if (made instanceof Refusal) return made
  return jsonAnswer(201, { url, etag: made.etag, size: made.sizeBytes })
}

/** As old as the last sweep: an object that was deleted since may still be told. */
const list: ImageVerb = async (visit) => {
  const image = await changeableImage(visit, 'get_image_location')
  if (image instanceof Refusal) return image
  const objects = (image.references ?? []).map(({ state, ...name }) => ({ url: urlOfObject(name), state }))
  return jsonAnswer(200, { objects })
}

export const objectRoutes: readonly ImageRoute[] = [
  route('POST', '/images/:id/objects', create, 'json'),
  route('GET', '/images/:id/objects', list),
]

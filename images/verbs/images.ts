/** Images themselves: list, create, show, change, delete. */
import type { Response } from '#http/message.ts'
import type { OperationContext } from '#store/operation.ts'
import { emptyAnswer, writtenAnswer } from '../answers.ts'
import { deleteImage } from '../data/delete-image.ts'
import { emit } from '../events.ts'
import { applyPatch } from '../model/change-image.ts'
import { type ImageRecord, newImage } from '../model/image-record.ts'
import { patchDraft, readPatch } from '../model/json-patch.ts'
import { readNewImage } from '../model/new-image.ts'
import { maySee } from '../policy.ts'
import type { ImageIndex } from '../query/image-index.ts'
import { pageOf, readImageQuery } from '../query/image-list.ts'
import { writeParameters } from '../query/parameters.ts'
import { Refusal } from '../refusal.ts'
import { newUuid, type Registry } from '../registry.ts'
import { countRefusal } from '../usage.ts'
import type { ImageVerb, ImageVisit } from '../visit.ts'
import { changeableImage, visibleImage } from './found-image.ts'
import { type ImageRoute, route } from './route.ts'

function imageAnswer(status: number, registry: Registry, image: ImageRecord, headers = {}): Response {
  return writtenAnswer(status, registry.shown.of(image), headers)
}

const list: ImageVerb = async ({ registry, context, caller, query: parameters }) => {
  const query = readImageQuery(parameters, caller, registry.options.limits)
  if (query instanceof Refusal) return query
  const index = await registry.records.index(context)
  if (index instanceof Refusal) return index
  const marker = await markerOf(registry, context, index, query.marker)
  if (marker instanceof Refusal) return marker
  const page = pageOf(index, query, marker !== undefined && maySee(caller, marker) ? marker : undefined)
  if (page instanceof Refusal) return page
  const link = (after: string | undefined): string => {
    const written = writeParameters(parameters, { marker: after })
    return written === '' ? '/v2/images' : `/v2/images?${written}`
  }
  const rest = JSON.stringify({
    first: link(undefined),
    schema: '/v2/schemas/images',
    ...(page.nextMarker === undefined ? {} : { next: link(page.nextMarker) }),
  })
  const images = page.images.map((image) => registry.shown.of(image)).join(',')
  return writtenAnswer(200, `{"images":[${images}],${rest.slice(1)}`)
}

/** As it is in the list, so that pages do not overlap; another proxy may know of it already, and this one not. */
async function markerOf(
  { records }: Registry,
  context: OperationContext,
  index: ImageIndex,
  id: string | undefined,
): Promise<ImageRecord | undefined | Refusal> {
  if (id === undefined) return undefined
  return index.get(id) ?? (await records.find(context, id))
}

const create: ImageVerb = async ({ registry, context, caller, json, baseUrl }) => {
  const read = readNewImage(json, caller, registry.options.limits)
  if (read instanceof Refusal) return read
  const refused = await countRefusal(registry, context, read.draft.owner)
  if (refused !== undefined) return refused
  const id = read.id ?? newUuid(registry)
  const image = newImage(read.draft, id, registry.environment.clock.wallMs())
  const created = await registry.records.create(context, image)
  if (created instanceof Refusal) return created
  emit(registry, 'image.create', created)
  return imageAnswer(201, registry, created, {
    location: `${baseUrl}/v2/images/${id}`,
    ...announcements(registry),
  })
}

/** What else can be done with a new image; empty lists are left out. */
function announcements({ options, stores }: Registry): Readonly<Record<string, string>> {
  const methods = options.importMethods.join(',')
  return {
    ...(methods === '' ? {} : { 'openstack-image-import-methods': methods }),
    ...(stores.areSeveral ? { 'openstack-image-store-ids': stores.all.map(({ id }) => id).join(',') } : {}),
  }
}

const show: ImageVerb = async (visit) => {
  const image = await visibleImage(visit)
  return image instanceof Refusal ? image : imageAnswer(200, visit.registry, image)
}

const change: ImageVerb = async (visit) => {
  const draft = patchDraft(visit.request.headers['content-type'])
  if (draft instanceof Refusal) return draft
  const operations = readPatch(visit.json, draft)
  if (operations instanceof Refusal) return operations
  const seen = await visibleImage(visit)
  if (seen instanceof Refusal) return seen
  const { registry, caller, context } = visit
  const { limits } = registry.options
  const nowMs = registry.environment.clock.wallMs()
  const apply = (image: ImageRecord): ImageRecord | Refusal => {
    const changed = applyPatch(image, operations, { caller, limits })
    return changed instanceof Refusal || changed === image ? changed : { ...changed, updatedAt: nowMs }
  }
  const changed = await registry.records.change(context, seen.id, apply, 'user')
  if (changed instanceof Refusal) return changed
  emit(registry, 'image.update', changed)
  return imageAnswer(200, registry, changed)
}

const remove: ImageVerb = async (visit: ImageVisit) => {
  const image = await changeableImage(visit, 'delete_image')
  if (image instanceof Refusal) return image
  const deleted = await deleteImage(visit.registry, visit.context, image.id)
  if (deleted instanceof Refusal) return deleted
  emit(visit.registry, 'image.delete', deleted)
  return emptyAnswer(204)
}

export const imageRoutes: readonly ImageRoute[] = [
  route('GET', '/images', list, 'ignored'),
  route('POST', '/images', create, 'json'),
  route('GET', '/images/:id', show),
  route('PATCH', '/images/:id', change, 'json'),
  route('DELETE', '/images/:id', remove),
]

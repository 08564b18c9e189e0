/** Tags one by one. */
import { emptyAnswer } from '../answers.ts'
import type { ImageRecord } from '../model/image-record.ts'
import { NAME_LENGTH } from '../model/image-schema.ts'
import { characters } from '../model/json-schema.ts'
import { tooMany } from '../model/new-image.ts'
import { badRequest, notFound, Refusal } from '../refusal.ts'
import type { ImageVerb, ImageVisit } from '../visit.ts'
import { changeableImage } from './found-image.ts'
import { type ImageRoute, route } from './route.ts'

const add: ImageVerb = (visit) => {
  const [, tag = ''] = visit.names
  if (characters(tag) > NAME_LENGTH) {
    return Promise.resolve(badRequest(`Invalid tag: longer than ${NAME_LENGTH} characters.`))
  }
  return withTags(visit, (image) => {
    if (image.tags.includes(tag)) return image
    const tagged = { ...image, tags: [...image.tags, tag] }
    return tooMany(tagged, visit.registry.options.limits) ?? tagged
  })
}

const remove: ImageVerb = (visit) => {
  const [, tag = ''] = visit.names
  return withTags(visit, (image) => {
    if (!image.tags.includes(tag)) return notFound(`Image ${image.id} has no tag ${tag}.`)
    return { ...image, tags: image.tags.filter((one) => one !== tag) }
  })
}

async function withTags(
  visit: ImageVisit,
  change: (image: ImageRecord) => ImageRecord | Refusal,
): ReturnType<ImageVerb> {
  const seen = await changeableImage(visit, 'modify_image')
  if (seen instanceof Refusal) return seen
  const updatedAt = visit.registry.environment.clock.wallMs()
  const apply = (image: ImageRecord): ImageRecord | Refusal => {
    const changed = change(image)
    return changed instanceof Refusal || changed === image ? changed : { ...changed, updatedAt }
  }
  const changed = await visit.registry.records.change(visit.context, seen.id, apply, 'server')
  return changed instanceof Refusal ? changed : emptyAnswer(204)
}

export const tagRoutes: readonly ImageRoute[] = [
  route('PUT', '/images/:id/tags/:tag', add, 'ignored'),
  route('DELETE', '/images/:id/tags/:tag', remove, 'ignored'),
]

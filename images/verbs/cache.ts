/** The cache of images (OpenStack Glance, `api/v2/cached_images.py`). For administrators; 404 where there is no cache. */
import { emptyAnswer, jsonAnswer } from '../answers.ts'
import { cachedImages, cleanCache, dropEntry, pruneCache } from '../cache/cache-upkeep.ts'
import { queueImage } from '../cache/cached-image.ts'
import { notPermitted } from '../policy.ts'
import { badRequest, notFound, Refusal } from '../refusal.ts'
import type { ImageVerb, ImageVisit } from '../visit.ts'
import { type ImageRoute, route } from './route.ts'

function whereCached(policy: string, verb: ImageVerb): ImageVerb {
  return async (visit) => {
    if (!visit.caller.isAdmin) return notPermitted(policy)
    if (visit.registry.options.cache === undefined) {
      return notFound('Caching via API is not supported at this site.')
    }
    return await verb(visit)
  }
}

const SECOND_MS = 1000

const state: ImageVerb = async ({ registry, context }) => {
  const all = await cachedImages(registry, context)
  if (all instanceof Refusal) return all
  const cached = all.filter((image) => image.cached.state === 'cached')
  return jsonAnswer(200, {
    cached_images: cached.map(({ id, sizeBytes, cached: { hits, accessedAt, at } }) => {
      const { count, lastMs } = registry.cacheUse.unwritten(id)
      return {
        image_id: id,
        hits: hits + count,
        last_accessed: Math.max(accessedAt, lastMs) / SECOND_MS,
        last_modified: at / SECOND_MS,
        size: sizeBytes,
      }
    }),
    queued_images: all.filter((image) => image.cached.state === 'queued').map(({ id }) => id),
  })
}

const queue: ImageVerb = async (visit) => {
  const { registry, context } = visit
  const image = await named(visit)
  if (image instanceof Refusal) return image
  const queued = await queueImage(registry, context, image.id)
  if (queued instanceof Refusal) return queued
  if (queued.cached?.state === 'queued') registry.cacheUse.fill(registry, context, image.id)
  return emptyAnswer(202)
}

const remove: ImageVerb = async (visit) => {
  const image = await named(visit)
  if (image instanceof Refusal) return image
  const dropped = await dropEntry(visit.registry, visit.context, image)
  return dropped instanceof Refusal ? dropped : emptyAnswer(204)
}

async function named({ registry, context, names: [id = ''] }: ImageVisit) {
  const image = await registry.records.find(context, id.toLowerCase())
  if (image instanceof Refusal) return image
  return image === undefined || image.status === 'deleted' ? notFound(`Image ${id} not found.`) : image
}

const clear: ImageVerb = async ({ registry, context, request }) => {
  const target = (request.headers['x-image-cache-clear-target'] ?? '').toLowerCase()
  if (!['', 'cache', 'queue'].includes(target)) {
    return badRequest("If provided 'x-image-cache-clear-target' must be 'cache', 'queue' or empty string.")
  }
  const all = await cachedImages(registry, context)
  if (all instanceof Refusal) return all
  for (const image of all) {
    const kind = image.cached.state === 'cached' ? 'cache' : 'queue'
    if (target !== '' && target !== kind) continue
    const dropped = await dropEntry(registry, context, image)
    if (dropped instanceof Refusal) return dropped
  }
  return emptyAnswer(204)
}

const clean: ImageVerb = async ({ registry, context }) =>
  (await cleanCache(registry, context)) ?? emptyAnswer(200)

const prune: ImageVerb = async ({ registry, context }) => {
  const pruned = await pruneCache(registry, context)
  if (pruned instanceof Refusal) return pruned
  return jsonAnswer(200, { total_files_pruned: pruned.images, total_bytes_pruned: pruned.bytes })
}

/** What is cached is cached for every proxy: the cluster is one node. */
const nodes: ImageVerb = async (visit) => {
  const image = await named(visit)
  if (image instanceof Refusal) return image
  return jsonAnswer(200, image.cached?.state === 'cached' ? [visit.baseUrl] : [])
}

export const cacheRoutes: readonly ImageRoute[] = [
  route('GET', '/cache', whereCached('cache_list', state), 'ignored'),
  route('DELETE', '/cache', whereCached('cache_delete', clear), 'ignored'),
  route('PUT', '/cache/:id', whereCached('cache_image', queue), 'ignored'),
  route('DELETE', '/cache/:id', whereCached('cache_delete', remove), 'ignored'),
  route('GET', '/cache/nodes/:id', whereCached('list_cached_nodes', nodes), 'ignored'),
  route('POST', '/cache/clean', whereCached('cache_clean', clean), 'ignored'),
  route('POST', '/cache/prune', whereCached('cache_prune', prune), 'ignored'),
]

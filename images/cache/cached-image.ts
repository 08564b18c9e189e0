/**
 * The cache of images: copies in the cluster of images that are kept elsewhere, made when somebody asks for it, or downloads one. Every proxy
 * sees the same cache, for the record of the image says what is cached. Steps: 1. the record says `queued`, with the key of the copy; 2.
 * the copy is made, and held against the image's hash; 3. the record says `cached`. Died before 3: the sweeper begins anew,
 * under another key. An image that is in the cluster anyway is cached without a copy.
 */
import type { OperationContext } from '#store/operation.ts'
import { openOriginal } from '../data/download.ts'
import { keepingAlive } from '../data/heartbeat.ts'
import { placesOf, removePlaces } from '../data/leaving.ts'
import { newKey } from '../data/upload.ts'
import { copyChecked } from '../import/checked-copy.ts'
import type { CachedData, ImageRecord } from '../model/image-record.ts'
import { badRequest, Refusal } from '../refusal.ts'
import { onItsOwn, type Registry } from '../registry.ts'

/** Asks for a copy; one that is there, or asked for, stays. 400 for an image that is not active. */
export async function queueImage(
  { records, cluster, environment }: Registry,
  context: OperationContext,
  id: string,
): Promise<ImageRecord | Refusal> {
  const at = environment.clock.wallMs()
  return await records.change(
    context,
    id,
    (image) => {
      if (image.status !== 'active') {
        return badRequest('Only images with status active can be targeted for queueing')
      }
      if (image.cached !== undefined) return image
      const cached: CachedData = { state: 'queued', store: cluster.id, key: '', at, hits: 0, accessedAt: 0 }
      return { ...image, cached }
    },
    'server',
  )
}

/** Makes the copy that was asked for; the image, cached, or why it is not. It stays asked for when its stores are away. */
export async function fillCache(
  registry: Registry,
  context: OperationContext,
  id: string,
): Promise<ImageRecord | Refusal> {
  const own = onItsOwn(context)
  const claimed = await claim(registry, own, id)
  if (claimed instanceof Refusal || claimed.cached?.state !== 'queued') return claimed
  const { key } = claimed.cached
  const refused = await keepingAlive(registry, own, id, key, async () =>
    copyChecked(own, {
      read: await openOriginal(registry, own, claimed, undefined),
      target: registry.cluster,
      key,
      hashValue: claimed.hashValue,
    }),
  )
  const done = refused ?? (await conclude(registry, own, id, key))
  if (done instanceof Refusal) {
    registry.log.warn({ image: id, reason: done.message }, 'an image was not cached')
    await registry.cluster.remove(own, key)
  }
  return done
}

/** Whoever fills has a key of their own: one that was taken over concludes nothing, and what it brought goes. */
async function claim(
  registry: Registry,
  context: OperationContext,
  id: string,
): Promise<ImageRecord | Refusal> {
  const { records, cluster, environment } = registry
  const [key, at] = [newKey(registry, id), environment.clock.wallMs()]
  let before: CachedData | undefined
  const claimed = await records.change(
    context,
    id,
    (image) => {
      const { cached, locations } = image
      before = cached
      if (cached?.state !== 'queued') return image
      const there = locations.find(({ store }) => store === cluster.id)
      if (there === undefined) return { ...image, cached: { ...cached, key, at } }
      return { ...image, cached: { ...cached, key: there.key, at, state: 'cached' } }
    },
    'server',
  )
  if (!(claimed instanceof Refusal)) await removePlaces(registry, context, claimed, placesOf(before))
  return claimed
}

async function conclude(
  { records, environment }: Registry,
  context: OperationContext,
  id: string,
  key: string,
): Promise<ImageRecord | Refusal> {
  const at = environment.clock.wallMs()
  return await records.change(
    context,
    id,
    (image) => {
      const { cached } = image
      if (cached?.state !== 'queued' || cached.key !== key) return badRequest('It is not asked for any more.')
      return { ...image, cached: { ...cached, at, state: 'cached' } }
    },
    'server',
  )
}

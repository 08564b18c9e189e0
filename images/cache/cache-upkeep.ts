/** What keeps the cache of images small and right: entries go when they are told to, were used longest ago, or lead nowhere. */
import type { OperationContext } from '#store/operation.ts'
import { SILENCE_MS } from '../data/heartbeat.ts'
import { removePlaces } from '../data/leaving.ts'
import { type CachedData, type ImageRecord, isSamePlace } from '../model/image-record.ts'
import { Refusal } from '../refusal.ts'
import type { Registry } from '../registry.ts'
import { fillCache } from './cached-image.ts'

/** Takes an entry away, if it is still the one that was seen; then its bytes, unless they are the image's own. */
export async function dropEntry(
  registry: Registry,
  context: OperationContext,
  { id, cached }: ImageRecord,
): Promise<boolean | Refusal> {
  if (cached === undefined) return false
  let isDropped = false
  const changed = await registry.records.change(
    context,
    id,
    (image) => {
      isDropped = image.cached?.state === cached.state && image.cached.key === cached.key
      const { cached: _entry, ...rest } = image
      return isDropped ? rest : image
    },
    'server',
  )
  if (changed instanceof Refusal) return changed
  if (isDropped && cached.key !== '') await removePlaces(registry, context, changed, [cached])
  return isDropped
}

/** Every image with an entry. */
export async function cachedImages(
  { records }: Registry,
  context: OperationContext,
): Promise<readonly CachedImage[] | Refusal> {
  const all = await records.all(context)
  return all instanceof Refusal ? all : [...all].filter(isCached)
}

export type CachedImage = ImageRecord & { readonly cached: CachedData }

function isCached(image: ImageRecord): image is CachedImage {
  return image.cached !== undefined
}

/** Bytes that are there for the cache alone. */
function ownBytes({ cached, locations, sizeBytes }: CachedImage): number {
  return locations.some((location) => isSamePlace(location, cached)) ? 0 : (sizeBytes ?? 0)
}

export interface Pruned {
  readonly images: number
  readonly bytes: number
}

/** Takes away what was used longest ago until the rest is no longer than the cache may be. */
export async function pruneCache(registry: Registry, context: OperationContext): Promise<Pruned | Refusal> {
  const all = await cachedImages(registry, context)
  if (all instanceof Refusal) return all
  const cached = all
    .filter((image) => image.cached.state === 'cached' && ownBytes(image) > 0)
    .toSorted((left, right) => lastUse(registry, left) - lastUse(registry, right))
  let left = cached.reduce((sum, image) => sum + ownBytes(image), 0)
  const pruned = { images: 0, bytes: 0 }
  for (const image of cached) {
    if (left <= (registry.options.cache?.maxBytes ?? 0)) break
    const dropped = await dropEntry(registry, context, image)
    if (dropped instanceof Refusal) return dropped
    left -= ownBytes(image)
    if (!dropped) continue
    pruned.images += 1
    pruned.bytes += ownBytes(image)
  }
  return pruned
}

/** As far as this process knows. */
function lastUse({ cacheUse }: Registry, { id, cached: { accessedAt, at } }: CachedImage): number {
  return Math.max(accessedAt, at, cacheUse.unwritten(id).lastMs)
}

/** Takes away entries whose bytes are gone, and what was asked for and not come by in all the time that it had. */
export async function cleanCache(
  registry: Registry,
  context: OperationContext,
): Promise<Refusal | undefined> {
  const all = await cachedImages(registry, context)
  if (all instanceof Refusal) return all
  for (const image of all) {
    if (!(await isInvalid(registry, context, image))) continue
    const dropped = await dropEntry(registry, context, image)
    if (dropped instanceof Refusal) return dropped
  }
  return undefined
}

async function isInvalid(
  { cluster, environment, options }: Registry,
  context: OperationContext,
  { cached: { state, at, key } }: CachedImage,
): Promise<boolean> {
  if (state === 'cached') return (await cluster.map(context, key)) === 'absent'
  return environment.clock.wallMs() - at > (options.cache?.stallMs ?? 0)
}

/** Copies that were asked for and that nobody is at; then what is too much. For the sweeper. */
export async function tendCache(registry: Registry, context: OperationContext): Promise<void> {
  const { environment, options } = registry
  const all = options.cache === undefined ? [] : await cachedImages(registry, context)
  if (all instanceof Refusal) return
  for (const { id, cached } of all) {
    const isLeft = environment.clock.wallMs() - cached.at >= SILENCE_MS
    if (cached.state === 'queued' && isLeft) await fillCache(registry, context, id)
  }
  if (all.length > 0) await pruneCache(registry, context)
}

/**
 * Counts who uses the cache, and caches what is downloaded from elsewhere. Uses are counted in memory and written to the record
 * now and then: figures are that old, and those of a process that dies are lost.
 */
import type { OperationContext } from '#store/operation.ts'
import type { ImageRecord } from '../model/image-record.ts'
import { Refusal } from '../refusal.ts'
import { onItsOwn, type Registry } from '../registry.ts'
import { pruneCache } from './cache-upkeep.ts'
import { fillCache, queueImage } from './cached-image.ts'

/** Between two writes of the figures of one image, milliseconds. */
const WRITTEN_EVERY_MS = 60_000

interface Uses {
  count: number
  lastMs: number
  writtenMs: number
}

export class CacheUse {
  readonly #uses = new Map<string, Uses>()
  readonly #filling = new Set<string>()

  /** Uses that no record tells yet. */
  unwritten(id: string): { readonly count: number; readonly lastMs: number } {
    return this.#uses.get(id) ?? { count: 0, lastMs: 0 }
  }

  /** A download from the cache. */
  hit(registry: Registry, context: OperationContext, { id }: ImageRecord): void {
    const nowMs = registry.environment.clock.wallMs()
    const uses = this.#uses.get(id) ?? { count: 0, lastMs: 0, writtenMs: Number.NEGATIVE_INFINITY }
    uses.count += 1
    uses.lastMs = nowMs
    this.#uses.set(id, uses)
    if (nowMs - uses.writtenMs < WRITTEN_EVERY_MS) return
    uses.writtenMs = nowMs
    this.#write(registry, onItsOwn(context), id, uses).catch(() => {})
  }

  async #write(registry: Registry, context: OperationContext, id: string, uses: Uses): Promise<void> {
    const { count, lastMs } = uses
    const written = await registry.records.change(
      context,
      id,
      (image) => {
        const { cached } = image
        if (cached?.state !== 'cached') return image
        const accessedAt = Math.max(cached.accessedAt, lastMs)
        return { ...image, cached: { ...cached, hits: cached.hits + count, accessedAt } }
      },
      'server',
    )
    if (!(written instanceof Refusal)) uses.count -= count
  }

  /** A download from elsewhere: the next one is to come from the cache. */
  miss(registry: Registry, context: OperationContext, { id, cached, sizeBytes }: ImageRecord): void {
    const fits = (sizeBytes ?? 0) <= (registry.options.cache?.maxBytes ?? 0)
    if (cached === undefined && fits) this.fill(registry, context, id)
  }

  /** Asks for the copy and makes it, behind the back of whoever asked. */
  fill(registry: Registry, context: OperationContext, id: string): void {
    if (this.#filling.has(id)) return
    this.#filling.add(id)
    this.#fillNow(registry, onItsOwn(context), id)
      .catch((error: unknown) => registry.log.warn({ err: error, image: id }, 'an image was not cached'))
      .finally(() => this.#filling.delete(id))
  }

  async #fillNow(registry: Registry, context: OperationContext, id: string): Promise<void> {
    const queued = await queueImage(registry, context, id)
    if (queued instanceof Refusal) return
    await fillCache(registry, context, id)
    await pruneCache(registry, context)
  }
}

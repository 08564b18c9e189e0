/**
 * Puts right what died half-way: images whose bytes nobody brings any more become `queued` again (those that were being
 * copied stay `active`), objects that share bytes no more are forgotten, those that were kept for an image are let go of, and
 * bytes are removed that no record names, or that one remembers as leaving a store. All is safe beside everything that goes on:
 * a key is named in a record before the first byte is stored under it, and a key that no record names is never named again.
 */
import type { OperationContext } from '#store/operation.ts'
import { tendCache } from '../cache/cache-upkeep.ts'
import { undoImport } from '../import/undo-import.ts'
import { type ImageRecord, namesPlace, type PendingData } from '../model/image-record.ts'
import { Refusal } from '../refusal.ts'
import type { Registry } from '../registry.ts'
import { SILENCE_MS } from './heartbeat.ts'
import { releaseObjects } from './held-objects.ts'
import { MAY_COME_BACK_MS, removePlaces } from './leaving.ts'
import { RESUMABLE_KEPT_MS } from './resumable.ts'
import { dropReferences } from './shared-bytes.ts'
import { giveUp } from './upload.ts'

/** How long the record of a deleted image keeps its id taken, milliseconds. */
export const DELETED_KEPT_MS = 30 * 24 * 3_600_000

export interface Swept {
  /** Uploads and imports that nobody was at any more. */
  readonly givenUp: number
  /** Objects that share the bytes of an image no more. */
  readonly droppedReferences: number
  /** Objects that were kept for images and are no more. */
  readonly releasedObjects: number
  /** Keys under which there were bytes that no record names. */
  readonly removedKeys: number
  /** Places elsewhere whose bytes could not be removed now. */
  readonly leftBytes: number
  /** Shares in blocks that no image has any more. */
  readonly freedBlocks: number
  readonly forgottenTasks: number
  readonly forgottenImages: number
}

/**
 * One round. Rejects when the cluster cannot be asked; what was done until then stays done. All blocks that images share are
 * looked at once a day, or `now`.
 */
export async function sweep(
  registry: Registry,
  context: OperationContext,
  blocks: 'daily' | 'now' = 'daily',
): Promise<Swept> {
  const givenUp = await giveUpSilent(registry, context)
  let droppedReferences = 0
  for (const image of await allImages(registry, context)) {
    droppedReferences += await dropReferences(registry, context, image)
  }
  const releasedObjects = await releaseObjects(registry, context)
  const removedKeys = await removeUnnamed(registry, context)
  const leftBytes = await removeRemembered(registry, context)
  const freedBlocks = await freeBlocks(registry, context, blocks)
  await tendCache(registry, context)
  const forgottenTasks = await registry.tasks.forgetExpired(context)
  const forgottenImages = await forgetDeleted(registry, context)
  return {
    givenUp,
    droppedReferences,
    releasedObjects,
    removedKeys,
    leftBytes,
    freedBlocks,
    forgottenTasks,
    forgottenImages,
  }
}

async function allImages({ records }: Registry, context: OperationContext): Promise<readonly ImageRecord[]> {
  const all = await records.all(context)
  if (all instanceof Refusal) throw new Error(all.message)
  return [...all]
}

async function giveUpSilent(registry: Registry, context: OperationContext): Promise<number> {
  const nowMs = registry.environment.clock.wallMs()
  let count = 0
  for (const image of await allImages(registry, context)) {
    const { pending } = image
    if (pending === undefined || nowMs - pending.aliveAt < keptMs(pending)) continue
    await giveUpOne(registry, context, image, pending)
    count += 1
  }
  return count
}

function keptMs({ kind }: PendingData): number {
  return kind === 'resumable' ? RESUMABLE_KEPT_MS : SILENCE_MS
}

async function giveUpOne(
  registry: Registry,
  context: OperationContext,
  image: ImageRecord,
  pending: PendingData,
): Promise<void> {
  const until = registry.environment.clock.wallMs() + MAY_COME_BACK_MS
  if (pending.kind === 'import') {
    await undoImport(registry, context, image, { ...pending, until })
    return
  }
  const store = { id: pending.store }
  await giveUp(registry, context, { id: image.id, key: pending.key, store, until })
}

async function removeUnnamed(registry: Registry, context: OperationContext): Promise<number> {
  const objects = await registry.cluster.list(context, '')
  if (objects === undefined) throw new Error('the data of images cannot be listed now')
  const keys = new Set(objects.map(({ name }) => name.split('/', 2).join('/')))
  const known = new Map((await allImages(registry, context)).map((image) => [image.id, image]))
  let count = 0
  for (const key of keys) {
    const id = key.slice(0, key.indexOf('/'))
    const remembered = known.get(id)
    if (remembered !== undefined && namesPlace(remembered, { store: registry.cluster.id, key })) continue
    // Read after the bytes were seen: who named the key did so before.
    const image = await registry.records.find(context, id)
    if (image instanceof Refusal) throw new Error(image.message)
    if (image !== undefined && namesPlace(image, { store: registry.cluster.id, key })) continue
    if (await registry.cluster.remove(context, key)) count += 1
  }
  return count
}

async function freeBlocks(
  { blockSweeper, records, cluster }: Registry,
  context: OperationContext,
  when: 'daily' | 'now',
): Promise<number> {
  const isDue = await blockSweeper.isDue(context)
  if (when === 'daily' && !isDue) return 0
  return await blockSweeper.sweep(context, async (key) => {
    const image = await records.find(context, key.slice(0, key.indexOf('/')))
    if (image instanceof Refusal) throw new Error(image.message)
    return image !== undefined && namesPlace(image, { store: cluster.id, key })
  })
}

async function removeRemembered(registry: Registry, context: OperationContext): Promise<number> {
  let left = 0
  for (const image of await allImages(registry, context)) {
    if (image.leaving === undefined) continue
    // As it is now: what is named again since is not leaving.
    const now = await registry.records.find(context, image.id)
    if (now !== undefined && !(now instanceof Refusal)) left += await removePlaces(registry, context, now)
  }
  return left
}

async function forgetDeleted(registry: Registry, context: OperationContext): Promise<number> {
  const before = registry.environment.clock.wallMs() - DELETED_KEPT_MS
  const isOld = ({ status, updatedAt, leaving, references }: ImageRecord): boolean =>
    status === 'deleted' && updatedAt < before && leaving === undefined && references === undefined
  let count = 0
  for (const image of await allImages(registry, context)) {
    if (isOld(image) && (await registry.records.forget(context, image.id, isOld))) count += 1
  }
  return count
}

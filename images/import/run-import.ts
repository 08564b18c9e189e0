/**
 * An import, after it was begun (`begin-import.ts`). The order of steps; each is one change of the image's record or makes
 * bytes that no record names yet:
 *
 * 1. `importing`, with the task, the key of new bytes, and the stores that are waited for;
 * 2. the bytes are brought to the first store: from the URI, or they are the staged ones; each further store gets a copy,
 *    which must have the same hash;
 * 3. `active` with every place that was reached, the lock taken off; what was staged and is no place goes.
 *
 * A failure makes the image `queued` again (or leaves it `active`, when copies were asked for) and removes what was brought.
 * Died before 3: the mark of life grows old, and the sweeper does that.
 */
import type { OperationContext } from '#store/operation.ts'
import type { Json } from '../answers.ts'
import { openOriginal } from '../data/download.ts'
import { keepingAlive } from '../data/heartbeat.ts'
import type { ImageStore } from '../data/image-store.ts'
import { leave, placesOf, removePlaces } from '../data/leaving.ts'
import { signedOtherwise } from '../data/new-intake.ts'
import { withFacts } from '../data/upload.ts'
import { type ImageFacts, type ImageLocation, type ImageRecord, isSamePlace } from '../model/image-record.ts'
import { isGone } from '../model/image-status.ts'
import { conflict, Refusal, unavailable } from '../refusal.ts'
import { onItsOwn, type Registry } from '../registry.ts'
import { type BegunImport, FAILED_PROPERTY, WAITING_PROPERTY } from './begin-import.ts'
import { copyChecked } from './checked-copy.ts'
import { firstCopy, type Said, type Taken } from './first-copy.ts'
import type { ImportOrder } from './import-order.ts'
import { makeDisks } from './ova-disks.ts'
import { undoImport, unlocked } from './undo-import.ts'

interface Brought {
  readonly said?: Said | undefined
  /** What the bytes are, if they are new. */
  readonly facts: ImageFacts | undefined
  readonly locations: readonly ImageLocation[]
  readonly failedStores: readonly string[]
}

/** Does the rest of the import and tells the task; never rejects. */
export async function runImport(
  registry: Registry,
  context: OperationContext,
  order: ImportOrder,
  begun: BegunImport,
): Promise<ImageRecord | Refusal> {
  const own = onItsOwn(context)
  const { taskId, image, key } = begun
  await registry.tasks.report(own, taskId, { status: 'processing' })
  const outcome = await keepingAlive(registry, own, image.id, key, () => attempt(registry, own, order, begun))
  const done = outcome instanceof Refusal ? outcome : await conclude(registry, own, begun, outcome)
  if (done instanceof Refusal) await undo(registry, own, begun, done)
  const news =
    done instanceof Refusal
      ? ({ status: 'failure', message: done.message } as const)
      : await successOf(registry, own, order, begun, done)
  await registry.tasks.report(own, taskId, news)
  return done
}

/** What the task tells of an import that is done; where it was asked for, the disks of an OVA become images first. */
async function successOf(
  registry: Registry,
  context: OperationContext,
  { extractsDisks }: ImportOrder,
  { stores }: BegunImport,
  image: ImageRecord,
): Promise<{ readonly status: 'success'; readonly message: string; readonly result: Json }> {
  const copied = `Copied ${stores.length} stores`
  if (!extractsDisks) return { status: 'success', message: copied, result: { image_id: image.id } }
  const { ids, refusal } = await makeDisks(registry, context, image)
  const message =
    refusal === undefined ? copied : `${copied}; not all disks became images: ${refusal.message}`
  return { status: 'success', message, result: { image_id: image.id, disk_images: [...ids] } }
}

async function attempt(
  registry: Registry,
  context: OperationContext,
  order: ImportOrder,
  begun: BegunImport,
): Promise<Brought | Refusal> {
  try {
    return await bring(registry, context, order, begun)
  } catch (error) {
    registry.log.error({ err: error, image: begun.image.id }, 'an import failed')
    return unavailable('The import failed inside the server.')
  }
}

async function bring(
  registry: Registry,
  context: OperationContext,
  order: ImportOrder,
  begun: BegunImport,
): Promise<Brought | Refusal> {
  const { image, stores } = begun
  if (order.method === 'copy-image') {
    const original = { locations: image.locations, hashValue: image.hashValue }
    return await copyTo(registry, context, {
      ...begun,
      ...original,
      order,
      targets: stores,
      facts: undefined,
    })
  }
  const reached = await reachOne(registry, context, order, begun)
  if (reached instanceof Refusal) return reached
  const { first, others, facts, said } = reached
  const locations = [{ store: first.id, key: reached.key }]
  const original = { locations, hashValue: facts.hashValue }
  const copied = await copyTo(registry, context, { ...begun, ...original, order, targets: others, facts })
  if (copied instanceof Refusal) return copied
  return { ...copied, said, failedStores: [...reached.failedStores, ...copied.failedStores] }
}

interface Reached extends Taken {
  readonly first: ImageStore
  readonly others: readonly ImageStore[]
  readonly failedStores: readonly string[]
}

/** The first store that takes the bytes; stores that do not are passed over where not all must. */
async function reachOne(
  registry: Registry,
  context: OperationContext,
  order: ImportOrder,
  begun: BegunImport,
): Promise<Reached | Refusal> {
  const failedStores: string[] = []
  let refusal: Refusal = conflict('No store is left.')
  for (const [at, first] of begun.stores.entries()) {
    const taken = await firstCopy(registry, context, order, begun, first)
    if (!(taken instanceof Refusal)) {
      return { ...taken, first, others: begun.stores.slice(at + 1), failedStores }
    }
    refusal = taken
    // What is wrong with the bytes is wrong in every store.
    if (order.mustAllSucceed || taken.status !== 503) break
    failedStores.push(first.id)
  }
  return refusal
}

interface Copying extends BegunImport {
  readonly order: ImportOrder
  readonly targets: readonly ImageStore[]
  readonly locations: readonly ImageLocation[]
  readonly hashValue: string | null
  readonly facts: ImageFacts | undefined
}

/** To every further store, one after the other; progress is told in the image. */
async function copyTo(
  registry: Registry,
  context: OperationContext,
  { image, key, order, targets, locations, hashValue, facts }: Copying,
): Promise<Brought | Refusal> {
  const reached = [...locations]
  const failedStores: string[] = []
  for (const target of targets) {
    const read = await openOriginal(registry, context, { locations }, undefined)
    const copied = await copyChecked(context, { read, target, key, hashValue })
    if (copied instanceof Refusal && order.mustAllSucceed) return copied
    if (copied instanceof Refusal) failedStores.push(target.id)
    else reached.push({ store: target.id, key })
    await tellProgress(registry, context, image.id, targets, reached, failedStores)
  }
  return { facts, locations: reached, failedStores }
}

async function tellProgress(
  { records }: Registry,
  context: OperationContext,
  id: string,
  targets: readonly ImageStore[],
  reached: readonly ImageLocation[],
  failed: readonly string[],
): Promise<void> {
  const isOver = (store: ImageStore): boolean =>
    failed.includes(store.id) || reached.some((location) => location.store === store.id)
  const waiting = targets.filter((store) => !isOver(store)).map((store) => store.id)
  const progress = { [WAITING_PROPERTY]: waiting.join(','), [FAILED_PROPERTY]: failed.join(',') }
  await records.change(
    context,
    id,
    (now) => ({ ...now, properties: { ...now.properties, ...progress } }),
    'server',
  )
}

/** Step 3. What was brought to stores that failed leaves them. */
async function conclude(
  registry: Registry,
  context: OperationContext,
  { image: { id, staged, locations: before }, key }: BegunImport,
  { facts, said, locations, failedStores }: Brought,
): Promise<ImageRecord | Refusal> {
  const left = [...failedStores.map((store) => ({ store, key })), ...placesOf(staged)]
  const added = locations.filter((one) => !before.some((place) => isSamePlace(place, one)))
  const concluded = await registry.records.change(
    context,
    id,
    (image) => {
      if (isGone(image) || image.pending?.key !== key)
        return conflict(`Image ${id} is not being imported any more.`)
      const { pending: _done, staged: _moved, ...rest } = image
      const owned = { ...unlocked(rest.properties, failedStores), ...said?.properties }
      const properties = { ...facts?.found, ...owned }
      const otherwise = facts && signedOtherwise({ properties }, facts)
      if (otherwise !== undefined) return otherwise
      const updatedAt = registry.environment.clock.wallMs()
      // A copy changes nothing but places; what others did to the image meanwhile stays.
      const status = image.status === 'importing' ? 'active' : image.status
      const places = [...rest.locations, ...added]
      const { diskFormat = rest.diskFormat, containerFormat = rest.containerFormat } = said ?? {}
      const formats = { diskFormat, containerFormat }
      const active = {
        ...withFacts(rest, facts),
        ...formats,
        status,
        properties,
        locations: places,
        updatedAt,
      }
      return leave(registry, active, left)
    },
    'server',
  )
  if (!(concluded instanceof Refusal)) await removePlaces(registry, context, concluded, left)
  return concluded
}

/** After a failure of an import that this process ran. */
async function undo(
  registry: Registry,
  context: OperationContext,
  { image, key, stores }: BegunImport,
  { message }: Refusal,
): Promise<void> {
  context.log.warn({ image: image.id, reason: message }, 'an import was undone')
  await undoImport(registry, context, image, { key, store: stores.map(({ id }) => id).join(',') })
}

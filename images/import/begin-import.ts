/** The first step of an import: the image is locked for one task, and says what it is waiting for. */
import type { OperationContext } from '#store/operation.ts'
import { SILENCE_MS } from '../data/heartbeat.ts'
import type { ImageStore } from '../data/image-store.ts'
import type { ImageRecord, PendingData } from '../model/image-record.ts'
import { formatsMissing, mayBecome, transitionMessage } from '../model/image-status.ts'
import { badRequest, conflict, Refusal } from '../refusal.ts'
import type { Registry } from '../registry.ts'
import type { ImportOrder } from './import-order.ts'

/** Names of properties that only the server writes (OpenStack Glance). */
export const TASK_PROPERTY = 'os_glance_import_task'
export const WAITING_PROPERTY = 'os_glance_importing_to_stores'
export const FAILED_PROPERTY = 'os_glance_failed_import'

/** Why an image is not copied between stores. */
export const NOT_ACTIVE = 'Only images with status active can be targeted for copying'

export interface BegunImport {
  readonly taskId: string
  readonly image: ImageRecord
  /** In order; the first is filled from the source, the others from it. */
  readonly stores: readonly ImageStore[]
  readonly key: string
}

/** 400 and 409 where the image is not ready for it. */
export async function beginImport(
  { records, environment }: Registry,
  context: OperationContext,
  {
    id,
    order,
    taskId,
    key,
  }: { readonly id: string; readonly order: ImportOrder; readonly taskId: string; readonly key: string },
): Promise<BegunImport | Refusal> {
  const nowMs = environment.clock.wallMs()
  let stores: readonly ImageStore[] = []
  const image = await records.change(
    context,
    id,
    (before) => {
      const chosen = storesLeft(before, order)
      if (chosen instanceof Refusal) return chosen
      stores = chosen
      return importRefused(before, order, nowMs) ?? locked(before, { order, taskId, key, stores, nowMs })
    },
    'server',
  )
  return image instanceof Refusal ? image : { taskId, image, stores, key }
}

/** Copies go only to stores that have none. */
function storesLeft({ locations }: ImageRecord, order: ImportOrder): readonly ImageStore[] | Refusal {
  if (order.method !== 'copy-image') return order.stores
  const isThere = (store: ImageStore): boolean => locations.some((location) => location.store === store.id)
  if (order.isForAll) return order.stores.filter((store) => !isThere(store))
  const taken = order.stores.find(isThere)
  return taken === undefined
    ? order.stores
    : badRequest(`The image is already present at store '${taken.id}'.`)
}

function importRefused(image: ImageRecord, { method }: ImportOrder, nowMs: number): Refusal | undefined {
  const lock = image.properties[TASK_PROPERTY]
  const isAlive = image.pending !== undefined && nowMs - image.pending.aliveAt < SILENCE_MS
  if (typeof lock === 'string' && isAlive) return conflict(`Image has active task ${lock}.`)
  if (method === 'copy-image') {
    return image.status === 'active' ? undefined : conflict(NOT_ACTIVE)
  }
  const wanted = method === 'glance-direct' ? 'uploading' : 'queued'
  if (image.status !== wanted || (wanted === 'uploading' && image.staged === undefined)) {
    return conflict(`Only images with status ${wanted} can be targeted for ${method} import.`)
  }
  const missing = formatsMissing(image)
  if (missing !== undefined) return conflict(missing.message)
  return mayBecome(image.status, 'importing')
    ? undefined
    : conflict(transitionMessage(image.status, 'importing'))
}

interface Lock {
  readonly order: ImportOrder
  readonly taskId: string
  readonly key: string
  readonly stores: readonly ImageStore[]
  readonly nowMs: number
}

function locked(image: ImageRecord, { order, taskId, key, stores, nowMs }: Lock): ImageRecord {
  const pending: PendingData = {
    kind: 'import',
    key,
    store: stores.map(({ id }) => id).join(','),
    aliveAt: nowMs,
  }
  return {
    ...image,
    status: order.method === 'copy-image' ? image.status : 'importing',
    properties: {
      ...image.properties,
      [TASK_PROPERTY]: taskId,
      [WAITING_PROPERTY]: stores.map(({ id }) => id).join(','),
      [FAILED_PROPERTY]: '',
    },
    pending,
    updatedAt: nowMs,
  }
}

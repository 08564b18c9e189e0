/** Takes an import back that failed, or that nobody is at any more. */
import type { OperationContext } from '#store/operation.ts'
import { leave, placesOf, removePlaces } from '../data/leaving.ts'
import type { ImageRecord, LeavingData, PendingData } from '../model/image-record.ts'
import { isGone } from '../model/image-status.ts'
import { Refusal } from '../refusal.ts'
import type { Registry } from '../registry.ts'
import { FAILED_PROPERTY, TASK_PROPERTY, WAITING_PROPERTY } from './begin-import.ts'

/**
 * Makes an image what it was before an import under `key`, and removes what was brought. Staged bytes go, too: what cannot
 * be imported once cannot be imported again. An import that came to its end meanwhile is left alone: bytes that the record
 * names, as it is now, are never removed.
 */
export async function undoImport(
  registry: Registry,
  context: OperationContext,
  { id, staged, properties: { [TASK_PROPERTY]: taskId } }: ImageRecord,
  { key, store: targets, until }: Pick<PendingData, 'key' | 'store'> & Pick<LeavingData, 'until'>,
): Promise<void> {
  const brought = placesOf({ key, store: targets })
  const before = (image: ImageRecord): ImageRecord => {
    if (isGone(image) || image.pending?.key !== key) return image
    const { pending: _done, staged: _gone, ...rest } = image
    const properties = unlocked(rest.properties, targets.split(','))
    const left = leave(registry, { ...rest, properties }, brought, until)
    if (image.status !== 'importing') return left
    return { ...left, status: 'queued', sizeBytes: null, virtualSizeBytes: null }
  }
  const now = await registry.records.change(context, id, before, 'server')
  if (now instanceof Refusal || now.pending?.key === key) return
  if (now.locations.some((location) => location.key === key)) return
  await removePlaces(registry, context, now, [...brought, ...placesOf(staged)])
  if (typeof taskId !== 'string') return
  await registry.tasks.report(context, taskId, { status: 'failure', message: 'The import was cut off.' })
}

/** The lock goes; the two lists stay, empty, as in OpenStack Glance. */
export function unlocked(
  properties: ImageRecord['properties'],
  failedStores: readonly string[],
): ImageRecord['properties'] {
  const { [TASK_PROPERTY]: _lock, ...rest } = properties
  return { ...rest, [WAITING_PROPERTY]: '', [FAILED_PROPERTY]: failedStores.join(',') }
}

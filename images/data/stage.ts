/**
 * Staging: bytes are brought in and checked, and wait for an import. They are staged in the cluster, so that any proxy can
 * import what another staged, and an import into the cluster moves no bytes. Steps as in `upload.ts`:
 *
 * 1. the record says `uploading` and names the key; 2. the bytes are stored; 3. the record says that they are whole, and
 * what they are. Died before 3: as with an upload.
 */
import type { OperationContext } from '#store/operation.ts'
import { planOf } from '../conversion/import-plugins.ts'
import type { ImageFacts, ImageRecord, PendingData, StagedData } from '../model/image-record.ts'
import { isGone, transitionMessage, withStatus } from '../model/image-status.ts'
import { conflict, Refusal } from '../refusal.ts'
import { onItsOwn, type Registry } from '../registry.ts'
import { keepingAlive } from './heartbeat.ts'
import type { ByteSource } from './image-store.ts'
import { giveUp, newKey, takeBytes } from './upload.ts'

export interface Staging {
  readonly id: string
  readonly source: ByteSource
  readonly sizeBytes: number | undefined
}

/** The image, `uploading`, or why it is not. */
export async function stageImage(
  registry: Registry,
  context: OperationContext,
  staging: Staging,
): Promise<ImageRecord | Refusal> {
  const { id } = staging
  const store = registry.cluster
  const key = newKey(registry, id)
  const begun = await beginStaging(registry, context, staging, key)
  if (begun instanceof Refusal) return begun
  const mayBePacked = planOf(registry, begun).unpacks
  const taken = { ...staging, key, store, declared: begun, mayBePacked }
  const facts = await keepingAlive(registry, context, id, key, () => takeBytes(registry, context, taken))
  const staged = facts instanceof Refusal ? facts : await finish(registry, context, { id, key, facts })
  if (staged instanceof Refusal) await giveUp(registry, context, { id, key, store })
  return staged
}

function beginStaging(
  { records, environment, cluster }: Registry,
  context: OperationContext,
  { id, sizeBytes }: Staging,
  key: string,
): Promise<ImageRecord | Refusal> {
  const nowMs = environment.clock.wallMs()
  const pending: PendingData = {
    kind: 'stage',
    key,
    store: cluster.id,
    aliveAt: nowMs,
    totalBytes: sizeBytes,
  }
  const begin = (image: ImageRecord): ImageRecord | Refusal => {
    const uploading = withStatus(image, 'uploading')
    return uploading instanceof Refusal ? uploading : { ...uploading, pending, updatedAt: nowMs }
  }
  return records.change(context, id, begin, 'server')
}

function finish(
  { records, cluster, environment }: Registry,
  context: OperationContext,
  { id, key, facts }: { readonly id: string; readonly key: string; readonly facts: ImageFacts },
): Promise<ImageRecord | Refusal> {
  const sizeBytes = facts.sizeBytes ?? 0
  const staged: StagedData = { key, store: cluster.id, sizeBytes, facts }
  const end = (image: ImageRecord): ImageRecord | Refusal => {
    if (isGone(image)) return new Refusal(410, `Image ${id} was deleted while its data came.`)
    if (image.pending?.key !== key) return conflict(transitionMessage(image.status, 'uploading'))
    const { pending: _done, ...rest } = image
    return { ...rest, staged, sizeBytes, updatedAt: environment.clock.wallMs() }
  }
  return records.change(onItsOwn(context), id, end, 'server')
}

/**
 * The uploads of a bucket that is gone. Steps for each: the expirer's queue is told to look after its parts, then its record
 * goes; at last the container of the records. The container of the parts goes when the last part has been looked after.
 */
import type { Store } from '../contract.ts'
import type { DeferPartsCheck } from '../deferred-checks.ts'
import { inParallel } from '../large-objects/in-parallel.ts'
import type { ContainerName, OperationContext } from '../operation.ts'
import { partsContainerOf, uploadIn, uploadsContainerOf } from './upload-names.ts'

const PAGE = 1_000
const LANES = 4
/** So long after its record goes, an upload is looked after at the latest; seconds. */
const CHECK_AFTER_SECONDS = 60

export interface UploadsToEnd {
  readonly store: Store
  readonly checkParts: DeferPartsCheck
  readonly context: OperationContext
  readonly bucket: ContainerName
}

/** What cannot be ended now is ended when the delete is asked for again. */
export async function endUploads({ store, checkParts, context, bucket }: UploadsToEnd): Promise<void> {
  const container = uploadsContainerOf(bucket)
  for (;;) {
    const listing = { limit: PAGE, reverse: false, reservedNames: 'shown' } as const
    const read = await store.containers.read(context, container, { listing })
    if (read.kind !== 'found') return
    const rows = (read.page?.entries() ?? []).filter((row) => row.kind === 'object')
    let isStuck = false
    await inParallel(rows, LANES, async (row) => {
      const upload = uploadIn(row.name)
      const check = upload && { name: { ...bucket, object: upload.key }, uploadId: upload.uploadId }
      const when = { afterSeconds: CHECK_AFTER_SECONDS }
      const queued = check === undefined ? undefined : await checkParts(context, check, when)
      if (queued !== undefined && queued.kind !== 'queued') isStuck = true
      else {
        const deleted = await store.objects.delete(context, { ...container, object: row.name }, {})
        if (deleted.kind !== 'deleted' && deleted.kind !== 'no_such_object') isStuck = true
      }
    })
    if (isStuck) return
    if (rows.length < PAGE) break
  }
  await store.containers.delete(context, container)
  await store.containers.delete(context, partsContainerOf(bucket))
}

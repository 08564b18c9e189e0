/**
 * A multipart upload is given up. Steps: the expirer's queue is told to look after its parts later, for those that are on
 * their way; the record goes, on the condition that nobody has begun to complete the upload; the queue is told once more, to
 * look now. Who dies before the second step has left an upload as it was; who dies after it, parts that the first task finds.
 */
import type { StoreFailure } from '../failure.ts'
import type { ObjectName, OperationContext } from '../operation.ts'
import { CHECK_LATER_SECONDS, isClaimed, type UploadBusy } from './complete-upload.ts'
import type { MultipartDeps } from './multipart-uploads.ts'
import { type NoSuchUpload, readUpload } from './upload-record.ts'

/** How often a record that changes meanwhile is looked at again. */
const TRIES = 4

export type Aborted = { readonly kind: 'aborted' } | NoSuchUpload | UploadBusy | StoreFailure

export async function abortUpload(
  deps: MultipartDeps,
  context: OperationContext,
  { name, uploadId }: { readonly name: ObjectName; readonly uploadId: string },
): Promise<Aborted> {
  const { store, clock, checkParts, endUpload } = deps
  for (let tries = 0; tries < TRIES; tries += 1) {
    const upload = await readUpload(store, context, name, uploadId)
    if (upload.kind !== 'upload') return upload
    if (isClaimed(upload, clock.wallMs())) return { kind: 'upload_busy' }
    const queued = await checkParts(context, { name, uploadId }, { afterSeconds: CHECK_LATER_SECONDS })
    if (queued.kind !== 'queued') return queued
    const ended = await endUpload(context, upload)
    if (ended.kind === 'deleted' || ended.kind === 'no_such_object') {
      await checkParts(context, { name, uploadId }, { afterSeconds: 0 })
      return { kind: 'aborted' }
    }
    if (ended.kind !== 'precondition_failed') return ended
  }
  return { kind: 'upload_busy' }
}

/**
 * A part of a multipart upload. It is acknowledged only when a listing shows it: what completes the upload finds parts by the
 * listing alone. A part that comes while its upload is completed or aborted removes itself; one whose proxy dies before that
 * is found by the check that whoever ended the upload has left for later (`parts-check.ts`).
 */
import { isoForm } from '#base/timestamp.ts'
import type { HeaderMap } from '#http/message.ts'
import type { ObjectPut } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import type { ObjectName, OperationContext } from '../operation.ts'
import { ROW_ETAG } from '../symlinks/link-metadata.ts'
import type { MultipartDeps } from './multipart-uploads.ts'
import { listedChecksum } from './parts.ts'
import { partNameOf } from './upload-names.ts'
import { type NoSuchUpload, readUpload } from './upload-record.ts'

export interface PartPut extends Pick<ObjectPut, 'body' | 'expectedEtag' | 'limitBytes' | 'customerKey'> {
  readonly number: number
  /** Stored with the part. */
  readonly metadata?: HeaderMap | undefined
  /** What is kept of the part besides, known when its body was read. `etag_mismatch`: nothing is stored. */
  readonly atEnd?: (() => PartEnd | 'etag_mismatch') | undefined
}

export interface PartEnd {
  /** Told by the listing of parts. */
  readonly checksum: string | undefined
}

export type PartStored =
  | {
      readonly kind: 'stored'
      readonly etag: string
      readonly sizeBytes: number
      readonly lastModified: string
    }
  | NoSuchUpload
  | StoreFailure

export async function putPart(
  deps: MultipartDeps,
  context: OperationContext,
  { name, uploadId }: { readonly name: ObjectName; readonly uploadId: string },
  part: PartPut,
): Promise<PartStored> {
  const { store, timestamps } = deps
  const upload = await readUpload(store, context, name, uploadId)
  if (upload.kind !== 'upload') {
    await part.body.cancel()
    return upload
  }
  const sentAt = await timestamps.next()
  const place = partNameOf(name, uploadId, part.number, sentAt)
  const { number: _number, atEnd, metadata = {}, ...put } = part
  const stored = await store.objects.put(context, place, {
    ...put,
    contentType: 'application/octet-stream',
    metadata,
    atEnd: ({ etag }) => {
      const end = atEnd?.()
      if (end === 'etag_mismatch') return end
      return end?.checksum === undefined ? {} : { [ROW_ETAG]: listedChecksum(etag, end.checksum) }
    },
  })
  if (stored.kind !== 'created') return stored
  const still = await readUpload(store, context, name, uploadId)
  if (still.kind === 'no_such_upload') {
    await store.objects.delete(context, place, {})
    return still
  }
  if (stored.listingPending) return { kind: 'unavailable', reason: 'the listing lacks the part for now' }
  const { etag, sizeBytes, timestamp } = stored
  return { kind: 'stored', etag, sizeBytes, lastModified: isoForm(timestamp) }
}

/**
 * Multipart uploads: an object is sent in parts, in any order, by several senders at once, and becomes one when its sender
 * says so (S3). No layer but operations over the whole store, as copies are: a part is an object, what parts make together is
 * a static large object, and quotas, versions and encryption see them as such. `docs/decisions/0010-multipart.md` says in which
 * order things are written, and why nothing is lost or left over.
 */
import type { Clock, Random } from '#base/environment.ts'
import type { ObjectDeleteOutcome, Store } from '../contract.ts'
import type { DeferPartsCheck } from '../deferred-checks.ts'
import type { StoreFailure } from '../failure.ts'
import type { FeatureDeps } from '../features.ts'
import type { ContainerName, ObjectName, OperationContext } from '../operation.ts'
import { type Aborted, abortUpload } from './abort-upload.ts'
import { type Begun, beginUpload, type UploadToBegin } from './begin-upload.ts'
import { type Completion, type CompletionOutcome, completeUpload } from './complete-upload.ts'
import { listUploads, type UploadsPage, type UploadsQuery } from './list-uploads.ts'
import { type ListedParts, listParts } from './parts.ts'
import { type PartPut, type PartStored, putPart } from './put-part.ts'
import { recordNameOf } from './upload-names.ts'
import { type NoSuchUpload, readUpload, type Upload } from './upload-record.ts'

export interface MultipartOptions {
  /** With all features. */
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly timestamps: FeatureDeps['timestamps']
  readonly checkParts: DeferPartsCheck
}

/** What the operations work with. */
export interface MultipartDeps extends MultipartOptions {
  /** Removes the record, if it is still the one that was read. */
  readonly endUpload: (context: OperationContext, upload: Upload) => Promise<ObjectDeleteOutcome>
}

/** One upload of one object. */
export interface UploadName {
  readonly name: ObjectName
  readonly uploadId: string
}

export class MultipartUploads {
  readonly #deps: MultipartDeps

  constructor(options: MultipartOptions) {
    const { store } = options
    this.#deps = {
      ...options,
      endUpload: (context, { name, id, seen }) =>
        store.objects.delete(context, recordNameOf(name, id), { condition: { kind: 'unchanged', ...seen } }),
    }
  }

  begin(context: OperationContext, name: ObjectName, upload: UploadToBegin): Promise<Begun> {
    return beginUpload(this.#deps, own(context), name, upload)
  }

  read(
    context: OperationContext,
    { name, uploadId }: UploadName,
  ): Promise<Upload | NoSuchUpload | StoreFailure> {
    return readUpload(this.#deps.store, own(context), name, uploadId)
  }

  putPart(context: OperationContext, upload: UploadName, part: PartPut): Promise<PartStored> {
    return putPart(this.#deps, own(context), upload, part)
  }

  /** All parts of an upload, or of the object that it has become. */
  parts(context: OperationContext, { name, uploadId }: UploadName): Promise<ListedParts | StoreFailure> {
    return listParts(this.#deps.store, own(context), name, uploadId)
  }

  complete<Refusal extends { readonly kind: string }>(
    context: OperationContext,
    completion: Completion<Refusal>,
  ): Promise<CompletionOutcome<Refusal>> {
    return completeUpload(this.#deps, own(context), completion)
  }

  abort(context: OperationContext, upload: UploadName): Promise<Aborted> {
    return abortUpload(this.#deps, own(context), upload)
  }

  list(
    context: OperationContext,
    bucket: ContainerName,
    query: UploadsQuery,
  ): Promise<UploadsPage | StoreFailure> {
    return listUploads(this.#deps.store, own(context), bucket, query)
  }
}

/** Records and parts are the cluster's own: whoever may do something to the object may do it to them. */
function own({ txId, signal, log, accountQuotas }: OperationContext): OperationContext {
  return { txId, signal, log, accountQuotas }
}

/**
 * A multipart upload is begun. Steps: the bucket says that it has had multipart uploads, so that whoever overwrites an object
 * looks for parts; the containers of parts and of records are there; then the record. Whoever dies before the last step has
 * left a bucket that is looked at more closely than it need be, or an empty container.
 */
import type { Store } from '../contract.ts'
import { customerKeyProof } from '../encryption/customer-keys.ts'
import type { StoreFailure } from '../failure.ts'
import type { ContainerName, ObjectName, OperationContext } from '../operation.ts'
import { isMade } from '../versions/container-versions.ts'
import type { MultipartDeps } from './multipart-uploads.ts'
import { makeUploadId, partsContainerOf, uploadsContainerOf } from './upload-names.ts'
import { writeUpload } from './upload-record.ts'

/** Of a bucket in which a multipart upload was ever begun. */
export const HAS_PARTS = 'x-container-sysmeta-s3-has-parts'
const CHANCE_BYTES = 16

export interface UploadToBegin {
  readonly contentType: string
  /** What is stored with the object when it is complete. */
  readonly metadata: Readonly<Record<string, string | undefined>>
  /** All parts are encrypted with it; what is kept is by what it is known again. */
  readonly customerKey?: Buffer | undefined
  /** What listings of uploads tell of it; any text. */
  readonly summary?: string | undefined
}

export type Begun = { readonly kind: 'begun'; readonly uploadId: string } | StoreFailure

export async function beginUpload(
  deps: MultipartDeps,
  context: OperationContext,
  name: ObjectName,
  { contentType, metadata: given, customerKey, summary }: UploadToBegin,
): Promise<Begun> {
  const { store, timestamps, random } = deps
  const unready = await makePartsReady(store, context, name)
  if (unready !== undefined) return unready
  const uploadId = makeUploadId(await timestamps.next(), random.bytes(CHANCE_BYTES))
  const proof = customerKey && customerKeyProof(random, customerKey)
  const metadata = { ...given, ...proof }
  const record = { name, id: uploadId, contentType, metadata, summary }
  const written = await writeUpload(store, context, record)
  return written.kind === 'created' ? { kind: 'begun', uploadId } : written
}

/** What keeps the containers for the parts of a bucket's objects from being ready; `undefined` when they are. */
export async function makePartsReady(
  store: Store,
  context: OperationContext,
  { account, container: name }: ContainerName | ObjectName,
): Promise<StoreFailure | undefined> {
  const bucket = { account, container: name }
  const info = await store.containers.info(context, bucket)
  if (info === undefined) return { kind: 'no_such_container' }
  const { metadata, policyIndex } = info
  if (metadata[HAS_PARTS] === undefined) {
    const marked = await store.containers.post(context, bucket, { [HAS_PARTS]: 'true' })
    if (marked.kind !== 'updated') return marked
  }
  for (const container of [partsContainerOf(bucket), uploadsContainerOf(bucket)]) {
    if ((await store.containers.info(context, container)) !== undefined) continue
    const made = await store.containers.put(context, container, { changes: {}, policyIndex })
    // It has another storage policy: parts may lie anywhere.
    if (!isMade(made) && made.kind !== 'conflict') return made
  }
  return undefined
}

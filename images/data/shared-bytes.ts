/**
 * An image becomes an object without a copy: the object says whose bytes it has (`store/image-objects/`), and the record of the
 * image names the object. Bytes stay as long as either is there. The order of steps:
 *
 * 1. the record, which must be active, names the object by a new reference, `making`: the bytes are kept from now on;
 * 2. the object is stored, with the reference in it;
 * 3. the record says `made`.
 *
 * Died before 2, or refused: the sweeper finds after a week that no object has the reference, and drops it. Died before 3:
 * it finds the object, and the reference stays. When an object is deleted or overwritten, however that came about, the
 * sweeper finds that it has the reference no more; a reference is in one object only, and never comes back.
 */
import type { ObjectPutReceipt } from '#store/contract.ts'
import type { StoreFailure } from '#store/failure.ts'
import { imageObjectPut, referenceIn } from '#store/image-objects/image-mark.ts'
import type { ObjectName, OperationContext } from '#store/operation.ts'
import type { ImageRecord, ImageReference } from '../model/image-record.ts'
import { badRequest, conflict, forbidden, notFound, overLimit, Refusal, unavailable } from '../refusal.ts'
import { newUuid, onItsOwn, type Registry } from '../registry.ts'

/**
 * An object that was not acknowledged, or whose container is gone, may still come to light for so long, by a device that was
 * away (`reclaim_age`). Milliseconds.
 */
const UNSURE_MS = 7 * 24 * 3_600_000
/** Objects of one image; its record is read with every use. */
const REFERENCES_MAX = 1000

export interface Export {
  readonly id: string
  readonly name: ObjectName
  readonly contentType: string
  readonly existing: 'kept' | 'overwritten'
}

/** The object's ETag and size, or why there is none. */
export async function exportImage(
  registry: Registry,
  context: OperationContext,
  wanted: Export,
): Promise<ObjectPutReceipt | Refusal> {
  const { name, id } = wanted
  const begun = await nameObject(registry, context, wanted)
  if (begun instanceof Refusal) return begun
  const { image, reference } = begun
  const put = await registry.store.objects.put(
    context,
    name,
    imageObjectPut({
      name,
      key: reference.key,
      reference: reference.id,
      etag: image.checksum ?? '',
      sizeBytes: image.sizeBytes ?? 0,
      contentType: wanted.contentType,
      condition: wanted.existing === 'kept' ? { kind: 'absent' } : undefined,
    }),
  )
  if (put.kind !== 'created') {
    const refusal = NOTHING_STORED[put.kind]
    if (refusal === undefined) return unavailable('Whether the object was stored is not known; try again.')
    await dropReference(registry, onItsOwn(context), id, reference.id)
    return refusal
  }
  const made = await confirm(registry, onItsOwn(context), id, reference.id)
  return made instanceof Refusal ? made : put
}

interface Named {
  readonly image: ImageRecord
  readonly reference: ImageReference
}

/** Step 1. 409 when the image is not active, or has no bytes in the cluster. */
async function nameObject(
  registry: Registry,
  context: OperationContext,
  { id, name: { account, container, object } }: Export,
): Promise<Named | Refusal> {
  const { cluster, records, environment } = registry
  const base = {
    id: newUuid(registry),
    store: cluster.id,
    account,
    container,
    object,
    state: 'making',
  } as const
  let reference: ImageReference | undefined
  const add = (image: ImageRecord): ImageRecord | Refusal => {
    const { references = [], locations, status } = image
    if (status !== 'active') return conflict(`Only active images become objects; this one is ${status}.`)
    const place = locations.find(({ store }) => store === cluster.id)
    if (place === undefined) {
      return conflict(`The image has no copy in the store '${cluster.id}'; copy-image makes one.`)
    }
    if (references.length >= REFERENCES_MAX)
      return overLimit(`An image is at most ${REFERENCES_MAX} objects.`)
    reference = { ...base, key: place.key, at: environment.clock.wallMs() }
    return { ...image, references: [...references, reference] }
  }
  const image = await records.change(context, id, add, 'server')
  if (image instanceof Refusal) return image
  return { image, reference: reference as ImageReference }
}

/** Step 3. */
async function confirm(
  { records }: Registry,
  context: OperationContext,
  imageId: string,
  referenceId: string,
): Promise<ImageRecord | Refusal> {
  const asMade = (reference: ImageReference): ImageReference =>
    reference.id === referenceId ? { ...reference, state: 'made' } : reference
  return await records.change(
    context,
    imageId,
    (image) => {
      const { references = [] } = image
      const isNamed = references.some(({ id }) => id === referenceId)
      if (!isNamed) return unavailable('It took too long; delete the object and try again.')
      return { ...image, references: references.map(asMade) }
    },
    'server',
  )
}

/** After these nothing was stored, and nothing will come to light. */
const NOTHING_STORED: Partial<Record<StoreFailure['kind'], Refusal>> = {
  precondition_failed: conflict('There is such an object already.'),
  bad_request: badRequest('A container that keeps versions cannot share the bytes of an image.'),
  no_such_container: notFound('There is no such container.'),
  no_such_account: notFound('There is no such account.'),
  over_quota: overLimit('There is no room for the object.'),
  read_only: forbidden('The object may not be written now.'),
  denied: forbidden('The object may not be written.'),
}

/** Drops the references of an image whose objects are there no more; how many those were. */
export async function dropReferences(
  registry: Registry,
  context: OperationContext,
  image: ImageRecord,
): Promise<number> {
  let dropped = 0
  for (const reference of image.references ?? []) {
    if (await hasObject(registry, context, reference)) continue
    const now = await dropReference(registry, context, image.id, reference.id, reference.state)
    if (!(now instanceof Refusal)) dropped += 1
  }
  return dropped
}

/** Whether there may be an object with the reference; what is not known, may be. */
async function hasObject(
  { store, environment }: Registry,
  context: OperationContext,
  { id, state, at, account, container, object }: ImageReference,
): Promise<boolean> {
  const ageMs = environment.clock.wallMs() - at
  if (state === 'making' && ageMs < UNSURE_MS) return true
  const name = { account, container, object }
  const options = { method: 'HEAD', conditions: {}, newest: true, certainty: 'confirmed' } as const
  const head = await store.objects.read(context, name, {
    ...options,
    symlink: 'as_stored',
    manifest: 'as_stored',
  })
  if (head.kind === 'found') return referenceIn(head.headers) === id
  if (head.kind === 'no_such_container' || head.kind === 'no_such_account') return ageMs < UNSURE_MS
  return head.kind !== 'no_such_object'
}

/** Only while it is in the state in which it was looked at: one that was made meanwhile stays. */
async function dropReference(
  { records }: Registry,
  context: OperationContext,
  imageId: string,
  referenceId: string,
  state: ImageReference['state'] = 'making',
): Promise<ImageRecord | Refusal> {
  return await records.change(
    context,
    imageId,
    (image) => {
      const { references = [], ...rest } = image
      const kept = references.filter((one) => one.id !== referenceId || one.state !== state)
      if (kept.length === references.length) return image
      return kept.length === 0 ? rest : { ...rest, references: kept }
    },
    'server',
  )
}

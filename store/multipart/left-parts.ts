/**
 * The layer that looks after the parts of objects that are overwritten or deleted, through whatever door: an object that was
 * made of a multipart upload owns its parts. Before it goes, the expirer's queue is told to look after its upload later
 * (whoever dies in between leaves no garbage), and once it is gone, to look at once.
 *
 * A bucket that never had a multipart upload costs a look at metadata that are at hand. In one that keeps versions, nothing
 * goes but by the delete of a version.
 */
import type {
  ObjectDelete,
  ObjectName,
  ObjectPut,
  OperationContext,
  Store,
  StoreFailure,
  StoreLayer,
} from '../contract.ts'
import type { DeferPartsCheck } from '../deferred-checks.ts'
import { objectsOver } from '../layering.ts'
import { versionsIn } from '../versions/kept-versions.ts'
import { NULL_VERSION } from '../versions/version-names.ts'
import { HAS_PARTS } from './begin-upload.ts'
import { CHECK_LATER_SECONDS } from './complete-upload.ts'
import { UPLOAD_ID_AT } from './parts-check.ts'

export function leftParts({ checkParts }: { readonly checkParts: DeferPartsCheck }): StoreLayer {
  return (inner) => ({
    ...inner,
    objects: objectsOver(inner.objects, {
      async put(context, name, put) {
        const replaced = await replacedBy(inner, context, name, put)
        return await watched({ checkParts, context, name, replaced }, 'created', () =>
          inner.objects.put(context, name, put),
        )
      },
      async delete(context, name, options) {
        const replaced = await deletedBy(inner, context, name, options)
        return await watched({ checkParts, context, name, replaced }, 'deleted', () =>
          inner.objects.delete(context, name, options),
        )
      },
    }),
  })
}

interface Watched {
  readonly checkParts: DeferPartsCheck
  readonly context: OperationContext
  readonly name: ObjectName
  /** The upload whose parts nothing may lead to afterwards. */
  readonly replaced: string | undefined
}

/** The write, with its upload looked after before and, if it was done, after it. */
async function watched<Outcome extends { readonly kind: string }>(
  { checkParts, context, name, replaced: uploadId }: Watched,
  done: Outcome['kind'],
  write: () => Promise<Outcome>,
): Promise<Outcome | StoreFailure> {
  if (uploadId === undefined) return await write()
  const queued = await checkParts(context, { name, uploadId }, { afterSeconds: CHECK_LATER_SECONDS })
  if (queued.kind !== 'queued') return queued
  const outcome = await write()
  if (outcome.kind === done) await checkParts(context, { name, uploadId }, { afterSeconds: 0 })
  return outcome
}

/** The upload that the object is made of which a PUT overwrites for good. */
async function replacedBy(
  store: Store,
  context: OperationContext,
  name: ObjectName,
  { versionId }: ObjectPut,
): Promise<string | undefined> {
  // A version that becomes the current one keeps what was there.
  if (versionId !== undefined || (await keepingOf(store, context, name)) !== 'nothing') return undefined
  return await uploadAt(store, context, name, undefined)
}

async function deletedBy(
  store: Store,
  context: OperationContext,
  name: ObjectName,
  { versionId }: ObjectDelete,
): Promise<string | undefined> {
  const keeping = await keepingOf(store, context, name)
  if (keeping === 'no_parts' || (keeping === 'versions' && versionId === undefined)) return undefined
  return await uploadAt(store, context, name, versionId)
}

/** What is overwritten in the container is kept (`versions`), or not; or it has no objects made of parts. */
async function keepingOf(
  store: Store,
  context: OperationContext,
  { account, container }: ObjectName,
): Promise<'no_parts' | 'versions' | 'nothing'> {
  const info = await store.containers.info(context, { account, container })
  if (info?.metadata[HAS_PARTS] === undefined) return 'no_parts'
  return versionsIn(info.metadata)?.keeping === 'on' ? 'versions' : 'nothing'
}

/** What cannot be read is taken for a plain object: the check that was left when it was completed finds its parts. */
async function uploadAt(
  store: Store,
  context: OperationContext,
  name: ObjectName,
  versionId: string | undefined,
): Promise<string | undefined> {
  const read = await store.objects.read(context, name, {
    method: 'HEAD',
    conditions: {},
    newest: true,
    manifest: 'as_stored',
    versionId,
  })
  if (read.kind !== 'found') return undefined
  const isKept = versionId === undefined && (read.trail?.versionId ?? NULL_VERSION) !== NULL_VERSION
  const isElsewhere = read.trail?.location !== undefined && read.trail.location.container !== name.container
  return isKept || isElsewhere ? undefined : read.headers[UPLOAD_ID_AT]
}

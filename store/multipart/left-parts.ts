/**
 * The layer that looks after the parts of objects that are overwritten or deleted, through whatever door: an object that was
 * made of a multipart upload owns its parts. Before it goes, the expirer's queue is told to look after its upload later
 * (whoever dies in between leaves no garbage), and once it is gone, to look at once.
 *
 * With a bucket go its uploads: whoever dies after its container is gone has left them to the next who asks to delete it, or
 * to find a bucket of its name.
 *
 * A bucket that never had a multipart upload costs a look at metadata that are at hand. In one that keeps versions, nothing
 * goes but by the delete of a version.
 */
import type { ObjectDelete, ObjectPut, Store, StoreLayer } from '../contract.ts'
import type { DeferPartsCheck } from '../deferred-checks.ts'
import type { StoreFailure } from '../failure.ts'
import { containersOver, objectsOver } from '../layering.ts'
import type { ObjectName, OperationContext } from '../operation.ts'
import { versionsIn } from '../versions/kept-versions.ts'
import { NULL_VERSION, RESERVED } from '../versions/version-names.ts'
import { HAS_PARTS } from './begin-upload.ts'
import { CHECK_LATER_SECONDS } from './complete-upload.ts'
import { endUploads } from './end-uploads.ts'
import { UPLOAD_ID_AT } from './upload-names.ts'

export function leftParts({ checkParts }: { readonly checkParts: DeferPartsCheck }): StoreLayer {
  return (inner) => ({
    accounts: inner.accounts,
    containers: containersOver(inner.containers, {
      async delete(context, name) {
        const deleted = await inner.containers.delete(context, name)
        const isGone = deleted.kind === 'deleted' || deleted.kind === 'no_such_container'
        if (isGone && !name.container.startsWith(RESERVED)) {
          await endUploads({ store: inner, checkParts, context, bucket: name })
        }
        return deleted
      },
    }),
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
  /** The uploads whose parts nothing may lead to afterwards. */
  readonly replaced: readonly string[]
}

/** The write, with its uploads looked after before and, if it was done, after it. */
async function watched<Outcome extends { readonly kind: string }>(
  { checkParts, context, name, replaced }: Watched,
  done: Outcome['kind'],
  write: () => Promise<Outcome>,
): Promise<Outcome | StoreFailure> {
  for (const uploadId of replaced) {
    const queued = await checkParts(context, { name, uploadId }, { afterSeconds: CHECK_LATER_SECONDS })
    if (queued.kind !== 'queued') return queued
  }
  const outcome = await write()
  if (outcome.kind !== done) return outcome
  for (const uploadId of replaced) await checkParts(context, { name, uploadId }, { afterSeconds: 0 })
  return outcome
}

const NONE: readonly string[] = []

/** The uploads that the objects are made of which a PUT overwrites for good. */
async function replacedBy(
  store: Store,
  context: OperationContext,
  name: ObjectName,
  { versionId, nullVersion }: ObjectPut,
): Promise<readonly string[]> {
  // A version that becomes the current one keeps what was there.
  if (versionId !== undefined) return NONE
  const keeping = await keepingOf(store, context, name)
  if (keeping === 'no_parts' || keeping === 'versions') return NONE
  return await replaced(store, context, name, keeping === 'null_version' ? nullVersion : undefined)
}

async function deletedBy(
  store: Store,
  context: OperationContext,
  name: ObjectName,
  { versionId, nullVersion }: ObjectDelete,
): Promise<readonly string[]> {
  const keeping = await keepingOf(store, context, name)
  if (keeping === 'no_parts' || (keeping === 'versions' && versionId === undefined)) return NONE
  if (versionId !== undefined) return listOf(await uploadAt(store, context, name, versionId))
  return await replaced(store, context, name, keeping === 'null_version' ? nullVersion : undefined)
}

/** What stands under the name, and, where it takes its place, the null version that is kept. */
async function replaced(
  store: Store,
  context: OperationContext,
  name: ObjectName,
  nullVersion: 'replaced' | undefined,
): Promise<readonly string[]> {
  const current = await uploadAt(store, context, name, undefined)
  if (nullVersion === undefined || current !== undefined) return listOf(current)
  return listOf(await uploadAt(store, context, name, NULL_VERSION))
}

function listOf(uploadId: string | undefined): readonly string[] {
  return uploadId === undefined ? NONE : [uploadId]
}

/** What becomes of what is overwritten: all of it is kept, all but the null version, nothing; or there are no parts. */
async function keepingOf(
  store: Store,
  context: OperationContext,
  { account, container }: ObjectName,
): Promise<'no_parts' | 'versions' | 'null_version' | 'nothing'> {
  const info = await store.containers.info(context, { account, container })
  if (info?.metadata[HAS_PARTS] === undefined) return 'no_parts'
  const kept = versionsIn(info.metadata)
  if (kept === undefined) return 'nothing'
  return kept.keeping === 'on' ? 'versions' : 'null_version'
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
    keyless: 'allowed',
    versionId,
    nullVersion: versionId === NULL_VERSION ? 'kept_too' : undefined,
  })
  if (read.kind !== 'found') return undefined
  const isKept = versionId === undefined && (read.trail?.versionId ?? NULL_VERSION) !== NULL_VERSION
  const isElsewhere =
    versionId === undefined &&
    read.trail?.location !== undefined &&
    read.trail.location.container !== name.container
  return isKept || isElsewhere ? undefined : read.headers[UPLOAD_ID_AT]
}

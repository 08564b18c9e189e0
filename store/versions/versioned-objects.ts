/** Which operation on an object is one on versions, and which passes as it is. */
import { offsetOf, type Timestamp } from '#base/timestamp.ts'
import type {
  ObjectDeleteOutcome,
  ObjectOperations,
  ObjectPost,
  ObjectPostReceipt,
  ObjectPut,
  ObjectReadOptions,
  ObjectReadOutcome,
  Store,
} from '../contract.ts'
import type { StoreFailure, VersionProblem } from '../failure.ts'
import type { FeatureDeps } from '../features.ts'
import type { ContainerName, ObjectName, OperationContext } from '../operation.ts'
import { letGo } from '../symlinks/follow.ts'
import { AS_STORED, isCurrent, lookAt } from './current-object.ts'
import { deleteObject } from './delete-object.ts'
import { deleteVersion } from './delete-version.ts'
import { deleteDictated, putDictated } from './dictated-version.ts'
import { VERSION_LINK, type Versions, versionsIn } from './kept-versions.ts'
import { keptNulls } from './null-version.ts'
import { putVersion, type VersionedWrite, withoutExpiry } from './put-version.ts'
import { readNullVersion, readVersion, withVersionTold } from './read-version.ts'
import { restoreVersion } from './restore-version.ts'
import { deleteForSuccessor } from './succession.ts'
import { deleteNull, putNull } from './suspended.ts'
import { NULL_VERSION, versionIdIn, versionNameOf } from './version-names.ts'
import { containerOf } from './written-container.ts'

export function versionedObjects(inner: Store, timestamps: FeatureDeps['timestamps']): ObjectOperations {
  const { objects, containers } = inner
  const writeTo = (context: OperationContext, name: ObjectName, container: string): VersionedWrite => {
    return { deps: { objects, timestamps }, context, name, container }
  }
  return {
    async read(context, name, options) {
      if (options.versionId !== undefined) return await readAsked(inner, context, name, options)
      const outcome = await objects.read(context, name, options)
      if (outcome.kind === 'unavailable' || outcome.kind === 'no_such_container') return outcome
      return withVersionTold(outcome, name, await containers.info(context, containerName(name)))
    },
    async put(context, name, put) {
      const { versionId, ...plain } = put
      if (versionId !== undefined) {
        const asked = await versionAsked(inner, context, name, versionId)
        if (asked.kind === 'version') {
          return await restoreVersion(writeTo(context, name, asked.container), containers, plain, asked.id)
        }
        await put.body.cancel()
        return asked
      }
      const kept = await keeping(inner, context, name, put)
      if (kept === undefined) return await objects.put(context, name, put)
      if ('container' in kept) {
        const write = writeTo(context, name, kept.container)
        if (kept.keeping === 'off') return await putNull(write, containers, plain)
        const id = dictatedId(plain)
        return id === undefined
          ? await putVersion(write, plain)
          : await putDictated(write, containers, plain, id)
      }
      await put.body.cancel()
      return kept
    },
    async post(context, name, { versionId, nullVersion, ...post }) {
      if (versionId === NULL_VERSION && nullVersion !== undefined) {
        const place = await nullPlace(inner, timestamps, context, name)
        if ('kind' in place) return place
        if (place.object !== name.object) {
          return await objects.post(context, place, { ...post, metadata: withoutExpiry(post.metadata) })
        }
      } else if (versionId !== undefined && versionId !== NULL_VERSION) {
        return await postVersion(inner, context, name, post, versionId)
      }
      const posted = await objects.post(context, name, post)
      if (posted.kind !== 'link_changed' || posted.stored[VERSION_LINK]?.toLowerCase() !== 'true') {
        return posted
      }
      const info = await containers.info(context, containerName(name))
      const kept = info === undefined ? undefined : versionsIn(info.metadata)
      const isHere = posted.target.account === name.account && posted.target.container === kept?.container
      if (!isHere) return posted
      const metadata = withoutExpiry(post.metadata)
      return await objects.post(context, posted.target, { ...post, metadata })
    },
    async delete(context, name, options) {
      const { versionId, ...plain } = options
      if (versionId !== undefined && options.successor !== undefined) {
        const write = (container: string): VersionedWrite => writeTo(context, name, container)
        return await deleteForNext(inner, context, name, versionId, write)
      }
      if (versionId === NULL_VERSION) return await objects.delete(context, name, plain)
      if (versionId !== undefined) {
        const asked = await versionAsked(inner, context, name, versionId)
        if (asked.kind !== 'version') return asked
        return await deleteVersion(writeTo(context, name, asked.container), asked.id, options)
      }
      const kept = await keeping(inner, context, name, options)
      if (kept === undefined) return await objects.delete(context, name, plain)
      if (!('container' in kept)) return kept
      const write = writeTo(context, name, kept.container)
      if (kept.keeping === 'off') return await deleteNull(write, containers, plain)
      const id = dictatedId(plain)
      return id === undefined
        ? await deleteObject(write, plain)
        : await deleteDictated(write, containers, plain, id)
    },
  }
}

/** A time that is dictated is the id of the version, if nothing is asked of what is there. */
function dictatedId({
  timestamp,
  condition,
}: Pick<ObjectPut, 'timestamp' | 'condition'>): Timestamp | undefined {
  return condition === undefined && timestamp !== undefined && offsetOf(timestamp) === 0
    ? timestamp
    : undefined
}

/** A delete of a version that leaves its place to the next. */
async function deleteForNext(
  inner: Store,
  context: OperationContext,
  name: ObjectName,
  versionId: string,
  writeTo: (container: string) => VersionedWrite,
): Promise<ObjectDeleteOutcome> {
  const { containers, objects } = inner
  if (versionId !== NULL_VERSION) {
    const asked = await versionAsked(inner, context, name, versionId)
    return asked.kind === 'version'
      ? await deleteForSuccessor(writeTo(asked.container), containers, asked.id)
      : asked
  }
  const kept = await versionsOf(inner, context, name)
  if (kept === undefined) return await objects.delete(context, name, {})
  return 'container' in kept
    ? await deleteForSuccessor(writeTo(kept.container), containers, NULL_VERSION)
    : kept
}

/** A read that names a version. */
async function readAsked(
  inner: Store,
  context: OperationContext,
  name: ObjectName,
  { versionId = NULL_VERSION, ...options }: ObjectReadOptions,
): Promise<ObjectReadOutcome> {
  if (versionId === NULL_VERSION) return await readNull(inner, context, name, options)
  const asked = await versionAsked(inner, context, name, versionId)
  return asked.kind === 'version'
    ? await readVersion(inner.objects, context, { name, ...asked }, options)
    : asked
}

/** The current object, if it was put without a version; else the null version that is kept. */
async function readNull(
  inner: Store,
  context: OperationContext,
  name: ObjectName,
  options: ObjectReadOptions,
): Promise<ObjectReadOutcome> {
  const current = await readNullVersion(inner.objects, context, name, options)
  const isElsewhere =
    current.kind === 'no_such_object' ||
    (current.kind === 'customer_key' && (await isVersion(inner, context, name)))
  if (!isElsewhere || options.nullVersion === undefined) return current
  const kept = await versionsOf(inner, context, name)
  if (kept === undefined) return current
  if ('kind' in kept) return kept
  const nulls = await keptNulls(inner.containers, context, name, kept.container)
  if ('kind' in nulls) return nulls
  const id = nulls[0]?.id
  if (id === undefined) return current
  const read = await readVersion(inner.objects, context, { name, container: kept.container, id }, options)
  return read.trail === undefined ? read : { ...read, trail: { ...read.trail, versionId: NULL_VERSION } }
}

/** What stands under the name is a version, and not the null one; nobody needs a key to know that. */
async function isVersion({ objects }: Store, context: OperationContext, name: ObjectName): Promise<boolean> {
  const read = await objects.read(context, name, { ...AS_STORED, method: 'HEAD' })
  await letGo(read)
  return read.kind === 'found' && read.headers[VERSION_LINK]?.toLowerCase() === 'true'
}

/** A POST that names a version. When the object expires is not told of its versions. */
async function postVersion(
  inner: Store,
  context: OperationContext,
  name: ObjectName,
  post: ObjectPost,
  versionId: string,
): Promise<ObjectPostReceipt | StoreFailure> {
  const asked = await versionAsked(inner, context, name, versionId)
  if (asked.kind !== 'version') return asked
  const metadata = withoutExpiry(post.metadata)
  return await inner.objects.post(context, versionNameOf(name, asked.container, asked.id), {
    ...post,
    metadata,
  })
}

/** Where the null version is: under the object's own name while nothing newer has taken its place there. */
async function nullPlace(
  inner: Store,
  timestamps: FeatureDeps['timestamps'],
  context: OperationContext,
  name: ObjectName,
): Promise<ObjectName | StoreFailure> {
  const seen = await lookAt({ objects: inner.objects, timestamps }, context, name)
  if (!isCurrent(seen)) return seen
  if (seen.kind === 'plain') return name
  const kept = await versionsOf(inner, context, name)
  if (kept !== undefined && 'kind' in kept) return kept
  const nulls = kept === undefined ? [] : await keptNulls(inner.containers, context, name, kept.container)
  if ('kind' in nulls) return nulls
  return nulls[0]?.place ?? { kind: 'no_such_object', headers: {} }
}

type Unavailable = Extract<StoreFailure, { readonly kind: 'unavailable' }>

/** How the container keeps versions; `undefined` of one that never did. */
async function versionsOf(
  { containers }: Store,
  context: OperationContext,
  name: ObjectName,
): Promise<Versions | undefined | Unavailable> {
  const found = await containerOf(containers, context, name)
  if (found.kind === 'unavailable') return found
  return found.kind === 'known' ? versionsIn(found.info.metadata) : undefined
}

/** What the container keeps now; `undefined` if no new versions, and none that is to be replaced. */
async function keeping(
  store: Store,
  context: OperationContext,
  name: ObjectName,
  { nullVersion }: Pick<ObjectPut, 'nullVersion'>,
): Promise<Versions | undefined | Unavailable> {
  const kept = await versionsOf(store, context, name)
  if (kept === undefined || 'kind' in kept) return kept
  return kept.keeping === 'on' || nullVersion === 'replaced' ? kept : undefined
}

type VersionAsked =
  | { readonly kind: 'version'; readonly id: Timestamp; readonly container: string }
  | Extract<StoreFailure, { readonly kind: 'unavailable' | 'version_refused' }>

async function versionAsked(
  { containers }: Store,
  context: OperationContext,
  name: ObjectName,
  written: string,
): Promise<VersionAsked> {
  const found = await containerOf(containers, context, name)
  if (found.kind === 'unavailable') return found
  const kept = found.kind === 'known' ? versionsIn(found.info.metadata) : undefined
  if (kept === undefined) return refused('container_not_versioned')
  const id = versionIdIn(written)
  return id === undefined ? refused('invalid_version_id') : { kind: 'version', id, container: kept.container }
}

function refused(problem: VersionProblem): Extract<StoreFailure, { readonly kind: 'version_refused' }> {
  return { kind: 'version_refused', problem }
}

function containerName({ account, container }: ObjectName): ContainerName {
  return { account, container }
}

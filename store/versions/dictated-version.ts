/**
 * PUT and DELETE in a container that keeps versions, at a time that whoever asks dictates: replicas come late, twice and in any
 * order, and in the end the newest version of an object is the current one, and none if that says that the object was
 * deleted. Steps: the version, at its time · the link (or its removal), at its time, which nothing older than that survives.
 *
 * Where the link was written later than its version (an object was put back, or written on top of what was kept), its time
 * says nothing: then it is looked which version is the newest, and if that is this one, the link is written on top of what was
 * seen. Whoever dies after the first step leaves a version that is listed; the same again, which finds the version there,
 * takes the second.
 */
import { justAfter, type Timestamp } from '#base/timestamp.ts'
import type {
  ContainerOperations,
  ObjectDelete,
  ObjectDeleteOutcome,
  ObjectPut,
  ObjectPutReceipt,
} from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import { isCurrent, lookAt, OVERTAKEN } from './current-object.ts'
import { readyToReplace, type VersionedWrite, withoutExpiry } from './put-version.ts'
import { linkedVersion } from './restore-version.ts'
import { linkedTo, newestVersion, unlinked } from './succession.ts'
import { DELETE_MARKER, type LinkedVersion, versionLink } from './version-link.ts'
import { versionNameOf } from './version-names.ts'

/** How often the link is tried on top of what others write meanwhile. */
const LINK_TRIES = 8
const NO_PLACE = { kind: 'version_refused', problem: 'no_versions_container' } as const

export async function putDictated(
  write: VersionedWrite,
  containers: ContainerOperations,
  put: ObjectPut,
  id: Timestamp,
): Promise<ObjectPutReceipt | StoreFailure> {
  const { deps, context, name, container } = write
  const version = versionNameOf(name, container, id)
  const metadata = withoutExpiry(put.metadata)
  const stored = await deps.objects.put(context, version, { ...put, metadata, timestamp: id })
  if (stored.kind === 'no_such_container') return NO_PLACE
  if (stored.kind !== 'created' && stored.kind !== 'conflict') return stored
  const receipt = stored.kind === 'created' ? stored : { ...NOTHING_WRITTEN, timestamp: id }
  const made = { ...receipt, timestamp: id, versionId: id }
  const linked = await linkedVersion(write, containers, version)
  if ('kind' in linked) return isGone(linked) ? made : linked
  return (await lead(write, containers, { id, linked })) ?? made
}

export async function deleteDictated(
  write: VersionedWrite,
  containers: ContainerOperations,
  { markerMetadata }: ObjectDelete,
  id: Timestamp,
): Promise<ObjectDeleteOutcome> {
  const { deps, context, name, container } = write
  const marker = versionNameOf(name, container, id)
  const metadata = markerMetadata ?? {}
  const stored = await deps.objects.put(context, marker, { ...DELETE_MARKER, metadata, timestamp: id })
  if (stored.kind === 'no_such_container') return NO_PLACE
  if (stored.kind !== 'created' && stored.kind !== 'conflict') return stored
  const unsettled = await lead(write, containers, { id, linked: undefined })
  if (unsettled !== undefined) return unsettled
  return { kind: 'deleted', timestamp: id, listingPending: false, versionId: id, isDeleteMarker: true }
}

/** Something as new was there: this version, or what says that it was deleted for good. */
const NOTHING_WRITTEN = { kind: 'created', etag: '', sizeBytes: 0, listingPending: false } as const

function isGone(failure: StoreFailure): boolean {
  return failure.kind === 'version_refused' && failure.problem === 'no_such_version'
}

interface Leading {
  readonly id: Timestamp
  /** `undefined` of a delete marker. */
  readonly linked: LinkedVersion | undefined
}

/** Has the name lead to the version, if that is the newest. `undefined`: it is settled. */
async function lead(
  write: VersionedWrite,
  containers: ContainerOperations,
  leading: Leading,
): Promise<StoreFailure | undefined> {
  const { deps, context, name } = write
  const seen = await lookAt(deps, context, name)
  if (!isCurrent(seen)) return seen
  if (seen.kind !== 'plain') {
    const written = await atItsTime(write, leading)
    if (written.kind !== 'conflict') return isWritten(written) ? undefined : written
  }
  return await settle(write, containers, leading.id)
}

type Written = { readonly kind: 'created' | 'deleted' } | StoreFailure

function atItsTime({ deps, context, name }: VersionedWrite, { id, linked }: Leading): Promise<Written> {
  if (linked === undefined) return deps.objects.delete(context, name, { timestamp: id })
  return deps.objects.put(context, name, { ...versionLink(linked, {}), timestamp: justAfter(id) })
}

function isWritten(written: Written): written is Extract<Written, { readonly kind: 'created' | 'deleted' }> {
  return written.kind === 'created' || written.kind === 'deleted' || written.kind === 'no_such_object'
}

async function settle(
  write: VersionedWrite,
  containers: ContainerOperations,
  id: Timestamp,
): Promise<StoreFailure | undefined> {
  const { name, container } = write
  const own = versionNameOf(name, container, id).object
  for (let tries = 0; tries < LINK_TRIES; tries += 1) {
    const seen = await readyToReplace(write, undefined)
    if (!isCurrent(seen)) return seen
    if (seen.kind === 'version' && seen.object === own) return undefined
    const newest = await newestVersion(write, containers)
    if ('kind' in newest) return newest
    if (newest.successor?.version !== own) return undefined
    const changed =
      newest.linked === undefined ? await unlinked(write, seen) : await linkedTo(write, seen, newest.linked)
    if (changed !== 'again') return changed === 'changed' ? undefined : changed
  }
  return OVERTAKEN
}

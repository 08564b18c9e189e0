/**
 * DELETE of one version as S3 means it: if it was the current one, the newest of those that are left becomes it. The successor
 * is made current first, and only then the version is deleted: whoever dies in between leaves a version that is listed and
 * is deleted when that is asked for again; at no moment is an object missing that should be there.
 */
import type { Timestamp } from '#base/timestamp.ts'
import type { ContainerOperations, ObjectDeleteOutcome } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import type { ObjectName } from '../operation.ts'
import { type Current, isCurrent, lookAt, OVERTAKEN, unchanged } from './current-object.ts'
import { keptNulls } from './null-version.ts'
import type { VersionedWrite } from './put-version.ts'
import { linkedVersion } from './restore-version.ts'
import { versionLink } from './version-link.ts'
import { DELETE_MARKER_TYPE, NULL_VERSION, versionNameOf, versionsPrefix } from './version-names.ts'

/** How often it is begun anew because somebody wrote the object meanwhile. */
const TRIES = 8
const NO_OBJECT = { kind: 'no_such_object', headers: {} } as const

/** `id`: of the version that goes; `null` of what was put without one, wherever it is. */
export async function deleteForSuccessor(
  write: VersionedWrite,
  containers: ContainerOperations,
  id: Timestamp | typeof NULL_VERSION,
): Promise<ObjectDeleteOutcome> {
  const { deps, context, name, container } = write
  for (let tries = 0; tries < TRIES; tries += 1) {
    const seen = await lookAt(deps, context, name)
    if (!isCurrent(seen)) return seen
    const goes = await placeOf(write, containers, id, seen)
    if ('kind' in goes) return goes.kind === 'nothing' ? { ...NO_OBJECT, versionId: id } : goes
    const stepped = await stepAside(write, containers, seen, goes)
    if (stepped === 'again') continue
    if (stepped !== undefined) return stepped
    if (goes.version === undefined) {
      return {
        kind: 'deleted',
        timestamp: await deps.timestamps.next(),
        listingPending: false,
        versionId: id,
      }
    }
    const deleted = await deps.objects.delete(
      context,
      { account: name.account, container, object: goes.version },
      {},
    )
    return deleted.kind === 'deleted' || deleted.kind === 'no_such_object'
      ? { ...deleted, versionId: id, ...(goes.isMarker ? { isDeleteMarker: true } : {}) }
      : deleted
  }
  return OVERTAKEN
}

interface Going {
  /** Its name among the versions; `undefined` of the object under the name itself. */
  readonly version: string | undefined
  readonly isMarker: boolean
}

/** Where the version lies that is to go. */
async function placeOf(
  { deps, context, name, container }: VersionedWrite,
  containers: ContainerOperations,
  id: Timestamp | typeof NULL_VERSION,
  seen: Current,
): Promise<Going | StoreFailure | { readonly kind: 'nothing' }> {
  if (id === NULL_VERSION && seen.kind === 'plain') return { version: undefined, isMarker: false }
  const kept = id === NULL_VERSION ? await keptNulls(containers, context, name, container) : []
  if ('kind' in kept) return kept
  const place = id === NULL_VERSION ? kept[0] : versionNameOf(name, container, id)
  if (place === undefined) return { kind: 'nothing' }
  const read = await deps.objects.read(context, place, {
    method: 'HEAD',
    conditions: {},
    newest: true,
    symlink: 'as_stored',
    manifest: 'as_stored',
  })
  if (read.kind === 'no_such_object' || read.kind === 'no_such_container') return { kind: 'nothing' }
  if (read.kind === 'not_modified') throw new Error('nothing was asked that could be unmodified')
  if (read.kind !== 'found') return read
  return { version: place.object, isMarker: read.headers['content-type'] === DELETE_MARKER_TYPE }
}

/** If what goes is the current one, or says that the object is deleted, the next one takes its place. */
async function stepAside(
  write: VersionedWrite,
  containers: ContainerOperations,
  seen: Current,
  { version: goes, isMarker }: Going,
): Promise<StoreFailure | 'again' | undefined> {
  const { deps, context, name, container } = write
  const isCurrentOne =
    goes === undefined
      ? seen.kind === 'plain'
      : seen.kind === 'version' && seen.container === container && seen.object === goes
  const newest = await newestBut(write, containers, goes)
  if (newest !== undefined && 'kind' in newest) return newest
  // A marker says that the object is deleted only while nothing newer is there.
  const isDeletion = seen.kind === 'absent' && isMarker && goes !== undefined && goes < (newest?.object ?? '')
  if (!isCurrentOne && !isDeletion) return undefined
  if (newest === undefined || newest.isMarker) {
    if (isDeletion) return undefined
    const removed = await deps.objects.delete(context, name, { condition: unchanged(seen) })
    if (removed.kind === 'precondition_failed') return 'again'
    return removed.kind === 'deleted' || removed.kind === 'no_such_object' ? undefined : removed
  }
  const version: ObjectName = { account: name.account, container, object: newest.object }
  const linked = await linkedVersion(write, containers, version)
  if ('kind' in linked) return linked.kind === 'version_refused' ? 'again' : linked
  const link = versionLink(linked, {})
  const made = await deps.objects.put(context, name, { ...link, condition: unchanged(seen) })
  if (made.kind === 'precondition_failed') return 'again'
  return made.kind === 'created' ? undefined : made
}

interface Newest {
  readonly object: string
  readonly isMarker: boolean
}

/** The newest version besides one. Names sort newest first. */
async function newestBut(
  { context, name, container }: VersionedWrite,
  containers: ContainerOperations,
  goes: string | undefined,
): Promise<Newest | StoreFailure | undefined> {
  const read = await containers.read(
    context,
    { account: name.account, container },
    { listing: { prefix: versionsPrefix(name.object), limit: 2, reverse: false, reservedNames: 'shown' } },
  )
  if (read.kind === 'no_such_container') return undefined
  if (read.kind !== 'found') return read
  const rows = (read.page?.entries() ?? []).filter((row) => row.kind === 'object' && row.name !== goes)
  const [row] = rows
  if (row?.kind !== 'object') return undefined
  return { object: row.name, isMarker: row.contentType === DELETE_MARKER_TYPE }
}

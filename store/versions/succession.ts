/**
 * DELETE of one version as S3 means it: if it was the current one, the newest of those that are left becomes it. The successor
 * is made current first, and only then the version is deleted: whoever dies in between leaves a version that is listed and
 * is deleted when that is asked for again; at no moment is an object missing that should be there.
 *
 * Of several deletes at the same moment one may take for the successor what another one deletes. Each first writes and then
 * looks: at the link, after its version is gone, and for the successor, after the link leads to it. So whoever comes last
 * sees both, and steps aside once more. A delete that is asked for again of a version that is gone does so, too.
 */
import type { Timestamp } from '#base/timestamp.ts'
import type { ContainerOperations, ObjectDeleteOutcome } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import { AS_STORED, type Current, isCurrent, lookAt, OVERTAKEN, unchanged } from './current-object.ts'
import { keptNulls } from './null-version.ts'
import type { VersionedWrite } from './put-version.ts'
import { linkedVersion } from './restore-version.ts'
import { type LinkedVersion, versionLink } from './version-link.ts'
import { DELETE_MARKER_TYPE, NULL_VERSION, versionNameOf, versionsPrefix } from './version-names.ts'

/** How often it is begun anew because somebody wrote the object meanwhile. */
const TRIES = 32
const NO_OBJECT = { kind: 'no_such_object', headers: {} } as const

/** `id`: of the version that goes; `null` of what was put without one, wherever it is. */
export async function deleteForSuccessor(
  write: VersionedWrite,
  containers: ContainerOperations,
  id: Timestamp | typeof NULL_VERSION,
): Promise<ObjectDeleteOutcome> {
  const { deps, context, name } = write
  for (let tries = 0; tries < TRIES; tries += 1) {
    const seen = await lookAt(deps, context, name)
    if (!isCurrent(seen)) return seen
    const goes = await placeOf(write, containers, id, seen)
    if (goes === undefined) return { ...NO_OBJECT, versionId: id }
    if ('kind' in goes) return goes
    const stepped = await stepAside(write, containers, seen, goes)
    if (stepped === 'again') continue
    if ('kind' in stepped) return stepped
    const deleted = await remove(write, goes)
    if (deleted.kind !== 'deleted' && deleted.kind !== 'no_such_object') return deleted
    const unsettled = await settle(write, containers, goes, stepped.successor)
    if (unsettled !== undefined) return unsettled
    return { ...deleted, versionId: id, ...(goes.isMarker ? { isDeleteMarker: true } : {}) }
  }
  return OVERTAKEN
}

/** What is under the name itself is gone when something else has taken its place there. */
async function remove(
  { deps, context, name, container }: VersionedWrite,
  goes: Going,
): Promise<ObjectDeleteOutcome> {
  if (goes.isGone === true) return NO_OBJECT
  if (goes.version !== undefined) {
    const version = { account: name.account, container, object: goes.version }
    return await deps.objects.delete(context, version, {})
  }
  return { kind: 'deleted', timestamp: await deps.timestamps.next(), listingPending: false }
}

/** Until the link leads neither to what went nor to a successor that somebody deleted meanwhile. */
async function settle(
  write: VersionedWrite,
  containers: ContainerOperations,
  went: Going,
  successor: Successor | undefined,
): Promise<StoreFailure | undefined> {
  const { deps, context, name } = write
  const gone: Going[] = [went]
  let relied = successor
  for (let tries = 0; tries < TRIES; tries += 1) {
    const there = relied === undefined ? true : await isThere(write, relied)
    if (typeof there !== 'boolean') return there
    if (!there && relied !== undefined) gone.push(relied)
    relied = undefined
    const goes = gone.at(-1)
    if (goes === undefined) return undefined
    const seen = await lookAt(deps, context, name)
    if (!isCurrent(seen)) return seen
    const stepped = await stepAside(write, containers, seen, goes)
    if (stepped === 'again') continue
    if ('kind' in stepped) return stepped
    gone.pop()
    relied = stepped.successor
  }
  return OVERTAKEN
}

async function isThere(
  { deps, context, name, container }: VersionedWrite,
  { version }: Successor,
): Promise<boolean | StoreFailure> {
  const place = { account: name.account, container, object: version }
  const read = await deps.objects.read(context, place, { ...AS_STORED, method: 'HEAD' })
  if (read.kind === 'not_modified') throw new Error('nothing was asked that could be unmodified')
  if (read.kind === 'found') return true
  return read.kind === 'no_such_object' || read.kind === 'no_such_container' ? false : read
}

interface Going {
  /** Its name among the versions; `undefined` of the object under the name itself. */
  readonly version: string | undefined
  readonly isMarker: boolean
  /** Nothing is left of it. */
  readonly isGone?: boolean
}

/** What stands for the object when another version has gone. */
interface Successor {
  readonly version: string
  readonly isMarker: boolean
}

/** Where the version lies that is to go, or lay; `undefined` when there is none that was put without an id. */
async function placeOf(
  { deps, context, name, container }: VersionedWrite,
  containers: ContainerOperations,
  id: Timestamp | typeof NULL_VERSION,
  seen: Current,
): Promise<Going | StoreFailure | undefined> {
  if (id === NULL_VERSION && seen.kind === 'plain') return { version: undefined, isMarker: false }
  const kept = id === NULL_VERSION ? await keptNulls(containers, context, name, container) : []
  if ('kind' in kept) return kept
  const place = id === NULL_VERSION ? kept[0]?.place : versionNameOf(name, container, id)
  if (place === undefined) return undefined
  const read = await deps.objects.read(context, place, { ...AS_STORED, method: 'HEAD' })
  if (read.kind === 'not_modified') throw new Error('nothing was asked that could be unmodified')
  const isGone = read.kind === 'no_such_object' || read.kind === 'no_such_container'
  if (read.kind !== 'found' && !isGone) return read
  const isMarker = read.kind === 'found' && read.headers['content-type'] === DELETE_MARKER_TYPE
  return { version: place.object, isMarker, isGone }
}

interface Stepped {
  /** What took its place, or says that the object is deleted; `undefined` when nothing had to be done, or nothing is left. */
  readonly successor: Successor | undefined
}

const NOTHING_TO_DO: Stepped = { successor: undefined }

/** If what goes is the current one, or says that the object is deleted, the next one takes its place. */
async function stepAside(
  write: VersionedWrite,
  containers: ContainerOperations,
  seen: Current,
  goes: Going,
): Promise<Stepped | StoreFailure | 'again'> {
  const isCurrentOne = isCurrentNow(write, seen, goes)
  const saysDeleted = seen.kind === 'absent' && goes.isMarker
  if (!isCurrentOne && !saysDeleted) return NOTHING_TO_DO
  const next = await nextAfter(write, containers, goes)
  if ('kind' in next) return next
  const { successor, linked } = next
  // A marker says that the object is deleted only while nothing newer is there.
  if (saysDeleted && (goes.version ?? '') >= (successor?.version ?? '')) return NOTHING_TO_DO
  const changed = linked === undefined ? await unlinked(write, seen) : await linkedTo(write, seen, linked)
  return changed === 'changed' ? { successor } : changed
}

function isCurrentNow({ container }: VersionedWrite, seen: Current, { version: goes }: Going): boolean {
  if (goes === undefined) return seen.kind === 'plain'
  return seen.kind === 'version' && seen.container === container && seen.object === goes
}

export async function unlinked(
  { deps, context, name }: VersionedWrite,
  seen: Current,
): Promise<StoreFailure | 'changed' | 'again'> {
  if (seen.kind === 'absent') return 'changed'
  const removed = await deps.objects.delete(context, name, { condition: unchanged(seen) })
  if (removed.kind === 'precondition_failed') return 'again'
  return removed.kind === 'deleted' || removed.kind === 'no_such_object' ? 'changed' : removed
}

export async function linkedTo(
  { deps, context, name }: VersionedWrite,
  seen: Current,
  linked: LinkedVersion,
): Promise<StoreFailure | 'changed' | 'again'> {
  const link = versionLink(linked, {})
  const made = await deps.objects.put(context, name, { ...link, condition: unchanged(seen) })
  if (made.kind === 'precondition_failed') return 'again'
  return made.kind === 'created' ? 'changed' : made
}

interface Next {
  readonly successor: Successor | undefined
  /** What a link to it says; `undefined` of a marker, which has none. */
  readonly linked: LinkedVersion | undefined
}

/** Versions that are looked at for one that is there: rows of those being deleted at this moment are still listed. */
const CANDIDATES = 64

/** The newest of all versions. */
export function newestVersion(
  write: VersionedWrite,
  containers: ContainerOperations,
): Promise<Next | StoreFailure> {
  return nextAfter(write, containers, { version: undefined, isMarker: false })
}

/** The newest version besides one that is there. Names sort newest first. */
async function nextAfter(
  write: VersionedWrite,
  containers: ContainerOperations,
  { version: goes }: Going,
): Promise<Next | StoreFailure> {
  const { context, name, container } = write
  const read = await containers.read(
    context,
    { account: name.account, container },
    {
      listing: {
        prefix: versionsPrefix(name.object),
        limit: CANDIDATES,
        reverse: false,
        reservedNames: 'shown',
      },
    },
  )
  if (read.kind !== 'found' && read.kind !== 'no_such_container') return read
  const rows = read.kind === 'found' ? (read.page?.entries() ?? []) : []
  for (const row of rows) {
    if (row.kind !== 'object' || row.name === goes) continue
    const successor = { version: row.name, isMarker: row.contentType === DELETE_MARKER_TYPE }
    if (successor.isMarker) return { successor, linked: undefined }
    const version = { account: name.account, container, object: row.name }
    const linked = await linkedVersion(write, containers, version)
    if (!('kind' in linked)) return { successor, linked }
    if (linked.kind !== 'version_refused') return linked
  }
  return rows.length < CANDIDATES ? { successor: undefined, linked: undefined } : OVERTAKEN
}

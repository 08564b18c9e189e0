/**
 * Of an object there is one null version: the newest. Every write of one looks, once it is durable, at what stands under the
 * name and at what is kept, and takes away whatever is older than the newest of all. Of several at the same moment, whoever
 * looks last sees the others; each of them comes to the same answer, because times are in one order. So of a PUT and a
 * DELETE at once either the object is left or the marker, never both and never neither.
 *
 * What is written after another write was answered has a later time, through other proxies too: each writer looks first
 * (`seeNewest`), so that its clock has seen the newest there is.
 */
import type { Timestamp } from '#base/timestamp.ts'
import type { ContainerOperations, ObjectDeleteReceipt } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import { seenIn } from '../object-state.ts'
import { type Current, isCurrent, lookAt, OVERTAKEN, unchanged } from './current-object.ts'
import { type KeptNull, keptNulls } from './null-version.ts'
import type { VersionedWrite } from './put-version.ts'
import { versionIn, versionsPrefix } from './version-names.ts'

/** How often it is looked again because somebody wrote the object meanwhile. */
const TRIES = 8

/** The clock learns the time of the newest version that is kept. */
export async function seeNewest(
  { deps, context, name, container }: VersionedWrite,
  containers: ContainerOperations,
): Promise<StoreFailure | undefined> {
  const listing = {
    prefix: versionsPrefix(name.object),
    limit: 1,
    reverse: false,
    reservedNames: 'shown',
  } as const
  const read = await containers.read(context, { account: name.account, container }, { listing })
  if (read.kind === 'no_such_container') return undefined
  if (read.kind !== 'found') return read
  const [row] = read.page?.entries() ?? []
  const newest = row?.kind === 'object' ? versionIn(row.name)?.id : undefined
  if (newest !== undefined) deps.timestamps.observe(newest)
  return undefined
}

export interface OnlyNull {
  readonly kind: 'settled'
  /** What stood under the name and was older than a marker, if there was such a thing. */
  readonly removed: ObjectDeleteReceipt | undefined
}

/** Takes away all null versions but the newest. */
export async function keepOnlyNewest(
  write: VersionedWrite,
  containers: ContainerOperations,
): Promise<OnlyNull | StoreFailure> {
  const { deps, context, name, container } = write
  for (let tries = 0; tries < TRIES; tries += 1) {
    const seen = await lookAt(deps, context, name)
    if (!isCurrent(seen)) return seen
    const kept = await keptNulls(containers, context, name, container)
    if ('kind' in kept) return kept
    const counted = kept.filter(({ isConditional }) => !isConditional)
    const removed = await removeOlder(write, seen, latest(counted.filter(({ isMarker }) => isMarker)))
    if (removed === 'again') continue
    if (removed !== undefined && removed.kind !== 'deleted') return removed
    const plain =
      seen.kind === 'plain' && removed === undefined ? [{ id: seenIn(seen.headers).writtenAt }] : []
    const failure = await deleteOlder(write, kept, latest([...counted, ...plain]))
    return failure ?? { kind: 'settled', removed }
  }
  return OVERTAKEN
}

function latest(times: readonly { readonly id: Timestamp }[]): Timestamp | undefined {
  return times
    .map(({ id }) => id)
    .toSorted()
    .at(-1)
}

/** What stands under the name goes if the object was deleted after it was written. */
async function removeOlder(
  { deps, context, name }: VersionedWrite,
  seen: Current,
  deletedAt: Timestamp | undefined,
): Promise<ObjectDeleteReceipt | StoreFailure | 'again' | undefined> {
  if (seen.kind === 'absent' || deletedAt === undefined || deletedAt < timeOf(seen)) return undefined
  const removed = await deps.objects.delete(context, name, { condition: unchanged(seen) })
  return removed.kind === 'precondition_failed' || removed.kind === 'no_such_object' ? 'again' : removed
}

/** Of a link, that of the version: links are written anew when the version before them becomes the current one. */
function timeOf(seen: Exclude<Current, { readonly kind: 'absent' }>): Timestamp {
  const version = seen.kind === 'version' ? versionIn(seen.object)?.id : undefined
  return version ?? seenIn(seen.headers).writtenAt
}

async function deleteOlder(
  { deps, context }: VersionedWrite,
  kept: readonly KeptNull[],
  newest: Timestamp | undefined,
): Promise<StoreFailure | undefined> {
  if (newest === undefined) return undefined
  for (const { id, place } of kept) {
    if (id >= newest) continue
    const deleted = await deps.objects.delete(context, place, {})
    if (deleted.kind !== 'deleted' && deleted.kind !== 'no_such_object') return deleted
  }
  return undefined
}

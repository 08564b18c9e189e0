/**
 * PUT in a container that keeps versions. Steps, each durable before the next:
 *
 *  1. what is there now is looked at; the clock learns its time, so that the new version is newer;
 *  2. if it was put without a version it becomes one (`keep-plain.ts`);
 *  3. the new version is written, under an id that nothing has had;
 *  4. the link under the object's name is written, which makes the version the current one.
 *
 * Nobody is told 201 before step 4. Whoever dies before has changed nothing that a plain read shows: at most there is one
 * more version than was acknowledged, which is listed, counted, and can be deleted like any other. So no step needs a record
 * of what was intended. A new link never hides an object that was not kept: where step 2 copied something, and where
 * the client has set a condition, the link is written only on top of what was seen, else step 1 comes again.
 */
import { justAfter, type Timestamp } from '#base/timestamp.ts'
import type { HeaderMap } from '#http/message.ts'
import type { WriteCondition } from '../condition.ts'
import type { ObjectPut, ObjectPutReceipt } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import type { ObjectName, OperationContext } from '../operation.ts'
import { EMPTY_MD5, rowParametersIn } from '../symlinks/link-metadata.ts'
import {
  type Current,
  holdsFor,
  isCurrent,
  lookAt,
  OVERTAKEN,
  unchanged,
  type VersionsDeps,
} from './current-object.ts'
import { keepPlain } from './keep-plain.ts'
import { mediaType, shownSize, versionLink } from './version-link.ts'
import { versionNameOf } from './version-names.ts'

/** How often a link is tried on top of what others write meanwhile. */
const LINK_TRIES = 8

export interface VersionedWrite {
  readonly deps: VersionsDeps
  readonly context: OperationContext
  readonly name: ObjectName
  /** The hidden container. */
  readonly container: string
}

export async function putVersion(
  write: VersionedWrite,
  put: ObjectPut,
): Promise<ObjectPutReceipt | StoreFailure> {
  const { deps, context, name, container } = write
  const seen = await readyToReplace(write, put.condition)
  if (!isCurrent(seen)) {
    await put.body.cancel()
    return seen
  }
  const id = put.timestamp ?? (await deps.timestamps.next())
  const version = versionNameOf(name, container, id)
  const { atEnd } = put
  let toldAtEnd: HeaderMap = {}
  const stored = await deps.objects.put(context, version, {
    ...put,
    atEnd:
      atEnd &&
      ((body) => {
        const more = atEnd(body)
        if (more !== 'etag_mismatch') toldAtEnd = more
        return more
      }),
    metadata: withoutExpiry(put.metadata),
    condition: undefined,
    timestamp: id,
  })
  if (stored.kind === 'no_such_container') {
    return { kind: 'version_refused', problem: 'no_versions_container' }
  }
  if (stored.kind !== 'created') return stored
  const link = versionLink(
    {
      name: version,
      etag: put.link?.etag ?? stored.etag,
      sizeBytes: shownSize(put.metadata, stored.sizeBytes),
      contentType: mediaType(put.contentType),
      rowEtag: EMPTY_MD5 + rowParametersIn(toldAtEnd),
    },
    put.metadata,
  )
  const linked = await makeCurrent(write, link, { seen, id, condition: put.condition })
  if (linked.kind !== 'created' && isCertain(linked)) await deps.objects.delete(context, version, {})
  if (linked.kind !== 'created') return linked
  const listingPending = stored.listingPending || linked.listingPending
  return { ...stored, timestamp: id, listingPending, condition: linked.condition, versionId: id }
}

/** What the new version comes on top of, once that is kept itself; or why it may not. */
export async function readyToReplace(
  write: VersionedWrite,
  condition: WriteCondition | undefined,
): Promise<Current | StoreFailure> {
  const { deps, context, name, container } = write
  const seen = await seenUnder(write, condition)
  return seen.kind === 'plain' ? await keepPlain(deps, context, name, container) : seen
}

/** What stands under the name, if the client's condition holds for it. */
export async function seenUnder(
  { deps, context, name }: Omit<VersionedWrite, 'container'>,
  condition: WriteCondition | undefined,
): Promise<Current | StoreFailure> {
  const seen = await lookAt(deps, context, name)
  if (!isCurrent(seen) || condition === undefined) return seen
  const readVersion = (): ReturnType<VersionsDeps['objects']['read']> =>
    deps.objects.read(context, name, {
      method: 'HEAD',
      conditions: {},
      newest: true,
      manifest: 'as_stored',
      keyless: 'allowed',
    })
  const holds = await holdsFor(seen, condition, readVersion)
  if (holds === true) return seen
  if (holds !== false) return holds
  const there = seen.kind === 'absent' ? 'absent' : 'found'
  return { kind: 'precondition_failed', headers: {}, condition: 'agreed', there }
}

interface Making {
  readonly seen: Current
  readonly id: Timestamp
  readonly condition: WriteCondition | undefined
}

/**
 * Writes the link, a little later than its version, as Swift does. One that a later write has overtaken is as good as
 * written: that one came after it.
 */
export async function makeCurrent(
  write: VersionedWrite,
  link: ObjectPut,
  { seen, id, condition }: Making,
): Promise<ObjectPutReceipt | StoreFailure> {
  const { deps, context, name } = write
  let below = seen
  for (let tries = 0; tries < LINK_TRIES; tries += 1) {
    const onTop = condition !== undefined || below.kind === 'plain'
    const linked = await deps.objects.put(
      context,
      name,
      onTop ? { ...link, condition: unchanged(below) } : { ...link, timestamp: justAfter(id) },
    )
    if (linked.kind === 'conflict' && !onTop) return overtaken(id)
    if (linked.kind !== 'precondition_failed') return linked
    const again = await readyToReplace(write, condition)
    if (!isCurrent(again)) return again
    below = again
  }
  return OVERTAKEN
}

function overtaken(timestamp: Timestamp): ObjectPutReceipt {
  return { kind: 'created', etag: '', sizeBytes: 0, timestamp, listingPending: false }
}

/** It is certain that no link to the version was written, and none will be. */
function isCertain({ kind }: StoreFailure): boolean {
  return kind === 'precondition_failed' || kind === 'no_such_container'
}

/** When an object expires, its link does; versions stay. */
export function withoutExpiry(metadata: ObjectPut['metadata']): ObjectPut['metadata'] {
  const { 'x-delete-at': _deleteAt, ...kept } = metadata
  return kept
}

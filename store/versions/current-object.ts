/**
 * What stands under a name now, seen by enough replicas that no acknowledged write is missed; and the condition under which
 * a later write meets exactly that. The clock learns the time of what is seen: what is written next is newer.
 */
import type { Timestamp } from '#base/timestamp.ts'
import { parseTags, unquoted } from '#http/conditionals.ts'
import type { HeaderMap } from '#http/message.ts'
import type { WriteCondition } from '../condition.ts'
import type { ObjectOperations, ObjectReadOptions, ObjectReadOutcome } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import type { FeatureDeps } from '../features.ts'
import { seenIn } from '../object-state.ts'
import type { ObjectName, OperationContext } from '../operation.ts'
import { letGo } from '../symlinks/follow.ts'
import { linkIn } from '../symlinks/link-metadata.ts'
import { VERSION_LINK } from './kept-versions.ts'

/** What the operations on versions work with. */
export interface VersionsDeps {
  readonly objects: ObjectOperations
  readonly timestamps: FeatureDeps['timestamps']
}

/** A write on top of what was seen that others came before again and again: it may be tried once more. */
export const OVERTAKEN: Extract<StoreFailure, { readonly kind: 'undecided' }> = {
  kind: 'undecided',
  reason: 'others wrote the same object meanwhile',
}

export type Current =
  | { readonly kind: 'absent' }
  /** A link to the version that is the current one. */
  | {
      readonly kind: 'version'
      readonly container: string
      readonly object: string
      readonly headers: HeaderMap
    }
  /** Anything else. */
  | { readonly kind: 'plain'; readonly headers: HeaderMap }

/** Of a read of what is stored, newest of all replicas; links and manifests are given as they are. */
export const AS_STORED = {
  conditions: {},
  newest: true,
  symlink: 'as_stored',
  manifest: 'as_stored',
} as const

/** What stands under the name. A container that is missing holds nothing. */
export async function lookAt(
  deps: VersionsDeps,
  context: OperationContext,
  name: ObjectName,
): Promise<Current | StoreFailure> {
  const options: ObjectReadOptions = { ...AS_STORED, method: 'HEAD' }
  const outcome = await deps.objects.read(context, name, options)
  await letGo(outcome)
  return currentIn(deps, outcome)
}

/** What a read `AS_STORED` showed. */
export function currentIn({ timestamps }: VersionsDeps, outcome: ObjectReadOutcome): Current | StoreFailure {
  if ('headers' in outcome) timestamps.observe(seenIn(outcome.headers).changedAt)
  if (outcome.kind === 'found') return kindOf(outcome.headers)
  if (outcome.kind === 'not_modified') throw new Error('nothing was asked that could be unmodified')
  const isAbsent = outcome.kind === 'no_such_object' || outcome.kind === 'no_such_container'
  return isAbsent ? { kind: 'absent' } : outcome
}

function kindOf(headers: HeaderMap): Current {
  const link = headers[VERSION_LINK]?.toLowerCase() === 'true' ? linkIn(headers) : undefined
  if (link === undefined) return { kind: 'plain', headers }
  return { kind: 'version', container: link.container, object: link.object, headers }
}

export function isCurrent(seen: Current | StoreFailure): seen is Current {
  return seen.kind === 'absent' || seen.kind === 'version' || seen.kind === 'plain'
}

/** Holds while what was seen is still there. */
export function unchanged(seen: Current): WriteCondition {
  return seen.kind === 'absent' ? { kind: 'absent' } : { kind: 'unchanged', ...seenIn(seen.headers) }
}

/**
 * Whether a client's condition holds for what is there. What it sees of a link to a version is the version:
 * `readVersion` reads the headers of that one.
 */
export async function holdsFor(
  seen: Current,
  condition: WriteCondition,
  readVersion: () => Promise<ObjectReadOutcome>,
): Promise<boolean | StoreFailure> {
  if (condition.kind === 'absent') return seen.kind === 'absent'
  if (seen.kind === 'absent') return false
  if (condition.kind === 'unchanged') return isSame(condition, seenIn(seen.headers))
  const read = seen.kind === 'version' ? await readVersion() : undefined
  if (read !== undefined && read.kind !== 'found') return currentFailure(read)
  const headers = read?.headers ?? seen.headers
  const places = [...(condition.etagIsAt ?? '').split(',').map((one) => one.trim()), 'etag']
  const etag = places.map((place) => headers[place]).find((one) => one !== undefined)
  const wanted = parseTags(condition.etags)
  return wanted?.isAny === true || (etag !== undefined && wanted?.matches(unquoted(etag)) === true)
}

function isSame(
  condition: { readonly writtenAt: Timestamp; readonly changedAt: Timestamp },
  seen: { readonly writtenAt: Timestamp; readonly changedAt: Timestamp },
): boolean {
  return condition.writtenAt === seen.writtenAt && condition.changedAt === seen.changedAt
}

/** A version that is gone although the link to it is there matches nothing. */
function currentFailure(read: Exclude<ObjectReadOutcome, { readonly kind: 'found' }>): false | StoreFailure {
  return read.kind === 'no_such_object' || read.kind === 'not_modified' ? false : read
}

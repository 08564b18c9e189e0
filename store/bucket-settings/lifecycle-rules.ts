/**
 * Lifecycle rules as they are stored, and what they say of one object: pure, so that the header of an answer
 * (`x-amz-expiration`) and the worker that deletes read the same rule the same way.
 *
 * Days are counted from the moment of the write and rounded up to the next midnight UTC (Amazon S3 User Guide, "Lifecycle
 * configuration elements": "S3 calculates the time by adding the number of days specified in the rule to the object creation
 * time and rounding up the resulting time to the next day at midnight UTC").
 */
import type { Tag } from './documents.ts'

export interface LifecycleConfiguration {
  readonly rules: readonly LifecycleRule[]
  /** From which size on objects are moved to colder classes; 128 KiB of all classes if not given. All are stored alike. */
  readonly movedFrom?: 'varies_by_storage_class' | undefined
}

export interface LifecycleRule {
  readonly id: string
  readonly status: 'Enabled' | 'Disabled'
  readonly filter: LifecycleFilter
  /** How the filter was written, so that it is given back the same. */
  readonly filterForm: 'rule_prefix' | 'single' | 'and'
  readonly expiration?: Expiration | undefined
  readonly noncurrentExpiration?: NoncurrentExpiration | undefined
  readonly abortUploadsAfterDays?: number | undefined
  readonly transitions: readonly Transition[]
  readonly noncurrentTransitions: readonly NoncurrentTransition[]
}

export interface LifecycleFilter {
  readonly prefix?: string | undefined
  readonly tags: readonly Tag[]
  /** Exclusive bounds, bytes. */
  readonly sizeGreaterThan?: number | undefined
  readonly sizeLessThan?: number | undefined
}

export type Expiration =
  | { readonly kind: 'days'; readonly days: number }
  /** ISO 8601, midnight UTC. */
  | { readonly kind: 'date'; readonly date: string }
  | { readonly kind: 'delete_markers' }

export interface NoncurrentExpiration {
  readonly days: number
  /** So many of the newest noncurrent versions are kept whatever their age. */
  readonly newerVersions?: number | undefined
}

export type Transition = {
  readonly storageClass: string
} & ({ readonly days: number } | { readonly date: string })

export interface NoncurrentTransition {
  readonly storageClass: string
  readonly days: number
  readonly newerVersions?: number | undefined
}

/** What rules are held against. */
export interface LifecycleObject {
  readonly key: string
  readonly sizeBytes: number
  /** `undefined` until somebody looked: rules with tags are then left aside. */
  readonly tags: readonly Tag[] | undefined
}

/** How long a lifecycle's day is: tests make it short. Milliseconds. */
export const REAL_DAY_MS = 86_400_000

/** Whether the rule's filter takes the object in; `needs_tags` when only its tags can tell. */
export function filterTakes(
  { prefix, tags, sizeGreaterThan, sizeLessThan }: LifecycleFilter,
  object: LifecycleObject,
): 'yes' | 'no' | 'needs_tags' {
  if (prefix !== undefined && !object.key.startsWith(prefix)) return 'no'
  if (sizeGreaterThan !== undefined && object.sizeBytes <= sizeGreaterThan) return 'no'
  if (sizeLessThan !== undefined && object.sizeBytes >= sizeLessThan) return 'no'
  if (tags.length === 0) return 'yes'
  if (object.tags === undefined) return 'needs_tags'
  const has = (wanted: Tag): boolean =>
    object.tags?.some(({ key, value }) => key === wanted.key && value === wanted.value) === true
  return tags.every(has) ? 'yes' : 'no'
}

/** When something written at `writtenMs` is `days` old: the next midnight UTC after so many days. */
export function dueAfterDays(writtenMs: number, days: number, dayMs: number): number {
  return Math.ceil((writtenMs + days * dayMs) / dayMs) * dayMs
}

export interface DueExpiration {
  /** When it goes, milliseconds since the epoch. */
  readonly dueMs: number
  readonly ruleId: string
}

/**
 * When the current version of an object expires, by the rule that comes first; `undefined` when by none. `needs_tags`:
 * ask again with its tags.
 */
export function expirationOf(
  rules: readonly LifecycleRule[],
  object: LifecycleObject,
  writtenMs: number,
  dayMs: number,
): DueExpiration | 'needs_tags' | undefined {
  let first: DueExpiration | undefined
  for (const { id, status, filter, expiration } of rules) {
    if (status !== 'Enabled' || expiration === undefined || expiration.kind === 'delete_markers') continue
    const takes = filterTakes(filter, object)
    if (takes === 'needs_tags') return 'needs_tags'
    if (takes === 'no') continue
    const dueMs =
      expiration.kind === 'days'
        ? dueAfterDays(writtenMs, expiration.days, dayMs)
        : Date.parse(expiration.date)
    if (first === undefined || dueMs < first.dueMs) first = { dueMs, ruleId: id }
  }
  return first
}

/** A noncurrent version and its place among those of its object. */
export interface NoncurrentVersion extends LifecycleObject {
  /** When the version above it was written, milliseconds since the epoch. */
  readonly noncurrentSinceMs: number
  /** How many noncurrent versions are newer. */
  readonly newerNoncurrent: number
}

/** When a noncurrent version goes, by the rule that comes first. */
export function noncurrentExpirationOf(
  rules: readonly LifecycleRule[],
  version: NoncurrentVersion,
  dayMs: number,
): DueExpiration | 'needs_tags' | undefined {
  let first: DueExpiration | undefined
  for (const { id, status, filter, noncurrentExpiration } of rules) {
    if (status !== 'Enabled' || noncurrentExpiration === undefined) continue
    if (version.newerNoncurrent < (noncurrentExpiration.newerVersions ?? 0)) continue
    const takes = filterTakes(filter, version)
    if (takes === 'needs_tags') return 'needs_tags'
    if (takes === 'no') continue
    const dueMs = dueAfterDays(version.noncurrentSinceMs, noncurrentExpiration.days, dayMs)
    if (first === undefined || dueMs < first.dueMs) first = { dueMs, ruleId: id }
  }
  return first
}

/** Whether a delete marker that hides no version any more is taken away. Tags and sizes are not for markers. */
export function removesLoneMarker(
  rules: readonly LifecycleRule[],
  key: string,
  writtenMs: number,
  nowMs: number,
  dayMs: number,
): boolean {
  return rules.some(({ status, filter, expiration }) => {
    if (status !== 'Enabled' || expiration === undefined || !isByPrefixAlone(filter)) return false
    if (!key.startsWith(filter.prefix ?? '')) return false
    if (expiration.kind === 'delete_markers') return true
    // A rule that expires objects takes their lone markers along when they are as old.
    const dueMs =
      expiration.kind === 'days'
        ? dueAfterDays(writtenMs, expiration.days, dayMs)
        : Date.parse(expiration.date)
    return dueMs <= nowMs
  })
}

/** When an upload that was begun at `begunMs` is given up, by the rule that comes first. */
export function uploadAbortOf(
  rules: readonly LifecycleRule[],
  key: string,
  begunMs: number,
  dayMs: number,
): DueExpiration | undefined {
  let first: DueExpiration | undefined
  for (const { id, status, filter, abortUploadsAfterDays: days } of rules) {
    if (status !== 'Enabled' || days === undefined || !key.startsWith(filter.prefix ?? '')) continue
    const dueMs = dueAfterDays(begunMs, days, dayMs)
    if (first === undefined || dueMs < first.dueMs) first = { dueMs, ruleId: id }
  }
  return first
}

function isByPrefixAlone({ tags, sizeGreaterThan, sizeLessThan }: LifecycleFilter): boolean {
  return tags.length === 0 && sizeGreaterThan === undefined && sizeLessThan === undefined
}

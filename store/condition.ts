/** Conditions of writes: what they ask, and what was promised when they were judged. */
import type { Timestamp } from '#base/timestamp.ts'

/** What must be there for a write to happen. */
export type WriteCondition =
  /** `If-None-Match: *`: nothing. */
  | { readonly kind: 'absent' }
  /** `If-Match`: something with one of these entity tags; `*` among them is any. */
  | {
      readonly kind: 'matches'
      readonly etags: string
      /** System metadata that holds the ETag, where it is not the body's MD5 (`x-object-sysmeta-…`, comma-separated). */
      readonly etagIsAt?: string | undefined
    }
  /** Still what a read showed (`seenIn` in `object-state.ts`): the same write, with the same changes by POST. */
  | {
      readonly kind: 'unchanged'
      readonly writtenAt: Timestamp
      readonly changedAt: Timestamp
    }

/**
 * How a condition was judged. `agreed`: among concurrent conditional writes exactly one wins, and it is judged on every
 * acknowledged write. `best_effort`: a storage server cannot promise anything (OpenStack Swift's), so that every copy
 * judged by itself; of writes at the same moment several may win, or none.
 */
export type ConditionJudged = 'agreed' | 'best_effort'

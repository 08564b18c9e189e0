/**
 * What has to be done about an object that was written, or deleted, under another storage policy than its container has
 * now. Pure (OpenStack Swift, `container/reconciler.py`: `_ensure_object_in_right_location`, `_ensure_tombstone_in_right_location`).
 *
 * The object is written where it belongs with the time of the client's write and an offset of two, and deleted where it
 * does not with an offset of one: later than what was there, earlier than anything that a client does afterwards. So it
 * can be done any number of times, and a row whose deletion has an offset is one that is done with.
 */
import { offsetOf, type Timestamp, ticksOf, timestampFromTicks } from '#base/timestamp.ts'

/** What one of the two places has. */
export type Found =
  | { readonly kind: 'object'; readonly timestamp: Timestamp }
  /** `timestamp` of the tombstone; zero when there is none. */
  | { readonly kind: 'nothing'; readonly timestamp: Timestamp }

/** A row of the wrong policy. */
export interface MisplacedRow {
  readonly deleted: boolean
  readonly timestamp: Timestamp
}

export type Step =
  /** Give the right place what the wrong one has, then bury it there. */
  | { readonly kind: 'move'; readonly putAt: Timestamp; readonly buryAt: Timestamp }
  /** Delete in the right place what is older than the deletion, then note in the wrong one that it is done. */
  | { readonly kind: 'delete'; readonly deleteAt: Timestamp; readonly buryAt: Timestamp }
  /** The right place knows something as new: only bury the wrong copy. */
  | { readonly kind: 'bury'; readonly buryAt: Timestamp }
  /** The copy is not to be found: perhaps its servers are away. */
  | { readonly kind: 'wait' }

const MOVED_OFFSET = 2
const BURIED_OFFSET = 1

/** Is there still something to be done about the row? */
export function isPending({ deleted, timestamp }: MisplacedRow, statusChangedAt: Timestamp): boolean {
  if (!deleted) return true
  // What was deleted before the container was made as it is now cannot be in the right place.
  return offsetOf(timestamp) === 0 && timestamp >= statusChangedAt
}

export function stepFor(row: MisplacedRow, right: Found, wrong: Found): Step {
  const known = later(row.timestamp, wrong.timestamp)
  const buryAt = withOffset(known, BURIED_OFFSET)
  if (right.timestamp >= row.timestamp && right.timestamp >= wrong.timestamp) return { kind: 'bury', buryAt }
  if (row.deleted) return deletion(row, right, wrong)
  if (wrong.kind === 'nothing')
    return wrong.timestamp >= row.timestamp ? { kind: 'bury', buryAt } : { kind: 'wait' }
  return { kind: 'move', putAt: withOffset(known, MOVED_OFFSET), buryAt }
}

/** A later write under the wrong policy has a row of its own. */
function deletion(row: MisplacedRow, right: Found, wrong: Found): Step {
  const buryAt = withOffset(row.timestamp, BURIED_OFFSET)
  if (wrong.kind === 'object' && wrong.timestamp > row.timestamp) return { kind: 'wait' }
  if (right.kind === 'nothing') return { kind: 'bury', buryAt }
  return { kind: 'delete', deleteAt: withOffset(row.timestamp, MOVED_OFFSET), buryAt }
}

/** The same time, a little later. */
export function withOffset(timestamp: Timestamp, offset: number): Timestamp {
  return timestampFromTicks(ticksOf(timestamp), offsetOf(timestamp) + offset)
}

function later(left: Timestamp, right: Timestamp): Timestamp {
  return left >= right ? left : right
}

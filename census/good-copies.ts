/**
 * How many good copies the objects of a range have, from what its holders say of them. Pure.
 *
 * The newest data of an object is what all holders together know; a holder's copy is good when it is that, with what
 * POSTs said since. Deleted objects need no copies.
 */
import type { Timestamp } from '#base/timestamp.ts'
import { covers, type Entry } from '#object-server/replication/entry.ts'

export interface CopyCount {
  /** Objects that are not deleted. */
  readonly objects: number
  /** Of those, the ones with fewer good copies than needed. */
  readonly thin: number
  readonly missingCopies: number
  /** Thin objects with one good copy or none. */
  readonly lastCopies: number
}

export const NO_COPIES: CopyCount = { objects: 0, thin: 0, missingCopies: 0, lastCopies: 0 }

/**
 * `holders`: what each holder says of the range. Objects put after `settledBefore` are not judged: their other copies may
 * still be on the way.
 */
export function countGoodCopies(
  holders: readonly (readonly Entry[])[],
  needed: number,
  settledBefore: Timestamp,
): CopyCount {
  let count = NO_COPIES
  for (const entries of entriesByHash(holders)) {
    const data = newestData(entries)
    if (data === undefined || data.timestamp >= settledBefore) continue
    count = add(count, copiesOf(1, goodAmong(entries, data), needed))
  }
  return count
}

/** So many objects with so many good copies each. */
export function copiesOf(objects: number, good: number, needed: number): CopyCount {
  const missing = Math.max(0, needed - good)
  if (missing === 0) return { ...NO_COPIES, objects }
  const thin = objects
  return { objects, thin, missingCopies: missing * objects, lastCopies: good <= 1 ? thin : 0 }
}

export function add(left: CopyCount, right: CopyCount): CopyCount {
  return {
    objects: left.objects + right.objects,
    thin: left.thin + right.thin,
    missingCopies: left.missingCopies + right.missingCopies,
    lastCopies: left.lastCopies + right.lastCopies,
  }
}

/** Is the object there, as far as this holder knows? */
export function isLive({ data, tombstone }: Entry): boolean {
  return data !== undefined && (tombstone === undefined || data.timestamp > tombstone)
}

function entriesByHash(holders: readonly (readonly Entry[])[]): Iterable<readonly Entry[]> {
  const found = new Map<string, Entry[]>()
  for (const entry of holders.flat()) {
    const known = found.get(entry.hash)
    if (known === undefined) found.set(entry.hash, [entry])
    else known.push(entry)
  }
  return found.values()
}

/** `undefined` when a tombstone is as new or newer. */
function newestData(entries: readonly Entry[]): Entry['data'] {
  let newest: Entry['data']
  for (const { data } of entries) {
    if (data !== undefined && (newest === undefined || isNewer(data, newest))) newest = data
  }
  const isDeleted = entries.some(
    ({ tombstone }) => tombstone !== undefined && newest !== undefined && tombstone >= newest.timestamp,
  )
  return isDeleted ? undefined : newest
}

type Data = NonNullable<Entry['data']>

function isNewer(data: Data, than: Data): boolean {
  return data.timestamp === than.timestamp ? data.etag > than.etag : data.timestamp > than.timestamp
}

function goodAmong(entries: readonly Entry[], newest: Data): number {
  const holding = entries.filter(
    ({ data }) => data?.timestamp === newest.timestamp && data.etag === newest.etag,
  )
  const whole = holding.filter((entry) => entries.every((other) => covers(entry, other)))
  // While a POST is on its way in both directions nobody has all of it, and every one of them has the data.
  return whole.length > 0 ? whole.length : holding.length
}

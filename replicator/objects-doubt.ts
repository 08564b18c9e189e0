/**
 * What may be taken from a stale peer while a synced one exists. A stale peer may have what was deleted so long ago that
 * the tombstone is gone, so of what it has is taken only
 *
 *  - what a synced primary has something of: then it is joined by the rule of timestamps, as always;
 *  - what is younger than every tombstone that can have been forgotten.
 *
 * The rest is in doubt: it is not taken, and whoever left something in doubt has not heard all of the peer.
 */

import type { PartitionRange } from '#backend/range-states.ts'
import { MAX_CLOCK_AHEAD_SECONDS } from '#base/limits.ts'
import { TICKS_PER_SECOND, ticksOf } from '#base/timestamp.ts'
import { covers, type Entry, isEmptyEntry } from '#object-server/replication/entry.ts'
import type { FetchWish } from '#object-server/replication/fetcher.ts'
import { isFailure } from '#object-server/replication/peer.ts'
import type { RingDevice } from '#ring/device.ts'
import { addressOf, type PolicyPass } from './objects-parts.ts'

/** Hashes that a synced primary is asked about in one request. */
const PAGE_HASHES = 1_000

/** What is taken of that which a peer has and this replica lacks. */
export type Trust =
  | { readonly kind: 'everything' }
  /** What cannot have been deleted, also by what these primaries say, who are believed to be synced. */
  | { readonly kind: 'undoubted'; readonly synced: readonly RingDevice[] }
  | { readonly kind: 'nothing' }

export interface Sifted {
  /** To be fetched. */
  readonly wishes: readonly FetchWish[]
  /** Objects of which nobody can say whether they were deleted. */
  readonly inDoubt: number
}

/** `wishes`: what the peer has and this replica lacks. */
export async function sift(
  work: PolicyPass,
  range: PartitionRange,
  wishes: readonly FetchWish[],
  trust: Trust,
): Promise<Sifted> {
  if (trust.kind === 'everything') return { wishes, inDoubt: 0 }
  if (trust.kind === 'nothing') return { wishes: [], inDoubt: wishes.length }
  const taken = wishes.filter(({ entry }) => isTooYoung(work, entry))
  const old = wishes.filter(({ entry }) => !isTooYoung(work, entry))
  let inDoubt = 0
  for (let at = 0; at < old.length; at += PAGE_HASHES) {
    const page = old.slice(at, at + PAGE_HASHES)
    const known = await knownToSynced(work, range, page, trust.synced)
    for (const wish of page) {
      const entries = known.get(wish.entry.hash) ?? []
      if (entries.length === 0) inDoubt += 1
      else if (!entries.some((entry) => isDeletedBy(entry, wish.entry))) taken.push(wish)
    }
  }
  return { wishes: taken, inDoubt }
}

/** The tombstone was learnt from whoever has it; or nothing is here that it could delete. */
function isDeletedBy(known: Entry, entry: Entry): boolean {
  return known.data === undefined && known.tombstone !== undefined && covers(known, entry)
}

/**
 * A tombstone that deletes it would be younger still, so no clock that is right can have called it old enough to be
 * forgotten. The time of the data counts: a POST makes nothing younger. Without data there is nothing to come back.
 */
function isTooYoung({ clock, reclaimAgeSeconds }: PolicyPass, { data, lost }: Entry): boolean {
  const horizonSeconds = clock.wallMs() / 1000 - reclaimAgeSeconds + MAX_CLOCK_AHEAD_SECONDS
  return [data?.timestamp, lost].every(
    (timestamp) => timestamp === undefined || ticksOf(timestamp) / TICKS_PER_SECOND > horizonSeconds,
  )
}

/** What those primaries have that say, with this very answer, that they are synced. */
async function knownToSynced(
  { policy, options }: PolicyPass,
  partition: PartitionRange,
  page: readonly FetchWish[],
  primaries: readonly RingDevice[],
): Promise<ReadonlyMap<string, readonly Entry[]>> {
  const hashes = page.map(({ entry }) => entry.hash)
  const known = new Map<string, Entry[]>()
  for (const device of primaries) {
    const answer = await policy.peers.entries(addressOf(device), { partition, hashes }, options.signal)
    if (isFailure(answer) || answer.voice !== 'synced' || answer.role !== 'primary') continue
    for (const entry of answer.entries) {
      if (isEmptyEntry(entry)) continue
      known.set(entry.hash, [...(known.get(entry.hash) ?? []), entry])
    }
  }
  return known
}

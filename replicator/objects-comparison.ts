/**
 * Narrows down where a partition differs from a peer's, and shows both sides of what differs: digests of ranges first,
 * then entries of the ranges whose digests are not equal, some ranges at a time.
 */
import type { PartitionRange } from '#backend/range-states.ts'
import { type Entry, entryOf } from '#object-server/replication/entry.ts'
import type { EntriesAnswer, PeerAddress } from '#object-server/replication/messages.ts'
import { isFailure, type PeerFailure } from '#object-server/replication/peer.ts'
import { EMPTY_UNIT, prefixesOf, RANGE_BITS, statesIn } from '#object-server/replication/unit-digests.ts'
import type { PolicyPass } from './objects-parts.ts'

/** Both sides of some ranges that differ, by hash. */
export interface Difference {
  readonly partition: PartitionRange
  readonly mine: ReadonlyMap<string, Entry>
  readonly theirs: ReadonlyMap<string, Entry>
}

/** Ranges whose entries are held in memory at the same time; with a million objects on a device about 15 are in each. */
const RANGES_AT_ONCE = 64

/**
 * Calls `see` with all that differs, piece by piece. Resolves with the peer's failure, if it failed. Rejects with the
 * errors of the index, and with what `see` rejects with.
 */
export async function compare(
  work: PolicyPass,
  peer: PeerAddress,
  partition: PartitionRange,
  see: (difference: Difference) => Promise<void>,
): Promise<'compared' | PeerFailure> {
  const ranges = await differingRanges(work, peer, partition)
  if (isFailure(ranges)) return ranges
  for (let at = 0; at < ranges.length; at += RANGES_AT_ONCE) {
    work.options.signal.throwIfAborted()
    const some = ranges.slice(at, at + RANGES_AT_ONCE)
    const theirs = await theirEntries(work, peer, partition, some)
    if (isFailure(theirs)) return theirs
    await see({ partition, mine: await ownEntries(work, partition, some), theirs })
  }
  return 'compared'
}

async function differingRanges(
  { policy, options }: PolicyPass,
  peer: PeerAddress,
  partition: PartitionRange,
): Promise<readonly number[] | PeerFailure> {
  const ranges = prefixesOf(partition).map((prefix) => Number.parseInt(prefix, 16))
  if (partition.partPower >= RANGE_BITS) return ranges
  const mine = await policy.digests.of(RANGE_BITS, ranges)
  const units = ranges.map((number, at) => ({ number, digest: mine[at] ?? EMPTY_UNIT.digest }))
  const answers = await policy.peers.digests(peer, RANGE_BITS, units, options.signal)
  if (isFailure(answers)) return answers
  return ranges.filter((_, at) => answers[at]?.equal !== true)
}

async function theirEntries(
  { policy, options }: PolicyPass,
  peer: PeerAddress,
  partition: PartitionRange,
  ranges: readonly number[],
): Promise<ReadonlyMap<string, Entry> | PeerFailure> {
  const found = new Map<string, Entry>()
  let after: string | undefined
  for (;;) {
    const request = { partition, ranges, after }
    const page: EntriesAnswer | PeerFailure = await policy.peers.entries(peer, request, options.signal)
    if (isFailure(page)) return page
    for (const entry of page.entries) found.set(entry.hash, entry)
    after = page.entries.at(-1)?.hash
    if (!page.more || after === undefined) return found
  }
}

async function ownEntries(
  { policy }: PolicyPass,
  partition: PartitionRange,
  ranges: readonly number[],
): Promise<ReadonlyMap<string, Entry>> {
  const wanted = new Set(ranges.map((range) => range.toString(16).padStart(4, '0')))
  const found = new Map<string, Entry>()
  for await (const { hash, state } of statesIn(policy.replica, partition, {
    isWanted: (prefix) => wanted.has(prefix),
  })) {
    found.set(hash, entryOf(hash, state))
  }
  return found
}

/**
 * Narrows down where a partition differs from a peer's, and shows both sides of what differs: digests of ranges first,
 * then entries of the ranges whose digests are not equal, some ranges at a time.
 */
import type { PartitionRange } from '#backend/range-states.ts'
import { type Entry, entryOf } from '#object-server/replication/entry.ts'
import type { EntriesAnswer, PeerAddress } from '#object-server/replication/messages.ts'
import { isFailure, type PeerFailure } from '#object-server/replication/peer.ts'
import { EMPTY_UNIT, RANGE_BITS, rangesOf, statesIn } from '#object-server/replication/unit-digests.ts'
import type { PolicyPass } from './objects-parts.ts'

/** Both sides of some ranges that differ, by hash. */
export interface Difference {
  readonly partition: PartitionRange
  readonly mine: ReadonlyMap<string, Entry>
  readonly theirs: ReadonlyMap<string, Entry>
}

/** A partition in which so few lie is shown whole: that is less than one digest for each of the pieces that it falls into. */
const SHOWN_WHOLE_MAX = 64
/** Ranges whose entries are held in memory at the same time; with a million objects on a device about 15 are in each. */
const RANGES_AT_ONCE = 64
/** Bits by which a request tells units more finely apart: one request where a ring has 2^10 partitions or more. */
const NARROWED_BITS = 6

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
  const whole = await compareWhole(work, peer, partition, see)
  if (whole !== 'too_many') return whole
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

/** All of it at once, where few objects lie here and no more on the other side than one answer has. */
async function compareWhole(
  work: PolicyPass,
  peer: PeerAddress,
  partition: PartitionRange,
  see: (difference: Difference) => Promise<void>,
): Promise<'compared' | 'too_many' | PeerFailure> {
  const { policy, options } = work
  if (partition.partPower >= RANGE_BITS) return 'too_many'
  if ((await policy.digests.count(partition)) > SHOWN_WHOLE_MAX) return 'too_many'
  const page = await policy.peers.entries(peer, { partition }, options.signal)
  if (isFailure(page)) return page
  if (page.more) return 'too_many'
  const theirs = new Map(page.entries.map((entry) => [entry.hash, entry]))
  await see({ partition, mine: await ownEntries(work, partition), theirs })
  return 'compared'
}

/** The 16-bit ranges that differ, narrowed down step by step where the partition has very many of them. */
async function differingRanges(
  work: PolicyPass,
  peer: PeerAddress,
  partition: PartitionRange,
): Promise<readonly number[] | PeerFailure> {
  if (partition.partPower >= RANGE_BITS) return rangesOf(partition)
  let bits = partition.partPower
  let units: readonly number[] = [partition.partition]
  while (bits < RANGE_BITS && units.length > 0) {
    const step = Math.min(NARROWED_BITS, RANGE_BITS - bits)
    bits += step
    const differing = await differingUnits(
      work,
      peer,
      bits,
      units.flatMap((unit) => piecesOf(unit, step)),
    )
    if (isFailure(differing)) return differing
    units = differing
  }
  return units
}

/** The units into which one falls when so many bits more are told apart. */
function piecesOf(unit: number, bits: number): readonly number[] {
  return Array.from({ length: 2 ** bits }, (_, at) => unit * 2 ** bits + at)
}

async function differingUnits(
  { policy, options }: PolicyPass,
  peer: PeerAddress,
  bits: number,
  numbers: readonly number[],
): Promise<readonly number[] | PeerFailure> {
  const mine = await policy.digests.of(bits, numbers)
  const units = numbers.map((number, at) => ({ number, digest: mine[at] ?? EMPTY_UNIT.digest }))
  const answers = await policy.peers.digests(peer, bits, units, options.signal)
  return isFailure(answers) ? answers : numbers.filter((_, at) => answers[at]?.equal !== true)
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
  ranges?: readonly number[],
): Promise<ReadonlyMap<string, Entry>> {
  const found = new Map<string, Entry>()
  for await (const { hash, state } of statesIn(policy.replica, partition, { ranges })) {
    found.set(hash, entryOf(hash, state))
  }
  return found
}

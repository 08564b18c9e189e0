/**
 * Counts the good copies in one partition, for the primary that speaks for it. Where little lies all entries are asked for;
 * else what is equal by digest is not looked at: only entries of those 16-bit ranges are, in which a holder differs.
 */
import type { PartitionRange } from '#backend/range-states.ts'
import type { Timestamp } from '#base/timestamp.ts'
import type { ReplicaAccess } from '#object-server/replica-access.ts'
import { type Entry, entryOf } from '#object-server/replication/entry.ts'
import type { PeerAddress } from '#object-server/replication/messages.ts'
import type { Peers } from '#object-server/replication/peer.ts'
import {
  EMPTY_UNIT,
  RANGE_BITS,
  rangesOf,
  statesIn,
  type UnitDigest,
} from '#object-server/replication/unit-digests.ts'
import { add, type CopyCount, copiesOf, countGoodCopies, isLive } from './good-copies.ts'

export type OwnRanges = ReadonlyMap<number, UnitDigest>

export interface PartitionCountOptions {
  readonly replica: ReplicaAccess
  /** What this device holds, by ranges of 16 bits. */
  readonly own: OwnRanges
  readonly peers: Peers
  readonly partition: PartitionRange
  /** Copies that every object should have. */
  readonly needed: number
  /** Who holds the partition besides this device and can be asked. */
  readonly holders: readonly PeerAddress[]
  readonly settledBefore: Timestamp
  readonly signal: AbortSignal
}

/** `incomplete`: a holder went away meanwhile; the copies it may have are not counted. */
export interface PartitionCount {
  readonly count: CopyCount
  readonly isComplete: boolean
}

/** Rejects with the errors of the own index. */
export async function countPartition(options: PartitionCountOptions): Promise<PartitionCount> {
  const { holders, needed, settledBefore } = options
  const theirs = await Promise.all(holders.map((holder) => differencesOf(options, holder)))
  const answering = theirs.filter((differences) => differences !== undefined)
  const ranges = new Set(answering.flatMap((differences) => [...differences.keys()]))
  const { equal, own } = await ownEntries(options, ranges)
  let count = copiesOf(equal, 1 + answering.length, needed)
  for (const range of ranges) {
    const mine = own.get(range) ?? []
    const lists = answering.map((differences) => differences.get(range) ?? mine)
    count = add(count, countGoodCopies([mine, ...lists], needed, settledBefore))
  }
  return { count, isComplete: answering.length === holders.length }
}

/** What this device holds: how many objects where everybody is equal, and the entries of the other ranges. */
async function ownEntries(
  { replica, own: ownRanges, partition }: PartitionCountOptions,
  ranges: ReadonlySet<number>,
): Promise<{ readonly equal: number; readonly own: ReadonlyMap<number, readonly Entry[]> }> {
  const own = new Map<number, Entry[]>()
  let equal = 0
  for await (const entry of entriesOf(replica, ownRanges, partition)) {
    const range = rangeOf(entry.hash)
    if (ranges.has(range)) listOf(own, range).push(entry)
    else if (isLive(entry)) equal += 1
  }
  return { equal, own }
}

/** Objects of a partition that are not deleted, as this device knows them. */
export async function countLive(
  replica: ReplicaAccess,
  own: OwnRanges,
  partition: PartitionRange,
): Promise<number> {
  let live = 0
  for await (const entry of entriesOf(replica, own, partition)) if (isLive(entry)) live += 1
  return live
}

/** What this device holds of a partition, but for ranges in which nothing lay when the digests were taken. */
async function* entriesOf(
  replica: ReplicaAccess,
  own: OwnRanges,
  partition: PartitionRange,
): AsyncGenerator<Entry> {
  for await (const { hash, state } of statesIn(replica, partition))
    if (own.has(rangeOf(hash))) yield entryOf(hash, state)
}

/** The 16-bit ranges in which the holder differs from this device; `undefined` when it cannot be asked. */
async function differingRanges(
  { own, peers, partition, signal }: PartitionCountOptions,
  holder: PeerAddress,
): Promise<readonly number[] | undefined> {
  const ranges = rangesOf(partition)
  if (partition.partPower >= RANGE_BITS) return ranges
  const asked = ranges.map((number) => ({ number, digest: (own.get(number) ?? EMPTY_UNIT).digest }))
  const answers = await peers.digests(holder, RANGE_BITS, asked, signal)
  if ('reason' in answers) return undefined
  return ranges.filter((_, at) => answers[at]?.equal !== true)
}

/** A partition in which this device has no more is asked for whole: that is less than the digests of all its ranges. */
const ASKED_WHOLE_MAX = 64

/** What the holder has in the ranges in which it differs, by range; `undefined` when it cannot be asked. */
async function differencesOf(
  options: PartitionCountOptions,
  holder: PeerAddress,
): Promise<ReadonlyMap<number, readonly Entry[]> | undefined> {
  const whole = await wholeOf(options, holder)
  return whole === 'too_many' ? await narrowed(options, holder) : whole
}

/** Everything that the holder has, also where it does not differ, when one answer has it. */
async function wholeOf(
  { own, peers, partition, signal }: PartitionCountOptions,
  holder: PeerAddress,
): Promise<ReadonlyMap<number, readonly Entry[]> | 'too_many' | undefined> {
  if (partition.partPower >= RANGE_BITS) return 'too_many'
  const ranges = [...own.keys()].filter(
    (range) => range >>> (RANGE_BITS - partition.partPower) === partition.partition,
  )
  if (ranges.reduce((sum, range) => sum + (own.get(range)?.count ?? 0), 0) > ASKED_WHOLE_MAX)
    return 'too_many'
  const answer = await peers.entries(holder, { partition }, signal)
  if ('reason' in answer) return undefined
  if (answer.more) return 'too_many'
  const found = new Map<number, Entry[]>(ranges.map((range) => [range, []]))
  for (const entry of answer.entries) listOf(found, rangeOf(entry.hash)).push(entry)
  return found
}

async function narrowed(
  options: PartitionCountOptions,
  holder: PeerAddress,
): Promise<ReadonlyMap<number, readonly Entry[]> | undefined> {
  const ranges = await differingRanges(options, holder)
  if (ranges === undefined) return undefined
  const found = new Map<number, Entry[]>(ranges.map((range) => [range, []]))
  if (ranges.length === 0) return found
  const { peers, partition, signal } = options
  for (let after: string | undefined; ; ) {
    const answer = await peers.entries(holder, { partition, ranges, after }, signal)
    if ('reason' in answer) return undefined
    for (const entry of answer.entries) listOf(found, rangeOf(entry.hash)).push(entry)
    after = answer.entries.at(-1)?.hash
    if (!answer.more || after === undefined) return found
  }
}

function rangeOf(hash: string): number {
  return Number.parseInt(hash.slice(0, 4), 16)
}

function listOf(lists: Map<number, Entry[]>, key: number): Entry[] {
  const known = lists.get(key)
  if (known !== undefined) return known
  const list: Entry[] = []
  lists.set(key, list)
  return list
}

/**
 * Counts the copies of one storage policy, in the partitions of which this device is a primary. Digests say which are
 * equal on all their primaries; only the others are looked into (`partition-count.ts`).
 */
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import { TICKS_PER_SECOND, type Timestamp, timestampFromTicks } from '#base/timestamp.ts'
import type { Transport } from '#http/transport.ts'
import type { ReplicaAccess } from '#object-server/replica-access.ts'
import { Peers } from '#object-server/replication/peer.ts'
import {
  EMPTY_UNIT,
  RANGE_BITS,
  type UnitDigest,
  UnitDigests,
} from '#object-server/replication/unit-digests.ts'
import type { RingDevice } from '#ring/device.ts'
import type { Ring } from '#ring/ring.ts'
import type { PassOptions } from '#worker/contract.ts'
import type { Gait } from '#worker/gait.ts'
import type { PolicyCensus, ThinPartition } from './census-report.ts'
import { copiesOf } from './good-copies.ts'
import { countLive, countPartition, type OwnRanges, type PartitionCount } from './partition-count.ts'
import { addressOf, type Holder, PeerViews } from './peer-views.ts'

/** Copies of an object may be on their way for so long, milliseconds: `node_timeout`, and some. */
export const SETTLE_MS = 15_000
/** Handoffs looked at for each primary that cannot be reached. */
const HANDOFFS_PER_PRIMARY = 2

export interface PolicyCountOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly transport: Transport
  readonly policy: number
  readonly replica: ReplicaAccess
  /** Is a device of the ring this one? */
  readonly isSelf: (device: RingDevice) => boolean
  readonly gait: Gait
}

/** What a pass is told while it counts. */
export interface PolicyRound {
  readonly ring: Ring
  readonly how: PassOptions
  /** A partition is done. */
  readonly advance: () => void
  /** Since when the partition is thin; to be asked for every partition that is. */
  readonly since: (partition: number) => number
}

/** What one pass knows of a policy. */
interface Known extends PolicyRound {
  readonly peers: Peers
  /** What this device holds, by partition and by ranges of 16 bits. */
  readonly own: ReadonlyMap<number, UnitDigest>
  readonly ranges: OwnRanges
  readonly primaries: PeerViews
  /** Asked about partitions of which primaries cannot be reached. */
  readonly handoffs: PeerViews
}

export class PolicyCounter {
  readonly #options: PolicyCountOptions
  readonly #units: UnitDigests
  /** Objects that are not deleted, by partition, while the digest stays what it was. */
  readonly #live = new Map<number, { readonly digest: string; readonly objects: number }>()

  constructor(options: PolicyCountOptions) {
    this.#options = options
    this.#units = new UnitDigests(options.replica)
  }

  /** The partitions of which this device is a primary. */
  partitionsIn(ring: Ring): readonly number[] {
    const self = ring.devices.find((device) => device !== undefined && this.#options.isSelf(device))
    return self === undefined ? [] : [...ring.partitionsOf(self.id)]
  }

  /** Rejects with the reason of the signal when it aborts, and with the errors of the own index. */
  async count(round: PolicyRound): Promise<PolicyCensus> {
    const partitions = this.partitionsIn(round.ring)
    const known = await this.#look(round, partitions)
    const thin: ThinPartition[] = []
    const sums = { partitions: 0, records: 0, uncounted: 0 }
    for (const partition of partitions) {
      round.advance()
      const records = known.own.get(partition)?.count ?? 0
      const speaks = this.#speaksFor(known, partition)
      if (speaks) sums.partitions += 1
      if (isEqualOnAll(known, partition)) {
        if (speaks) sums.records += records
        continue
      }
      if (!speaks) {
        round.since(partition)
        continue
      }
      const { count, isComplete } = await this.#countOne(known, partition)
      if (!isComplete) sums.uncounted += 1
      // Who has lost what it held knows of it from the others.
      sums.records += Math.max(records, count.objects)
      if (count.thin === 0) continue
      const { thin: objects, missingCopies, lastCopies } = count
      thin.push({ partition, objects, missingCopies, lastCopies, sinceMs: round.since(partition) })
    }
    round.how.signal.throwIfAborted()
    return { policy: this.#options.policy, ...sums, thin }
  }

  async #look(round: PolicyRound, partitions: readonly number[]): Promise<Known> {
    const { transport, policy, log, gait, isSelf } = this.#options
    const { ring, how } = round
    const peers = new Peers({ transport, policyIndex: policy, log })
    const own = await this.#units.all(ring.partPower)
    const ranges = await this.#units.all(RANGE_BITS)
    const before = (): Promise<void> => gait.before({ files: 0 }, how)
    const asking = { peers, partPower: ring.partPower, own, isSelf, before, signal: how.signal }
    const known = {
      ...round,
      peers,
      own,
      ranges,
      primaries: new PeerViews(asking),
      handoffs: new PeerViews(asking),
    }
    await known.primaries.ask(partitions, (partition) => ring.primaries(partition))
    await known.handoffs.ask(partitions, (partition) => {
      return this.#speaksFor(known, partition) ? firstHandoffs(known, partition) : []
    })
    return known
  }

  /** Of the primaries of a partition the first that is in service speaks, so that each object is counted once. */
  #speaksFor({ ring, primaries }: Known, partition: number): boolean {
    const first = ring
      .primaries(partition)
      .find((device) => primaries.holdingOf(device, partition) !== 'unreachable')
    return first !== undefined && this.#options.isSelf(first)
  }

  async #countOne(known: Known, partition: number): Promise<PartitionCount> {
    const { gait, replica, isSelf } = this.#options
    const { how, ranges, peers, ring, primaries } = known
    await gait.before({ files: 1 }, how)
    const all = ring.primaries(partition)
    const others = all.filter((device) => !isSelf(device))
    const holders = [...primaries.holdersAmong(others, partition), ...standIns(known, partition)]
    if (holders.every(({ holding }) => holding !== 'other')) {
      const objects = await this.#liveIn(known, partition)
      const good = 1 + holders.filter(({ holding }) => holding === 'equal').length
      return { count: copiesOf(objects, good, all.length), isComplete: true }
    }
    return countPartition({
      replica,
      own: ranges,
      peers,
      partition: { partPower: ring.partPower, partition },
      needed: all.length,
      holders: holders.map(({ device }) => addressOf(device)),
      settledBefore: this.#settledBefore(),
      signal: how.signal,
    })
  }

  /** Counted once for each digest: a device that is gone concerns every partition it shared with us. */
  async #liveIn({ ranges, ring, own }: Known, partition: number): Promise<number> {
    const digest = (own.get(partition) ?? EMPTY_UNIT).digest.toString('hex')
    const counted = this.#live.get(partition)
    if (counted?.digest === digest) return counted.objects
    const { partPower } = ring
    const objects = await countLive(this.#options.replica, ranges, { partPower, partition })
    this.#live.set(partition, { digest, objects })
    return objects
  }

  #settledBefore(): Timestamp {
    const ms = this.#options.clock.wallMs() - SETTLE_MS
    return timestampFromTicks(Math.max(0, Math.floor((ms / 1000) * TICKS_PER_SECOND)))
  }
}

function isEqualOnAll({ ring, primaries }: Known, partition: number): boolean {
  return ring.primaries(partition).every((device) => primaries.holdingOf(device, partition) === 'equal')
}

/** Handoffs that hold something, in place of so many primaries that do not answer. */
function standIns(known: Known, partition: number): readonly Holder[] {
  return known.handoffs
    .holdersAmong(firstHandoffs(known, partition), partition)
    .filter(({ holding }) => holding !== 'nothing')
    .slice(0, missingPrimaries(known, partition))
}

/** Those that stand in first for the primaries that cannot be reached. */
function firstHandoffs(known: Known, partition: number): readonly RingDevice[] {
  const count = missingPrimaries(known, partition) * HANDOFFS_PER_PRIMARY
  const found: RingDevice[] = []
  if (count === 0) return found
  for (const device of known.ring.handoffs(partition)) {
    found.push(device)
    if (found.length >= count) break
  }
  return found
}

function missingPrimaries({ ring, primaries }: Known, partition: number): number {
  return ring
    .primaries(partition)
    .filter((device) => primaries.holdingOf(device, partition) === 'unreachable').length
}

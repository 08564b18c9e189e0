/** What the pieces of the object replicator are made of: everything comes from outside, nothing reaches for the world. */
import type { Drive } from '#backend/drive-state.ts'
import type { PartitionRange } from '#backend/range-states.ts'
import type { SyncLedger } from '#backend/sync-ledger.ts'
import type { Clock, Random } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { Transport } from '#http/transport.ts'
import type { ReplicaAccess } from '#object-server/replica-access.ts'
import type { FetcherOptions, ObjectFetcher } from '#object-server/replication/fetcher.ts'
import type { PeerAddress } from '#object-server/replication/messages.ts'
import type { Peers } from '#object-server/replication/peer.ts'
import type { UnitDigests } from '#object-server/replication/unit-digests.ts'
import type { RingDevice } from '#ring/device.ts'
import type { Ring } from '#ring/ring.ts'
import type { PassOptions } from '#worker/contract.ts'
import type { Pass } from '#worker/pass.ts'
import { primariesBefore } from './primaries-before.ts'
import type { RepairQueue } from './repair-queue.ts'

/** The object ring of a policy at this moment, and the one before it. */
export interface RingsOfPolicy {
  readonly ring: Ring
  readonly previous: Ring | undefined
}

/** One storage policy on this device. */
export interface PolicySource {
  readonly index: number
  readonly replica: ReplicaAccess
  readonly ledger: SyncLedger
  readonly rings: () => RingsOfPolicy
}

export interface ObjectReplicatorOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** By which peers are reached; it signs. */
  readonly transport: Transport
  readonly drive: Pick<Drive, 'keepRoom' | 'state'>
  readonly policies: readonly PolicySource[]
  /** Which device of a ring this one is: by the address that rings know it under, and its name. */
  readonly self: { readonly host: string; readonly device: string; readonly port?: number | undefined }
  readonly repairs: RepairQueue
  /** To be awaited before each step of each lane. */
  readonly gait?: (() => Gait) | undefined
  /** Partitions worked on at the same time. */
  readonly partitionsUnderWay?: number | undefined
  /** Waits until so many bytes of bodies more may be fetched; no limit where it is left out. */
  readonly admit?: FetcherOptions['admit']
  readonly reclaimAgeSeconds?: number | undefined
  /** No tombstone is forgotten while it says so (`#backend/clock-watch.ts`). */
  readonly isClockInDoubt?: (() => boolean) | undefined
  /** What was written so lately is probably on its way: a sweep of a synced replica leaves it alone, milliseconds. */
  readonly settleMs?: number | undefined
  /** Rest between two passes, milliseconds. */
  readonly pauseMs?: number | undefined
}

/** `worker/gait.ts`: rests for clients. */
export interface Gait {
  before(step: { readonly files?: number; readonly bytes?: number }, options: PassOptions): Promise<void>
  end(): void
}

/** A policy with what was made for it. */
export interface Policy extends PolicySource {
  readonly peers: Peers
  readonly fetcher: ObjectFetcher
  readonly digests: UnitDigests
}

/** Where it is noted what a pass found and did. */
export type PassNotes = Pick<Pass, 'count' | 'set' | 'moveBytes'>

/** One pass over one policy. */
export interface PolicyPass {
  readonly policy: Policy
  readonly view: RingView
  readonly pass: PassNotes
  /** Rests for clients before the next step of this lane; `undefined` where nobody asked for it. */
  readonly gait: Gait | undefined
  readonly options: PassOptions
  readonly clock: Clock
  readonly log: Logger
  readonly reclaimAgeSeconds: number
  readonly settleMs: number
  /** Peers that did not answer in this pass: nobody waits for them twice. */
  readonly silent: Set<string>
  readonly startedMs: number
  /** `ReplicaStates.joinings` when the pass began. */
  readonly joinings: number
}

/** A ring as seen from this device. */
export interface RingView {
  readonly ring: Ring
  readonly previous: Ring | undefined
  /** `undefined` when the ring does not have this device any more. */
  readonly self: RingDevice | undefined
  readonly ownAddress: PeerAddress
}

export function rangeOf(view: RingView, partition: number): PartitionRange {
  return { partPower: view.ring.partPower, partition }
}

export function addressOf(device: RingDevice): PeerAddress {
  return { host: device.ip, port: device.port, device: device.device }
}

export function nameOf({ host, port, device }: PeerAddress): string {
  return `${host}:${port}/${device}`
}

/** The other primaries of a partition. */
export function peersOf({ ring, self }: RingView, partition: number): readonly RingDevice[] {
  return ring.primaries(partition).filter((device) => device.id !== self?.id)
}

/** Those who held the partition before the last change of the ring and do not hold it now. */
export function formerHolders(view: RingView, partition: number): readonly RingDevice[] {
  const { ring, self } = view
  const now = new Set(ring.primaries(partition).map((device) => nameOf(addressOf(device))))
  const own = self === undefined ? undefined : nameOf(addressOf(self))
  return primariesBefore(view, partition).filter((device) => {
    const name = nameOf(addressOf(device))
    return !now.has(name) && name !== own
  })
}

/** Did the ring before the last change give the partition to this device? */
export function wasPrimaryBefore(view: RingView, partition: number): boolean {
  const own = nameOf(view.ownAddress)
  return primariesBefore(view, partition).some((device) => nameOf(addressOf(device)) === own)
}

/** Is the device still in the ring, or did the operator take it out? */
export function isInRing({ ring }: RingView, device: RingDevice): boolean {
  const name = nameOf(addressOf(device))
  return ring.devices.some((one) => one !== undefined && nameOf(addressOf(one)) === name)
}

/** Is this still the ring in use? */
export function isCurrent({ policy, view }: PolicyPass): boolean {
  return policy.rings().ring === view.ring
}

/** What the pieces of the replicator of accounts and containers are made of: everything comes from outside. */
import type { Drive } from '#backend/drive-state.ts'
import type { PartitionRange } from '#backend/range-states.ts'
import type { SyncLedger } from '#backend/sync-ledger.ts'
import type { SyncStamp } from '#backend/sync-stamp.ts'
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { Index } from '#db/contract.ts'
import type { RowKind } from '#db/row-kind.ts'
import type { Transport } from '#http/transport.ts'
import type { RingDevice } from '#ring/device.ts'
import type { Ring } from '#ring/ring.ts'
import type { PassOptions } from '#worker/contract.ts'
import type { Pass } from '#worker/pass.ts'
import type { DatabasePeers } from './databases-peers.ts'
import { primariesBefore } from './primaries-before.ts'

/** The ring at this moment, and the one before it while its devices may still hold what moved. */
export interface DatabaseRings {
  readonly ring: Ring
  readonly previous: Ring | undefined
}

/** All accounts, or all containers, of this device. */
export interface DatabaseSource<Row> {
  readonly server: 'account' | 'container'
  readonly index: Index<Row>
  readonly kind: RowKind<Row>
  readonly ledger: SyncLedger
  readonly rings: () => DatabaseRings
}

/** `worker/gait.ts`: rests for clients. */
export interface Gait {
  before(step: { readonly files?: number; readonly bytes?: number }, options: PassOptions): Promise<void>
  end(): void
}

export interface DatabaseReplicatorOptions {
  readonly clock: Clock
  readonly log: Logger
  /** By which peers are reached; it signs. */
  readonly transport: Transport
  readonly sources: readonly (DatabaseSource<never> | DatabaseSource<unknown>)[]
  /** Nothing is taken while it is full, and nothing is done while it is not there. */
  readonly drive: Pick<Drive, 'state'>
  /** Which device of a ring this one is: by the address that rings know it under, and its name. */
  readonly self: { readonly host: string; readonly device: string; readonly port?: number | undefined }
  /** To be awaited before each step; one for each lane. */
  readonly gait?: (() => Gait) | undefined
  /** Partitions worked on at the same time. */
  readonly partitionsUnderWay?: number | undefined
  readonly reclaimAgeSeconds?: number | undefined
  /** No deletion is given up while it says so (`#backend/clock-watch.ts`). */
  readonly isClockInDoubt?: (() => boolean) | undefined
  /** Rest between two passes, milliseconds. */
  readonly pauseMs?: number | undefined
}

/** One pass over one source. */
export interface SourcePass<Row> {
  readonly source: DatabaseSource<Row>
  readonly peers: DatabasePeers<Row>
  readonly view: DatabaseRingView
  readonly pass: Pass
  readonly options: PassOptions
  readonly clock: Clock
  readonly log: Logger
  readonly startedMs: number
  /** `ReplicaStates.joinings` when the pass began. */
  readonly joinings: number
  /** The first day whose deletions replicas must agree on (`db/days.ts`). */
  readonly horizon: number
  readonly gait: Gait
  /** Stamps of partitions that were equal anyway, to be written together. */
  readonly stamps: { readonly range: PartitionRange; readonly stamp: SyncStamp }[]
}

/** The ring as seen from this device. */
export interface DatabaseRingView extends DatabaseRings {
  /** `undefined` when the ring does not have this device any more. */
  readonly self: RingDevice | undefined
}

/** A device of a ring, told apart by address and name. */
export function placeOf({ ip, port, device }: RingDevice): string {
  return `${ip}:${port}/${device}`
}

/** The primaries of a partition other than this device. */
export function peersOf({ ring, self }: DatabaseRingView, partition: number): readonly RingDevice[] {
  const own = self === undefined ? undefined : placeOf(self)
  return ring.primaries(partition).filter((device) => placeOf(device) !== own)
}

/** Those who held the partition before the last change of the ring and do not now. */
export function formerHolders(view: DatabaseRingView, partition: number): readonly RingDevice[] {
  const { ring, self } = view
  const now = new Set(ring.primaries(partition).map(placeOf))
  if (self !== undefined) now.add(placeOf(self))
  return primariesBefore(view, partition).filter((device) => !now.has(placeOf(device)))
}

/** Did the ring before the last change give the partition to this device? */
export function wasPrimaryBefore(view: DatabaseRingView, partition: number): boolean {
  const { self } = view
  if (self === undefined) return false
  return primariesBefore(view, partition).some((device) => placeOf(device) === placeOf(self))
}

/** Is the device still in the ring, or did the operator take it out? */
export function isInRing({ ring }: DatabaseRingView, device: RingDevice): boolean {
  return ring.devices.some((one) => one !== undefined && placeOf(one) === placeOf(device))
}

/** Is this device one of the partition's primaries? */
export function isPrimary({ ring, self }: DatabaseRingView, partition: number): boolean {
  if (self === undefined) return false
  const own = placeOf(self)
  return ring.primaries(partition).some((device) => placeOf(device) === own)
}

/** Does the pass still work with the ring in use? */
export function isCurrent<Row>({ source, view }: SourcePass<Row>): boolean {
  return source.rings().ring === view.ring
}

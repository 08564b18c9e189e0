/**
 * Counts, again and again, the objects that have fewer good copies than they should: all of them, not a sample. Digests
 * say which partitions are equal on all their primaries; only the others are looked into.
 *
 * - Of the primaries of a partition the first that is in service speaks for it, so that each object is counted once.
 * - For a primary that cannot be reached the first handoffs count, if they hold what it should hold.
 * - Since when a partition is thin is kept over restarts (`CensusMemory`).
 */
import type { Environment } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import { TICKS_PER_SECOND, type Timestamp, timestampFromTicks } from '#base/timestamp.ts'
import type { Transport } from '#http/transport.ts'
import type { ReplicaAccess } from '#object-server/replica-access.ts'
import type { PeerAddress } from '#object-server/replication/messages.ts'
import { Peers } from '#object-server/replication/peer.ts'
import {
  EMPTY_UNIT,
  RANGE_BITS,
  type UnitDigest,
  UnitDigests,
} from '#object-server/replication/unit-digests.ts'
import type { RingDevice } from '#ring/device.ts'
import type { Ring } from '#ring/ring.ts'
import type { Figures, PassOptions, Worker } from '#worker/contract.ts'
import { Gait, type GaitOptions } from '#worker/gait.ts'
import { type Pass, passWorker } from '#worker/pass.ts'
import type { CensusReport, PolicyCensus, ThinPartition } from './census-report.ts'
import { addUp } from './census-report.ts'
import { copiesOf } from './good-copies.ts'
import { countLive, countPartition, type OwnRanges } from './partition-count.ts'

/** Since when partitions are thin, by policy and partition. Outlives the process. */
export interface CensusMemory {
  readonly load: () => Promise<ReadonlyMap<string, number>>
  /** Durable when resolved. */
  readonly save: (sinceMs: ReadonlyMap<string, number>) => Promise<void>
}

export interface CensusOptions {
  readonly environment: Pick<Environment, 'clock'>
  readonly log: Logger
  readonly transport: Transport
  /** Policies of the device, with what it holds of each. */
  readonly policies: readonly { readonly index: number; readonly replica: ReplicaAccess }[]
  /** The ring of a policy at this moment. */
  readonly ring: (policy: number) => Ring | undefined
  /** Is a device of a ring this one? */
  readonly isSelf: (device: RingDevice) => boolean
  readonly memory: CensusMemory
  /** Can the device be read? One that is out of service speaks for nothing: its peers cannot reach it either. */
  readonly isInService: () => Promise<boolean>
  readonly foreground: GaitOptions['foreground']
}

export interface Census {
  readonly worker: Worker
  readonly report: () => CensusReport
}

/** Copies of an object may be on their way for so long, milliseconds: `node_timeout`, and some. */
const SETTLE_MS = 15_000
const PAUSE_MIN_MS = 30_000
const PAUSE_PER_PASS = 10
/** Handoffs looked at for each primary that cannot be reached. */
const HANDOFFS_PER_PRIMARY = 2

/** The worker named `census`, and what it found. */
export function createCensus(options: CensusOptions): Census {
  const counter = new Counter(options)
  const { environment, log } = options
  return {
    worker: passWorker({
      name: 'census',
      clock: environment.clock,
      log,
      unit: 'partitions',
      pauseMs: () => counter.pauseMs,
      pass: (pass, how) => counter.pass(pass, how),
      live: async () => counter.live(),
    }),
    report: () => counter.report,
  }
}

/** One policy in one pass. */
interface Round {
  readonly policy: number
  readonly ring: Ring
  readonly replica: ReplicaAccess
  /** What this device holds, by ranges of 16 bits. */
  readonly ranges: OwnRanges
  readonly peers: Peers
  readonly own: ReadonlyMap<number, UnitDigest>
  /** What handoffs say of partitions of which primaries cannot be reached, by the handoff's id. */
  readonly handoffs: ReadonlyMap<number, PeerView>
  readonly how: PassOptions
}

/** What a peer holds of a partition: what we hold, nothing at all, or something else. */
type Holding = 'equal' | 'nothing' | 'other'
/** By partition; `unreachable` for a peer that cannot be asked. */
type PeerView = ReadonlyMap<number, Holding> | 'unreachable'

/** A device that answers, and what it holds of a partition. */
interface Holder {
  readonly device: RingDevice
  readonly holding: Holding
}

class Counter {
  readonly #options: CensusOptions
  readonly #gait: Gait
  readonly #units = new Map<number, UnitDigests>()
  /** Objects that are not deleted, by policy and partition, while the digest stays what it was. */
  readonly #live = new Map<string, { readonly digest: string; readonly objects: number }>()
  #sinceMs: Map<string, number> | undefined
  #pauseMs = PAUSE_MIN_MS
  report: CensusReport = { atMs: undefined, policies: [] }

  constructor(options: CensusOptions) {
    this.#options = options
    this.#gait = new Gait({ clock: options.environment.clock, foreground: options.foreground })
  }

  /** The first count comes soon after the start. */
  get pauseMs(): number {
    return this.report.atMs === undefined ? SETTLE_MS : this.#pauseMs
  }

  live(): Figures {
    const figures = addUp([this.report])
    const sinceMs = figures.flatMap((one) => one.sinceMs ?? [])
    const nowMs = this.#options.environment.clock.wallMs()
    return {
      thin_objects: figures.reduce((sum, { objects }) => sum + objects, 0),
      missing_copies: figures.reduce((sum, { missingCopies }) => sum + missingCopies, 0),
      last_copies: figures.reduce((sum, { lastCopies }) => sum + lastCopies, 0),
      thin_for_seconds: sinceMs.length === 0 ? 0 : (nowMs - Math.min(...sinceMs)) / 1000,
    }
  }

  async pass(pass: Pass, how: PassOptions): Promise<'complete' | 'stopped'> {
    const { clock } = this.#options.environment
    const startedMs = clock.monotonicMs()
    this.#sinceMs ??= new Map(await this.#options.memory.load())
    this.#expect(pass)
    const seen = new Map<string, number>()
    const policies: PolicyCensus[] = []
    const counted = (await this.#options.isInService()) ? this.#options.policies : []
    for (const { index, replica } of counted) {
      const ring = this.#options.ring(index)
      if (ring !== undefined) policies.push(await this.#countPolicy(index, ring, replica, seen, pass, how))
    }
    this.#gait.end()
    this.report = { atMs: clock.wallMs(), policies }
    await this.#keep(seen)
    this.#tell(pass)
    this.#pauseMs = Math.max(PAUSE_MIN_MS, (clock.monotonicMs() - startedMs) * PAUSE_PER_PASS)
    return 'complete'
  }

  /** Without it the times begin anew at the next start, and nothing else. */
  async #save(seen: ReadonlyMap<string, number>): Promise<void> {
    try {
      await this.#options.memory.save(seen)
    } catch (error) {
      this.#options.log.warn({ err: error }, 'since when objects lack copies could not be kept')
    }
  }

  #expect(pass: Pass): void {
    const rings = this.#options.policies.flatMap(({ index }) => this.#options.ring(index) ?? [])
    pass.expect(rings.reduce((sum, ring) => sum + this.#ownPartitions(ring).length, 0))
  }

  async #keep(seen: ReadonlyMap<string, number>): Promise<void> {
    const before = this.#sinceMs ?? new Map<string, number>()
    const isSame = before.size === seen.size && [...seen.keys()].every((key) => before.has(key))
    this.#sinceMs = new Map(seen)
    if (!isSame) await this.#save(seen)
  }

  #tell(pass: Pass): void {
    for (const { objects, missingCopies, lastCopies, records, uncounted } of addUp([this.report])) {
      pass.count('found', 'records', records)
      pass.count('waiting', 'thin_objects', objects)
      pass.count('waiting', 'missing_copies', missingCopies)
      pass.count('waiting', 'last_copies', lastCopies)
      pass.count('waiting', 'uncounted_partitions', uncounted)
    }
  }

  async #countPolicy(
    policy: number,
    ring: Ring,
    replica: ReplicaAccess,
    seen: Map<string, number>,
    pass: Pass,
    how: PassOptions,
  ): Promise<PolicyCensus> {
    const begun = await this.#begin(policy, ring, replica, how)
    const partitions = this.#ownPartitions(ring)
    const views = await this.#askPeers(begun, partitions)
    const round = { ...begun, handoffs: await this.#askHandoffs(begun, partitions, views) }
    const thin: ThinPartition[] = []
    const sums = { partitions: 0, records: 0, uncounted: 0 }
    for (const partition of partitions) {
      pass.advance()
      const primaries = ring.primaries(partition)
      const isEqual = primaries.every((device) => this.#holdingOf(views, device, partition) === 'equal')
      const speaks = this.#speaksFor(primaries, views)
      const records = round.own.get(partition)?.count ?? 0
      if (speaks) sums.partitions += 1
      if (speaks && isEqual) sums.records += records
      if (isEqual) continue
      const counted = speaks ? await this.#countOne(round, partition, primaries, views) : undefined
      if (counted?.isComplete === false) sums.uncounted += 1
      // Who has lost what it held knows of it from the others.
      if (counted !== undefined) sums.records += Math.max(records, counted.count.objects)
      if (counted !== undefined && counted.count.thin === 0) continue
      const sinceMs = this.#since(policy, partition, seen)
      if (counted === undefined) continue
      const { thin: objects, missingCopies, lastCopies } = counted.count
      thin.push({ partition, objects, missingCopies, lastCopies, sinceMs })
    }
    return { policy, ...sums, thin }
  }

  async #begin(policy: number, ring: Ring, replica: ReplicaAccess, how: PassOptions): Promise<Round> {
    const units = this.#units.get(policy) ?? new UnitDigests(replica)
    this.#units.set(policy, units)
    const { transport, log } = this.#options
    const peers = new Peers({ transport, policyIndex: policy, log })
    const own = await units.all(ring.partPower)
    const ranges = await units.all(RANGE_BITS)
    return { policy, ring, replica, ranges, peers, how, own, handoffs: new Map() }
  }

  #ownPartitions(ring: Ring): readonly number[] {
    const self = ring.devices.find((device) => device !== undefined && this.#options.isSelf(device))
    return self === undefined ? [] : [...ring.partitionsOf(self.id)]
  }

  /** Asks every other primary once about all partitions that we share. */
  #askPeers(round: Round, partitions: readonly number[]): Promise<Map<number, PeerView>> {
    return this.#askEach(round, partitions, (partition) => round.ring.primaries(partition))
  }

  /** Asks handoffs once about the partitions of which primaries cannot be reached and for which we speak. */
  #askHandoffs(
    round: Round,
    partitions: readonly number[],
    views: ReadonlyMap<number, PeerView>,
  ): Promise<Map<number, PeerView>> {
    return this.#askEach(round, partitions, (partition) => {
      const primaries = round.ring.primaries(partition)
      if (!this.#speaksFor(primaries, views)) return []
      const missing = primaries.filter((device) => views.get(device.id) === 'unreachable').length
      return firstOf(round.ring.handoffs(partition), missing * HANDOFFS_PER_PRIMARY)
    })
  }

  /** One request to each device, about all the partitions for which it is named. */
  async #askEach(
    round: Round,
    partitions: readonly number[],
    devicesOf: (partition: number) => readonly RingDevice[],
  ): Promise<Map<number, PeerView>> {
    const asked = new Map<number, { readonly device: RingDevice; readonly partitions: number[] }>()
    for (const partition of partitions) {
      for (const device of devicesOf(partition)) {
        if (this.#options.isSelf(device)) continue
        const known = asked.get(device.id)
        if (known === undefined) asked.set(device.id, { device, partitions: [partition] })
        else known.partitions.push(partition)
      }
    }
    const views = new Map<number, PeerView>()
    for (const { device, partitions: about } of asked.values()) {
      await this.#gait.before({ files: 0 }, round.how)
      views.set(device.id, await this.#viewOf(round, device, about))
    }
    return views
  }

  async #viewOf(round: Round, device: RingDevice, partitions: readonly number[]): Promise<PeerView> {
    const digestOf = (partition: number): Buffer => (round.own.get(partition) ?? EMPTY_UNIT).digest
    const equal = await this.#compare(round, device, partitions, digestOf)
    if (equal === 'unreachable') return 'unreachable'
    const others = partitions.filter((partition) => !equal.has(partition))
    const empty = await this.#compare(round, device, others, () => EMPTY_UNIT.digest)
    if (empty === 'unreachable') return 'unreachable'
    return new Map(
      partitions.map((partition) => {
        return [partition, equal.has(partition) ? 'equal' : empty.has(partition) ? 'nothing' : 'other']
      }),
    )
  }

  /** The partitions of which the peer has just this digest. */
  async #compare(
    { peers, ring, how }: Round,
    device: RingDevice,
    partitions: readonly number[],
    digestOf: (partition: number) => Buffer,
  ): Promise<ReadonlySet<number> | 'unreachable'> {
    if (partitions.length === 0) return new Set()
    const asked = partitions.map((number) => ({ number, digest: digestOf(number) }))
    const answers = await peers.digests(addressOf(device), ring.partPower, asked, how.signal)
    if ('reason' in answers) return 'unreachable'
    return new Set(partitions.filter((_, at) => answers[at]?.equal === true))
  }

  #holdingOf(
    views: ReadonlyMap<number, PeerView>,
    device: RingDevice,
    partition: number,
  ): Holding | 'unreachable' {
    if (this.#options.isSelf(device)) return 'equal'
    const view = views.get(device.id) ?? 'unreachable'
    return view === 'unreachable' ? view : (view.get(partition) ?? 'other')
  }

  #speaksFor(primaries: readonly RingDevice[], views: ReadonlyMap<number, PeerView>): boolean {
    const first = primaries.find(
      (device) => this.#options.isSelf(device) || views.get(device.id) !== 'unreachable',
    )
    return first !== undefined && this.#options.isSelf(first)
  }

  async #countOne(
    round: Round,
    partition: number,
    primaries: readonly RingDevice[],
    views: Map<number, PeerView>,
  ): ReturnType<typeof countPartition> {
    const { how, replica, ranges, peers, ring } = round
    await this.#gait.before({ files: 1 }, how)
    const others = primaries.filter((device) => !this.#options.isSelf(device))
    const there = others.map((device) => this.#holderIn(views, device, partition)).filter(isHolder)
    const away = others.filter((device) => this.#holdingOf(views, device, partition) === 'unreachable')
    const holders = [...there, ...this.#standIns(round, partition, away.length)]
    if (holders.every(({ holding }) => holding !== 'other')) {
      const objects = await this.#liveIn(round, partition)
      const good = 1 + holders.filter(({ holding }) => holding === 'equal').length
      return { count: copiesOf(objects, good, primaries.length), isComplete: true }
    }
    return countPartition({
      replica,
      own: ranges,
      peers,
      partition: { partPower: ring.partPower, partition },
      needed: primaries.length,
      holders: holders.map(({ device }) => addressOf(device)),
      settledBefore: this.#settledBefore(),
      signal: how.signal,
    })
  }

  /** Handoffs that hold something, in place of so many primaries that do not answer. */
  #standIns({ ring, handoffs }: Round, partition: number, missing: number): readonly Holder[] {
    return firstOf(ring.handoffs(partition), missing * HANDOFFS_PER_PRIMARY)
      .map((device) => this.#holderIn(handoffs, device, partition))
      .filter(isHolder)
      .filter(({ holding }) => holding !== 'nothing')
      .slice(0, missing)
  }

  #holderIn(views: ReadonlyMap<number, PeerView>, device: RingDevice, partition: number): Holder | undefined {
    const holding = this.#holdingOf(views, device, partition)
    return holding === 'unreachable' ? undefined : { device, holding }
  }

  /** Counted once for each digest: a device that is gone concerns every partition it shared with us. */
  async #liveIn({ policy, replica, ranges, ring, own }: Round, partition: number): Promise<number> {
    const digest = (own.get(partition) ?? EMPTY_UNIT).digest.toString('hex')
    const key = keyOf(policy, partition)
    const known = this.#live.get(key)
    if (known?.digest === digest) return known.objects
    const objects = await countLive(replica, ranges, { partPower: ring.partPower, partition })
    this.#live.set(key, { digest, objects })
    return objects
  }

  #settledBefore(): Timestamp {
    const ms = this.#options.environment.clock.wallMs() - SETTLE_MS
    return timestampFromTicks(Math.max(0, Math.floor((ms / 1000) * TICKS_PER_SECOND)))
  }

  #since(policy: number, partition: number, seen: Map<string, number>): number {
    const key = keyOf(policy, partition)
    const sinceMs = this.#sinceMs?.get(key) ?? this.#options.environment.clock.wallMs()
    seen.set(key, sinceMs)
    return sinceMs
  }
}

function isHolder(holder: Holder | undefined): holder is Holder {
  return holder !== undefined
}

function keyOf(policy: number, partition: number): string {
  return `${policy} ${partition}`
}

function addressOf({ ip, port, device }: RingDevice): PeerAddress {
  return { host: ip, port, device }
}

function firstOf(devices: Iterable<RingDevice>, count: number): readonly RingDevice[] {
  const found: RingDevice[] = []
  if (count === 0) return found
  for (const device of devices) {
    found.push(device)
    if (found.length >= count) break
  }
  return found
}

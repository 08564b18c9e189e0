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
import { EMPTY_UNIT, type UnitDigest, UnitDigests } from '#object-server/replication/unit-digests.ts'
import type { RingDevice } from '#ring/device.ts'
import type { Ring } from '#ring/ring.ts'
import type { Figures, PassOptions, Worker } from '#worker/contract.ts'
import { Gait, type GaitOptions } from '#worker/gait.ts'
import { type Pass, passWorker } from '#worker/pass.ts'
import type { CensusReport, PolicyCensus, ThinPartition } from './census-report.ts'
import { addUp } from './census-report.ts'
import { copiesOf } from './good-copies.ts'
import { countLive, countPartition } from './partition-count.ts'

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
  readonly units: UnitDigests
  readonly peers: Peers
  readonly own: ReadonlyMap<number, UnitDigest>
  readonly how: PassOptions
}

/** Which partitions each peer holds as we do; `unreachable` for one that cannot be asked. */
type PeerView = ReadonlyMap<number, boolean> | 'unreachable'

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
    const seen = new Map<string, number>()
    const policies: PolicyCensus[] = []
    for (const { index, replica } of this.#options.policies) {
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

  async #keep(seen: ReadonlyMap<string, number>): Promise<void> {
    const before = this.#sinceMs ?? new Map<string, number>()
    const isSame = before.size === seen.size && [...seen.keys()].every((key) => before.has(key))
    this.#sinceMs = new Map(seen)
    if (!isSame) await this.#options.memory.save(seen)
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
    const round = await this.#begin(policy, ring, replica, how)
    const partitions = this.#ownPartitions(ring)
    pass.expect(partitions.length)
    const views = await this.#askPeers(round, partitions)
    const thin: ThinPartition[] = []
    const sums = { partitions: 0, records: 0, uncounted: 0 }
    for (const partition of partitions) {
      pass.advance()
      const primaries = ring.primaries(partition)
      const isEqual = primaries.every((device) => this.#isEqual(views, device, partition))
      const speaks = this.#speaksFor(primaries, views)
      if (speaks) {
        sums.partitions += 1
        sums.records += round.own.get(partition)?.count ?? 0
      }
      if (isEqual) continue
      const counted = speaks ? await this.#countOne(round, partition, primaries, views) : undefined
      if (counted?.isComplete === false) sums.uncounted += 1
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
    return { policy, ring, replica, units, peers, how, own: await units.all(ring.partPower) }
  }

  #ownPartitions(ring: Ring): readonly number[] {
    const self = ring.devices.find((device) => device !== undefined && this.#options.isSelf(device))
    return self === undefined ? [] : [...ring.partitionsOf(self.id)]
  }

  /** Asks every other primary once about all partitions that we share. */
  async #askPeers(round: Round, partitions: readonly number[]): Promise<Map<number, PeerView>> {
    const shared = new Map<number, { readonly device: RingDevice; readonly partitions: number[] }>()
    for (const partition of partitions) {
      for (const device of round.ring.primaries(partition)) {
        if (this.#options.isSelf(device)) continue
        const known = shared.get(device.id)
        if (known === undefined) shared.set(device.id, { device, partitions: [partition] })
        else known.partitions.push(partition)
      }
    }
    const views = new Map<number, PeerView>()
    for (const { device, partitions: asked } of shared.values()) {
      await this.#gait.before({ files: 0 }, round.how)
      views.set(device.id, await this.#viewOf(round, device, asked))
    }
    return views
  }

  async #viewOf(round: Round, device: RingDevice, partitions: readonly number[]): Promise<PeerView> {
    const asked = partitions.map((number) => ({
      number,
      digest: (round.own.get(number) ?? EMPTY_UNIT).digest,
    }))
    const answers = await round.peers.digests(
      addressOf(device),
      round.ring.partPower,
      asked,
      round.how.signal,
    )
    if ('reason' in answers) return 'unreachable'
    return new Map(partitions.map((partition, at) => [partition, answers[at]?.equal === true]))
  }

  #isEqual(views: ReadonlyMap<number, PeerView>, device: RingDevice, partition: number): boolean {
    if (this.#options.isSelf(device)) return true
    const view = views.get(device.id)
    return view !== undefined && view !== 'unreachable' && view.get(partition) === true
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
    const { how, replica, units, peers, ring } = round
    await this.#gait.before({ files: 1 }, how)
    const others = primaries.filter((device) => !this.#options.isSelf(device))
    const there = others.filter((device) => views.get(device.id) !== 'unreachable')
    const standIns = await this.#standIns(round, partition, others.length - there.length)
    const areEqual = there.every((device) => this.#isEqual(views, device, partition))
    if (areEqual && standIns.every(({ isEqual }) => isEqual)) {
      const objects = await this.#liveIn(round, partition)
      const good = 1 + there.length + standIns.length
      return { count: copiesOf(objects, good, primaries.length), isComplete: true }
    }
    return countPartition({
      replica,
      units,
      peers,
      partition: { partPower: ring.partPower, partition },
      needed: primaries.length,
      holders: [...there, ...standIns.map(({ device }) => device)].map(addressOf),
      settledBefore: this.#settledBefore(),
      signal: how.signal,
    })
  }

  /** Handoffs that answer, in place of so many primaries that do not, with whether they hold just what we hold. */
  async #standIns(
    round: Round,
    partition: number,
    missing: number,
  ): Promise<readonly { readonly device: RingDevice; readonly isEqual: boolean }[]> {
    const found: { readonly device: RingDevice; readonly isEqual: boolean }[] = []
    let tried = 0
    for (const device of missing === 0 ? [] : round.ring.handoffs(partition)) {
      if (found.length >= missing || tried >= missing * HANDOFFS_PER_PRIMARY) break
      tried += 1
      const view = await this.#viewOf(round, device, [partition])
      if (view !== 'unreachable') found.push({ device, isEqual: view.get(partition) === true })
    }
    return found
  }

  /** Counted once for each digest: a device that is gone concerns every partition it shared with us. */
  async #liveIn({ policy, replica, ring, own }: Round, partition: number): Promise<number> {
    const digest = (own.get(partition) ?? EMPTY_UNIT).digest.toString('hex')
    const key = keyOf(policy, partition)
    const known = this.#live.get(key)
    if (known?.digest === digest) return known.objects
    const objects = await countLive(replica, { partPower: ring.partPower, partition })
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

function keyOf(policy: number, partition: number): string {
  return `${policy} ${partition}`
}

function addressOf({ ip, port, device }: RingDevice): PeerAddress {
  return { host: ip, port, device }
}

/** One storage policy of the object replicator: what a pass does with it, in which order. */
import { RECLAIM_AGE_SECONDS } from '#base/limits.ts'
import type { PeerAddress } from '#object-server/replication/messages.ts'
import { isFailure } from '#object-server/replication/peer.ts'
import type { Ring } from '#ring/ring.ts'
import type { PassOptions } from '#worker/contract.ts'
import type { Pass, ReportPart } from '#worker/pass.ts'
import { makeEqual } from './objects-equal.ts'
import { handOver } from './objects-handoff.ts'
import { inOrder, type PartitionTask } from './objects-order.ts'
import {
  addressOf,
  type Gait,
  isCurrent,
  type ObjectReplicatorOptions,
  type PassNotes,
  type Policy,
  type PolicyPass,
  type RingView,
  rangeOf,
} from './objects-parts.ts'
import { reclaimTombstones } from './objects-reclaim.ts'
import { repairCopy } from './objects-repair.ts'
import { spreadObject } from './objects-spread.ts'
import { StampBook } from './objects-stamps.ts'
import {
  goodPeers,
  isEqualEverywhere,
  type Survey,
  type SurveyedPartition,
  survey,
} from './objects-survey.ts'

/** Partitions worked on at the same time where nothing else was said. */
const PARTITIONS_UNDER_WAY = 4
/** Each partition is looked through for old tombstones so often, as a share of the reclaim age, and at least so often. */
const LOOKS_PER_RECLAIM_AGE = 4
const LOOK_PAUSE_MAX_MS = 6 * 3_600_000

/** `got_on`: something of a partition was done, and more of it is left: the next pass should come soon. */
export type PolicyOutcome = 'done' | 'got_on' | 'waits'

interface Lane {
  readonly gait: Gait | undefined
}

export class PolicyReplicator {
  readonly #policy: Policy
  readonly #options: ObjectReplicatorOptions
  readonly #lanes: readonly Lane[]
  readonly #stamps: StampBook
  readonly #lookedMs = new Map<number, number>()
  #address: PeerAddress | undefined
  #learning: Promise<void> = Promise.resolve()
  #known: { readonly ring: Ring; readonly owned: readonly number[] } | undefined

  constructor(policy: Policy, options: ObjectReplicatorOptions) {
    this.#policy = policy
    this.#options = options
    this.#stamps = new StampBook(policy.ledger, options.clock)
    const lanes = options.partitionsUnderWay ?? PARTITIONS_UNDER_WAY
    this.#lanes = Array.from({ length: lanes }, () => ({ gait: options.gait?.() }))
  }

  /** Durably notes what the ring in use gives to this device. One after the other: the last ring counts. */
  learnRing(): Promise<RingView> {
    const learning = this.#learning.then(() => this.#learn())
    this.#learning = learning.then(
      () => {},
      () => {},
    )
    return learning
  }

  async #learn(): Promise<RingView> {
    const view = this.#view()
    if (this.#known?.ring !== view.ring) {
      const { ring, self } = view
      const owned = self === undefined ? [] : [...ring.partitionsOf(self.id)]
      const gained = await this.#policy.ledger.own(ring.partPower, owned)
      if (gained.length > 0) {
        this.#options.log.info(
          { policy: this.#policy.index, gained: gained.length },
          'partitions to be joined',
        )
      }
      this.#known = { ring, owned }
    }
    return view
  }

  /** Rejects when the signal aborts, or the index fails. */
  async run(pass: Pass, options: PassOptions): Promise<PolicyOutcome> {
    const { clock, log, repairs } = this.#options
    const view = await this.learnRing()
    const reclaimAgeSeconds = this.#options.reclaimAgeSeconds ?? RECLAIM_AGE_SECONDS
    const policy = this.#policy
    const startedMs = clock.wallMs()
    const settleMs = this.#options.settleMs ?? 0
    const gait = undefined
    const silent = new Set<string>()
    const { joinings } = policy.ledger.states
    const work = {
      policy,
      view,
      pass,
      gait,
      options,
      clock,
      log,
      reclaimAgeSeconds,
      settleMs,
      silent,
      startedMs,
      joinings,
    }
    try {
      await this.#repair(work)
      const surveyed = await survey(work, this.#known?.owned ?? [])
      await this.#noteEqual(work, surveyed)
      const tasks = await this.#tasks(work, surveyed, repairs.takePartitions(policy.index))
      pass.expect(tasks.length)
      const outcome = await this.#work(work, surveyed, tasks, () => pass.advance())
      await this.#reclaim(work, surveyed)
      await this.#endAbsence(work, surveyed)
      return outcome
    } finally {
      // Of a ring that has changed meanwhile nothing more is said.
      if (isCurrent(work)) await this.#stamps.flush()
      else this.#stamps.drop()
      for (const { gait } of this.#lanes) gait?.end()
    }
  }

  #view(): RingView {
    const { ring, previous } = this.#policy.rings()
    const { host, device, port } = this.#options.self
    const self = ring.devices.find((one) => one?.ip === host && one.device === device)
    const known = self ?? previous?.devices.find((one) => one?.ip === host && one.device === device)
    // A device that two rings in a row do not have is still where it was.
    this.#address =
      known === undefined ? (this.#address ?? { host, port: port ?? 0, device }) : addressOf(known)
    const ownAddress = this.#address
    return { ring, previous, self, ownAddress }
  }

  async #repair(work: PolicyPass): Promise<void> {
    const { repairs } = this.#options
    for (const copy of repairs.copies(this.#policy.index)) {
      const outcome = await repairCopy(work, copy)
      repairs.settle(copy, outcome)
      work.pass.count('found', 'copies_to_repair')
      if (outcome !== 'healed') work.pass.count('waiting', 'copies_not_repaired')
    }
    for (const copy of repairs.takeSpreads(this.#policy.index)) {
      const missing = await spreadObject(work, copy)
      if (missing > 0) work.pass.count('waiting', 'copies_not_spread', missing)
    }
  }

  /** Where every peer holds the same there is nothing to do but to remember when that was. */
  async #noteEqual(work: PolicyPass, { owned, counts }: Survey): Promise<void> {
    const { pass, view, policy } = work
    pass.count('found', 'partitions', owned.length)
    let unreachable = 0
    for (const surveyed of owned) {
      unreachable += surveyed.said.filter(({ answer }) => isFailure(answer)).length
      const range = rangeOf(view, surveyed.partition)
      if (policy.ledger.voice(range) !== 'synced' || !isEqualEverywhere(surveyed)) continue
      this.#stamps.note(range, counts.get(surveyed.partition), work.startedMs - work.settleMs)
    }
    pass.set('found', 'peers_of_partitions_not_reached', unreachable)
  }

  async #work(
    work: PolicyPass,
    surveyed: Survey,
    tasks: readonly PartitionTask[],
    advance: () => void,
  ): Promise<PolicyOutcome> {
    const byPartition = new Map(surveyed.owned.map((one) => [one.partition, one]))
    const left = tasks.values()
    const outcomes = new Set<PolicyOutcome>()
    await Promise.all(
      this.#lanes.map(async ({ gait }) => {
        for (const task of left) {
          await gait?.before({ files: 1 }, work.options)
          work.options.signal.throwIfAborted()
          const pass = new TaskNotes(work.pass)
          const outcome = await this.#one({ ...work, gait, pass }, task, byPartition.get(task.partition))
          outcomes.add(outcome === 'waits' && pass.hasRepaired ? 'got_on' : outcome)
          advance()
        }
      }),
    )
    if (outcomes.has('got_on')) return 'got_on'
    return outcomes.has('waits') ? 'waits' : 'done'
  }

  async #tasks(
    { view, policy, pass }: PolicyPass,
    { owned, strays }: Survey,
    hurried: ReadonlySet<number>,
  ): Promise<readonly PartitionTask[]> {
    const urgencyOf = (partition: number): PartitionTask['urgency'] =>
      hurried.has(partition) ? 'hurried' : 'usual'
    const unequal = owned.filter((one) => {
      const voice = policy.ledger.voice(rangeOf(view, one.partition))
      if (voice !== 'synced') pass.count('found', 'partitions_joining')
      return voice !== 'synced' || !isEqualEverywhere(one)
    })
    const equalising = unequal.map((one): PartitionTask => {
      const { partition } = one
      const own = policy.ledger.voice(rangeOf(view, partition)) === 'synced' ? 1 : 0
      const replicas = one.said.length + 1
      const goodCopies = goodPeers(one) + own
      return { partition, kind: 'make_equal', goodCopies, replicas, urgency: urgencyOf(partition) }
    })
    const handing = strays.map((partition): PartitionTask => {
      const replicas = view.ring.primaries(partition).length
      // What lies here may be missing there: it is not known before they were asked.
      return { partition, kind: 'hand_over', goodCopies: replicas, replicas, urgency: urgencyOf(partition) }
    })
    pass.count('found', 'partitions_compared', unequal.length)
    pass.count('found', 'partitions_astray', strays.length)
    const state = await this.#options.drive.state()
    return inOrder([...equalising, ...handing], state.kind === 'full' ? 'full' : 'roomy')
  }

  async #one(
    work: PolicyPass,
    task: PartitionTask,
    surveyed: SurveyedPartition | undefined,
  ): Promise<'done' | 'waits'> {
    const { pass, view } = work
    const range = rangeOf(view, task.partition)
    if (task.kind === 'hand_over') {
      const handed = await handOver(work, task.partition)
      if (handed === 'waits') pass.count('waiting', 'partitions_astray')
      else pass.count('repaired', 'partitions_handed_over')
      return handed === 'waits' ? 'waits' : 'done'
    }
    if (surveyed === undefined) return 'done'
    const made = await makeEqual(work, surveyed)
    if (made.kind === 'waits') {
      pass.count('waiting', 'partitions_unequal')
      await this.#declareStale(work, task.partition)
      return 'waits'
    }
    if (!isCurrent(work)) return 'waits'
    await this.#stamps.write(range, made.stamp)
    return 'done'
  }

  /** A majority was out of reach for too long: it votes on nothing before it has heard one, and serves on. */
  async #declareStale({ policy, view, log }: PolicyPass, partition: number): Promise<void> {
    const range = rangeOf(view, partition)
    const stamp = policy.ledger.stamp(range)
    if (stamp.stale || !policy.ledger.isOutOfTouch(range)) return
    // It does not vote anyway, and has nothing that it could have kept.
    if (policy.ledger.voice(range) === 'joining') return
    const about = { partition, policy: policy.index }
    log.error(about, 'out of touch with a majority for longer than the reclaim age: it does not vote')
    await policy.ledger.write([{ range, stamp: { ...stamp, stale: true } }])
  }

  async #reclaim(work: PolicyPass, { owned, counts }: Survey): Promise<void> {
    const { clock, random, isClockInDoubt } = this.#options
    if (isClockInDoubt?.() === true) return work.pass.count('waiting', 'reclaims_held_by_clock')
    const pauseMs = Math.min(LOOK_PAUSE_MAX_MS, (work.reclaimAgeSeconds * 1000) / LOOKS_PER_RECLAIM_AGE)
    const [lane] = this.#lanes
    for (const { partition, said } of owned) {
      const nowMs = clock.monotonicMs()
      // The first look of each comes at some time within the first pause, so that they do not all come at once.
      const lookedMs = this.#lookedMs.get(partition) ?? nowMs - random.below(Math.ceil(pauseMs))
      this.#lookedMs.set(partition, lookedMs)
      if (nowMs - lookedMs < pauseMs || (counts.get(partition)?.count ?? 0) === 0) continue
      const canAll = said.every(({ answer }) => {
        return !isFailure(answer) && answer.voice === 'synced' && answer.role === 'primary'
      })
      if (!canAll || work.policy.ledger.voice(rangeOf(work.view, partition)) !== 'synced') continue
      await lane?.gait?.before({ files: 1 }, work.options)
      await reclaimTombstones(work, partition)
      this.#lookedMs.set(partition, nowMs)
    }
  }

  /** Everything that lies here was compared since the device came back. */
  async #endAbsence({ policy, view }: PolicyPass, { owned, strays }: Survey): Promise<void> {
    if (!policy.ledger.mayBeStale) return
    const all = [...owned.map(({ partition }) => partition), ...strays]
    if (all.some((partition) => policy.ledger.isStale(rangeOf(view, partition)))) return
    await policy.ledger.endAbsence()
  }
}

/** What is noted of one partition, which tells whether anything of it was put right. */
class TaskNotes implements PassNotes {
  readonly #pass: PassNotes
  #repaired = 0

  constructor(pass: PassNotes) {
    this.#pass = pass
  }

  get hasRepaired(): boolean {
    return this.#repaired > 0
  }

  count(part: ReportPart, figure: string, amount = 1): void {
    if (part === 'repaired') this.#repaired += amount
    this.#pass.count(part, figure, amount)
  }

  set(part: ReportPart, figure: string, value: number): void {
    this.#pass.set(part, figure, value)
  }

  moveBytes(count: number): void {
    this.#pass.moveBytes(count)
  }
}

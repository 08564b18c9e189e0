/**
 * The replicator of accounts and containers: makes the copies of every account and container equal, moves them to where
 * the ring says, lets replicas vote again that were lost or away, and gives up deletions that nobody needs any more.
 * Everything it does is a merge or follows a confirmation, so it may be killed anywhere and run twice.
 */

import { RECLAIM_AGE_SECONDS } from '#base/limits.ts'
import { horizonDay } from '#db/days.ts'
import type { Ring } from '#ring/ring.ts'
import type { PassOptions, Worker } from '#worker/contract.ts'
import { type Pass, passWorker } from '#worker/pass.ts'
import { handOver, handoffPartitions } from './databases-handoff.ts'
import { makeEqual } from './databases-partition.ts'
import {
  type DatabaseReplicatorOptions,
  type DatabaseRingView,
  type DatabaseSource,
  type Gait,
  isCurrent,
  type SourcePass,
} from './databases-parts.ts'
import { DatabasePeers } from './databases-peers.ts'
import { reclaimIn } from './databases-reclaim.ts'
import { ownPartitions, survey } from './databases-survey.ts'

/** OpenStack Swift's `interval` of the account and container replicators. */
const PAUSE_MS = 30_000
/** OpenStack Swift's `concurrency` is 8 processes' worth; half of it leaves more to clients. */
const PARTITIONS_UNDER_WAY = 4

export interface DatabaseReplicator extends Worker {
  /** To be called when a ring changed: what it newly gives to this device is joining from then on. Durable when resolved. */
  readonly learnRings: () => Promise<void>
}

export function createDatabaseReplicator(options: DatabaseReplicatorOptions): DatabaseReplicator {
  const { clock, log } = options
  const sources = options.sources.map(
    (source) => new SourceReplicator(options, source as DatabaseSource<unknown>),
  )
  const worker = passWorker({
    name: 'database-replicator',
    clock,
    log,
    unit: 'partitions',
    pauseMs: () => options.pauseMs ?? PAUSE_MS,
    pass: async (pass, how) => {
      for (const source of sources) {
        if ((await source.run(pass, how)) === 'stopped') return 'stopped'
      }
      return 'complete'
    },
  })
  const learnRings = async (): Promise<void> => {
    for (const source of sources) await source.learnRing()
  }
  return { ...worker, learnRings }
}

const NO_GAIT: Gait = { before: async (_step, { signal }) => signal.throwIfAborted(), end: () => {} }

/** All accounts, or all containers, pass after pass. */
class SourceReplicator<Row> {
  readonly #options: DatabaseReplicatorOptions
  readonly #source: DatabaseSource<Row>
  readonly #peers: DatabasePeers<Row>
  #signal: AbortSignal | undefined
  #own: { readonly ring: Ring; readonly partitions: readonly number[] } | undefined
  /** The horizon up to which deletions were given up in every partition. */
  #reclaimedAt: number | undefined

  constructor(options: DatabaseReplicatorOptions, source: DatabaseSource<Row>) {
    this.#options = options
    this.#source = source
    const { transport, log } = options
    this.#peers = new DatabasePeers({ transport, log, kind: source.kind, signal: () => this.#signal })
  }

  async run(pass: Pass, how: PassOptions): Promise<'complete' | 'stopped'> {
    this.#signal = how.signal
    const work = this.#begin(pass, how)
    const own = this.#ownPartitions(work.view)
    const { kind } = await this.#options.drive.state()
    if (kind !== 'ready' && kind !== 'full') {
      pass.count('waiting', 'drive_unfit')
      return 'complete'
    }
    pass.expect(pass.progress().done + own.length)
    await this.#takeOn(work, own)
    if (kind === 'ready') await this.#makeEqual(work, own)
    else pass.count('waiting', 'drive_full')
    await this.#handOver(work, own)
    if (kind === 'ready') await this.#reclaim(work, own)
    work.gait.end()
    return how.signal.aborted ? 'stopped' : 'complete'
  }

  async #makeEqual(begun: SourcePass<Row>, own: readonly number[]): Promise<void> {
    const work = { ...begun, joinings: this.#source.ledger.states.joinings }
    const answers = await survey(work, own)
    await this.#inLanes(own, work, async (partition, lane) => {
      await makeEqual(lane, partition, answers.get(partition) ?? [])
      work.pass.advance()
    })
    const stamps = work.stamps.splice(0)
    if (isCurrent(work)) await this.#source.ledger.write(stamps)
  }

  async learnRing(): Promise<void> {
    const view = this.#view()
    await this.#source.ledger.own(view.ring.partPower, this.#ownPartitions(view))
  }

  #view(): DatabaseRingView {
    const { self } = this.#options
    const { ring, previous } = this.#source.rings()
    const own = ring.devices.find(
      (device) =>
        device !== undefined &&
        device.ip === self.host &&
        device.device === self.device &&
        (self.port === undefined || device.port === self.port),
    )
    return { ring, previous, self: own }
  }

  #begin(pass: Pass, options: PassOptions): SourcePass<Row> {
    const { clock, log, reclaimAgeSeconds } = this.#options
    const startedMs = clock.wallMs()
    return {
      source: this.#source,
      peers: this.#peers,
      view: this.#view(),
      pass,
      options,
      clock,
      log,
      startedMs,
      joinings: this.#source.ledger.states.joinings,
      horizon: Math.max(0, horizonDay(startedMs, reclaimAgeSeconds ?? RECLAIM_AGE_SECONDS)),
      gait: this.#options.gait?.() ?? NO_GAIT,
      stamps: [],
    }
  }

  #ownPartitions(view: DatabaseRingView): readonly number[] {
    if (this.#own?.ring !== view.ring) this.#own = { ring: view.ring, partitions: ownPartitions(view) }
    return this.#own.partitions
  }

  /** What the ring newly gives is joining before anything else; what was out of touch for too long is stale. */
  async #takeOn({ source, view, pass }: SourcePass<Row>, own: readonly number[]): Promise<void> {
    const { ledger } = source
    const { partPower } = view.ring
    const gained = await ledger.own(partPower, own)
    if (gained.length > 0) pass.count('found', 'partitions_gained', gained.length)
    const lost = own
      .map((partition) => ({ partPower, partition }))
      .filter((range) => ledger.isOutOfTouch(range) && !ledger.stamp(range).stale)
      // What is joining does not vote anyway, and has nothing that it could have kept.
      .filter((range) => ledger.voice(range) !== 'joining')
      .map((range) => ({ range, stamp: { ...ledger.stamp(range), stale: true } }))
    await ledger.write(lost)
  }

  async #handOver(work: SourcePass<Row>, own: readonly number[]): Promise<void> {
    const { ledger } = this.#source
    const { partPower } = work.view.ring
    let isStale = own.some((partition) => ledger.isStale({ partPower, partition }))
    for await (const partition of handoffPartitions(work, new Set(own))) {
      if (!isCurrent(work)) return
      work.pass.count('found', 'handoff_partitions')
      if ((await handOver(work, partition)) === 'stale') isStale = true
    }
    if (!isStale) await ledger.endAbsence()
  }

  /** Once a day is enough: deletions are given up by whole days. */
  async #reclaim(work: SourcePass<Row>, own: readonly number[]): Promise<void> {
    if (this.#reclaimedAt === work.horizon) return
    if (this.#options.isClockInDoubt?.() === true) return work.pass.count('waiting', 'reclaims_held_by_clock')
    let isWhole = true
    for (const partition of own) {
      const range = { partPower: work.view.ring.partPower, partition }
      const isSynced = work.source.ledger.voice(range) === 'synced'
      if (!isSynced || (await reclaimIn(work, partition)) === 'unconfirmed') isWhole = false
    }
    if (isWhole) this.#reclaimedAt = work.horizon
  }

  /** Several at a time, each lane with rests of its own. */
  async #inLanes(
    partitions: readonly number[],
    work: SourcePass<Row>,
    each: (partition: number, lane: SourcePass<Row>) => Promise<void>,
  ): Promise<void> {
    const waiting = partitions.values()
    const lanes = this.#options.partitionsUnderWay ?? PARTITIONS_UNDER_WAY
    const run = async (): Promise<void> => {
      const lane = { ...work, gait: this.#options.gait?.() ?? NO_GAIT }
      for (const partition of waiting) {
        lane.options.signal.throwIfAborted()
        await each(partition, lane)
      }
    }
    const ended = await Promise.allSettled(Array.from({ length: lanes }, run))
    const failed = ended.find((lane) => lane.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }
}

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
import type { Transport } from '#http/transport.ts'
import type { ReplicaAccess } from '#object-server/replica-access.ts'
import type { RingDevice } from '#ring/device.ts'
import type { Ring } from '#ring/ring.ts'
import type { Figures, PassOptions, Worker } from '#worker/contract.ts'
import { Gait, type GaitOptions } from '#worker/gait.ts'
import { type Pass, passWorker } from '#worker/pass.ts'
import { addUp, type CensusReport, type PolicyCensus } from './census-report.ts'
import { PolicyCounter, SETTLE_MS } from './policy-count.ts'

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

const PAUSE_MIN_MS = 30_000
const PAUSE_PER_PASS = 10

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

class Counter {
  readonly #options: CensusOptions
  readonly #gait: Gait
  readonly #policies: readonly { readonly policy: number; readonly counter: PolicyCounter }[]
  #sinceMs: ReadonlyMap<string, number> | undefined
  #pauseMs = PAUSE_MIN_MS
  report: CensusReport = { atMs: undefined, policies: [] }

  constructor(options: CensusOptions) {
    const { environment, foreground, policies } = options
    const { clock } = environment
    const gait = new Gait({ clock, foreground })
    this.#options = options
    this.#gait = gait
    this.#policies = policies.map(({ index, replica }) => ({
      policy: index,
      counter: new PolicyCounter({ ...options, clock, gait, replica, policy: index }),
    }))
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
    const before = (this.#sinceMs ??= await this.#options.memory.load())
    const seen = new Map<string, number>()
    const policies: PolicyCensus[] = []
    const rounds = (await this.#options.isInService()) ? this.#rounds() : []
    pass.expect(rounds.reduce((sum, { counter, ring }) => sum + counter.partitionsIn(ring).length, 0))
    for (const { policy, counter, ring } of rounds) {
      const since = (partition: number): number => {
        const key = `${policy} ${partition}`
        const sinceMs = before.get(key) ?? clock.wallMs()
        seen.set(key, sinceMs)
        return sinceMs
      }
      policies.push(await counter.count({ ring, how, since, advance: () => pass.advance() }))
    }
    this.#gait.end()
    this.report = { atMs: clock.wallMs(), policies }
    await this.#keep(before, seen)
    this.#tell(pass)
    this.#pauseMs = Math.max(PAUSE_MIN_MS, (clock.monotonicMs() - startedMs) * PAUSE_PER_PASS)
    return 'complete'
  }

  #rounds(): readonly { readonly policy: number; readonly counter: PolicyCounter; readonly ring: Ring }[] {
    return this.#policies.flatMap(({ policy, counter }) => {
      const ring = this.#options.ring(policy)
      return ring === undefined ? [] : [{ policy, counter, ring }]
    })
  }

  async #keep(before: ReadonlyMap<string, number>, seen: ReadonlyMap<string, number>): Promise<void> {
    this.#sinceMs = seen
    if (before.size === seen.size && [...seen.keys()].every((key) => before.has(key))) return
    try {
      await this.#options.memory.save(seen)
    } catch (error) {
      // Without it the times begin anew at the next start, and nothing else.
      this.#options.log.warn({ err: error }, 'since when objects lack copies could not be kept')
    }
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
}

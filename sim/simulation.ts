/** One run: a cluster, its clients, what goes wrong, the healing, and what must hold then. All of it follows from one seed. */
import { type Logger, silentLogger } from '#base/log.ts'
import { beAway } from './absence.ts'
import { Cluster } from './cluster.ts'
import { FaultDirector } from './faults.ts'
import { checkListings, checkObjects } from './final-checks.ts'
import type { StorageLayer } from './machine.ts'
import type { RunChoices } from './replay.ts'
import { checkReplicas } from './replica-checks.ts'
import { settle } from './settle.ts'
import { Violation } from './violation.ts'
import { Workload, type WorkloadFigures } from './workload.ts'
import { checkWritable } from './writable-checks.ts'

export interface SimulationOptions {
  readonly seed: number
  readonly operations?: number | undefined
  readonly faults?: number | undefined
  /** Names of the faults that may happen; all when left out. */
  readonly onlyFaults?: readonly string[] | undefined
  /** Of 100 operations, so many more are races of conditional writes. */
  readonly racePercent?: number | undefined
  /** Of 100 operations, so many are links of chains of conditional writes (`chains.ts`). */
  readonly chainPercent?: number | undefined
  /** Of 100 operations, so many are of the store's features and of containers that come and go. */
  readonly featurePercent?: number | undefined
  /** Names of the features that clients use (`feature-clients.ts`); all when left out. */
  readonly onlyFeatures?: readonly string[] | undefined
  /** Whether a machine is away for longer than tombstones live; the seed decides when left out. */
  readonly absence?: 'never' | 'always' | undefined
  readonly log?: Logger
  /** A deliberately broken variant. */
  readonly layer?: StorageLayer
  readonly workersOff?: readonly string[] | undefined
}

export interface SimulationReport {
  readonly seed: number
  /** What was asked for besides the seed. */
  readonly choices: RunChoices
  /** SHA-256 of the event log: the same seed gives the same. */
  readonly digest: string
  readonly events: number
  readonly virtualSeconds: number
  readonly operations: number
  readonly acknowledged: number
  readonly faults: readonly string[]
  readonly violation: Violation | undefined
  /** Events that explain the violation. */
  readonly history: readonly string[]
}

const OPERATIONS = 2_000
const FAULTS = 12
const NODES = 6
const RING_NODES = 5
const PROXIES = 3
const WORK_LIMIT_MS = 3_600_000
const SETTLE_LIMIT_MS = 24 * 3_600_000
/** Of 100 runs, those in which a machine is away for longer than tombstones live. */
const ABSENCE_PERCENT = 20
const ABSENCE_LIMIT_MS = 30 * 24 * 3_600_000
const HISTORY_LINES = 400

/** Runs a seed to its end. Never rejects: what went wrong is in the report. */
export async function simulate(options: SimulationOptions): Promise<SimulationReport> {
  const cluster = await Cluster.start({
    seed: options.seed,
    nodes: NODES,
    ringNodes: RING_NODES,
    proxies: PROXIES,
    log: options.log ?? silentLogger,
    layer: options.layer ?? ((storage) => storage),
    workersOff: options.workersOff ?? [],
  })
  const operations = options.operations ?? OPERATIONS
  const run = new Run(cluster, { ...options, operations, faults: options.faults ?? FAULTS })
  let violation: Violation | undefined
  try {
    await run.toTheEnd()
  } catch (error) {
    violation = error instanceof Violation ? error : unexpected(error)
  }
  const { events } = cluster
  const { operations: asked, faults, onlyFaults, racePercent, chainPercent, featurePercent } = options
  const { onlyFeatures, absence, workersOff } = options
  const shares = { racePercent, chainPercent, featurePercent, onlyFeatures }
  return {
    seed: options.seed,
    choices: { operations: asked, faults, onlyFaults, ...shares, absence, workersOff },
    digest: events.digest(),
    events: events.count,
    virtualSeconds: cluster.nowMs() / 1000,
    ...run.figures,
    faults: run.faults,
    violation,
    history:
      violation === undefined
        ? []
        : events.about(
            [...violation.about, 'fault ', 'healing', ' dies', ' serves', ' starts'],
            HISTORY_LINES,
          ),
  }
}

interface RunOptions {
  readonly operations: number
  readonly faults: number
  readonly onlyFaults?: readonly string[] | undefined
  readonly racePercent?: number | undefined
  readonly chainPercent?: number | undefined
  readonly featurePercent?: number | undefined
  readonly onlyFeatures?: readonly string[] | undefined
  readonly absence?: 'never' | 'always' | undefined
}

/** The course of a run: work with faults, perhaps a long absence, work again, healing, and what must hold then. */
class Run {
  readonly #cluster: Cluster
  readonly #options: RunOptions
  readonly #workload: Workload
  readonly #director: FaultDirector
  readonly #isSomebodyAway: boolean
  readonly #faults: string[] = []

  constructor(cluster: Cluster, options: RunOptions) {
    this.#cluster = cluster
    this.#options = options
    this.#workload = new Workload(cluster, options)
    this.#director = new FaultDirector(cluster, options.faults, options.onlyFaults)
    const dice = cluster.random().below(100)
    this.#isSomebodyAway =
      options.absence === undefined ? dice < ABSENCE_PERCENT : options.absence === 'always'
  }

  get figures(): WorkloadFigures {
    return this.#workload.figures
  }

  get faults(): readonly string[] {
    return this.#faults
  }

  async toTheEnd(): Promise<void> {
    const { operations, faults } = this.#options
    await this.#until(this.#workload.prepare(), WORK_LIMIT_MS)
    void this.#director.watch()
    const [work, harm] = [Math.floor(operations / 2), Math.floor(faults / 2)]
    await this.#until(this.#work(work, 0, harm), WORK_LIMIT_MS)
    if (this.#isSomebodyAway) await this.#until(this.#absence(), ABSENCE_LIMIT_MS)
    await this.#until(
      Promise.all([this.#work(operations, harm, faults), this.#workload.doomed.doom()]),
      WORK_LIMIT_MS,
    )
    await this.#until(this.#director.heal(), SETTLE_LIMIT_MS)
    await this.#until(this.#workload.features.finish(), SETTLE_LIMIT_MS)
    await this.#until(settle(this.#cluster, this.#workload.doomed), SETTLE_LIMIT_MS)
    await this.#until(this.#check(), SETTLE_LIMIT_MS)
  }

  async #work(operations: number, fault: number, endFault: number): Promise<void> {
    const progress = (): number => this.#workload.started / this.#options.operations
    const [, names] = await Promise.all([
      this.#workload.run(operations),
      this.#director.run(fault, endFault, progress),
    ])
    this.#faults.push(...names)
  }

  async #absence(): Promise<void> {
    await this.#director.heal()
    const absent = this.#director.someoneToLeave()
    this.#faults.push('long absence')
    await beAway(this.#cluster, this.#director, absent)
  }

  async #check(): Promise<void> {
    const outcomes = await checkObjects(this.#cluster)
    await checkListings(this.#cluster, outcomes)
    await checkReplicas(this.#cluster, outcomes)
    await this.#workload.races.check()
    if ((this.#options.chainPercent ?? 0) > 0) await this.#workload.chains.check()
    await this.#workload.fleeting.check()
    await this.#workload.features.check()
    this.#workload.doomed.check()
    await checkWritable(this.#cluster, outcomes)
  }

  /** Time passes until it is over, or a fault brings a violation to light. */
  async #until(step: Promise<unknown>, limitMs: number): Promise<void> {
    await this.#cluster.until(Promise.race([this.#director.failure, step]), limitMs)
  }
}

/** A program that fails in a way nobody expected breaks a promise too. */
function unexpected(error: unknown): Violation {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return new Violation('unexpected_error', text, ['does not start'])
}

/** One run: a cluster, its clients, what goes wrong, the healing, and what must hold then. All of it follows from one seed. */
import { type Logger, silentLogger } from '#base/log.ts'
import { Cluster } from './cluster.ts'
import { FaultDirector } from './faults.ts'
import { checkListings, checkObjects } from './final-checks.ts'
import type { StorageLayer } from './machine.ts'
import { checkReplicas } from './replica-checks.ts'
import { settle } from './settle.ts'
import { Violation } from './violation.ts'
import { Workload } from './workload.ts'

export interface SimulationOptions {
  readonly seed: number
  readonly operations?: number
  readonly faults?: number
  /** Names of the faults that may happen; all when left out. */
  readonly onlyFaults?: readonly string[] | undefined
  /** Of 100 operations, those that are races of conditional writes. */
  readonly racePercent?: number
  readonly log?: Logger
  /** A deliberately broken variant. */
  readonly layer?: StorageLayer
  readonly workersOff?: readonly string[]
}

export interface SimulationReport {
  readonly seed: number
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
  const workload = new Workload(cluster, operations, options.racePercent)
  const director = new FaultDirector(cluster, options.onlyFaults)
  let faults: readonly string[] = []
  let violation: Violation | undefined
  try {
    await cluster.until(workload.prepare(), WORK_LIMIT_MS)
    const progress = (): number => workload.started / operations
    const failure = Promise.race([director.failure, director.watch()])
    const [, names] = await cluster.until(
      Promise.race([
        failure,
        Promise.all([workload.run(), director.run(options.faults ?? FAULTS, progress)]),
      ]),
      WORK_LIMIT_MS,
    )
    faults = names
    await cluster.until(Promise.race([failure, director.heal()]), SETTLE_LIMIT_MS)
    await cluster.until(Promise.race([failure, settle(cluster)]), SETTLE_LIMIT_MS)
    await cluster.until(Promise.race([failure, finalChecks(cluster, workload)]), SETTLE_LIMIT_MS)
  } catch (error) {
    violation = error instanceof Violation ? error : unexpected(error)
  }
  const { events } = cluster
  return {
    seed: options.seed,
    digest: events.digest(),
    events: events.count,
    virtualSeconds: cluster.nowMs() / 1000,
    operations: workload.figures.operations,
    acknowledged: workload.figures.acknowledged,
    faults,
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

async function finalChecks(cluster: Cluster, workload: Workload): Promise<void> {
  const outcomes = await checkObjects(cluster)
  await checkListings(cluster, outcomes)
  await checkReplicas(cluster, outcomes)
  await workload.races.check()
}

/** A program that fails in a way nobody expected breaks a promise too. */
function unexpected(error: unknown): Violation {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return new Violation('unexpected_error', text, ['does not start'])
}

/**
 * Runs workloads against a Swift endpoint: makes sure that the objects are there, lets worker processes warm up, and
 * measures one phase, with the servers' processor time read right before and right after it.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { DialectName } from './dialects.ts'
import { Latencies } from './latencies.ts'
import type { Plan, WorkloadName } from './operations.ts'
import { type Usage, usageOf } from './process-usage.ts'
import { SwiftSession, type Target } from './swift-session.ts'
import type { FromWorker, PhaseResult, ToWorker } from './worker-messages.ts'

const GB = 1e9
/** Swift's object updater makes a round every 300 s. */
const LISTED_WITHIN_SECONDS = 600

export interface LoadOptions {
  readonly workloads: readonly WorkloadName[]
  readonly seconds: number
  readonly warmupSeconds: number
  /** Connections of the small-object workloads. */
  readonly connections: number
  readonly largeConnections: number
  readonly listingConnections: number
  readonly objects: number
  readonly objectBytes: number
  /** How many large objects are written in turn and read back. */
  readonly largeObjects: number
  readonly largeBytes: number
  readonly listingObjects: number
  readonly pageEntries: number
  /** Processes that generate load. */
  readonly workers: number
  /** The servers' processes, whose time and memory is reported. */
  readonly pids: readonly number[]
  /** First part of the names of the containers. */
  readonly containerPrefix: string
  /** The API that is spoken; containers are made through Swift's either way. */
  readonly dialect: DialectName
  readonly seed: number
}

export const DEFAULT_LOAD: LoadOptions = {
  workloads: ['put', 'get', 'head', 'mixed', 'listing', 'delete', 'large-put', 'large-get'],
  seconds: 10,
  warmupSeconds: 1,
  connections: 32,
  largeConnections: 2,
  listingConnections: 8,
  objects: 1000,
  objectBytes: 4096,
  largeObjects: 8,
  largeBytes: 64 * 1024 * 1024,
  listingObjects: 10_000,
  pageEntries: 1000,
  workers: 1,
  pids: [],
  containerPrefix: 'bench',
  dialect: 'swift',
  seed: 1,
}

export interface WorkloadResult {
  readonly workload: WorkloadName
  readonly connections: number
  /** Objects that the operations choose from; for `put` and `delete` every object is touched once. */
  readonly objects: number
  readonly objectBytes: number
  readonly seconds: number
  readonly operations: number
  readonly operationsPerSecond: number
  /** Megabytes (10^6 bytes) of object bodies per second. */
  readonly megabytesPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  readonly errors: number
  readonly errorKinds: Readonly<Record<string, number>>
  /** Of the servers; `undefined` when no pids were given. */
  readonly serverCpuSeconds: number | undefined
  readonly serverCpuPerThousand: number | undefined
  /** Per GB (10^9 bytes) of object bodies; only for the large workloads. */
  readonly serverCpuPerGb: number | undefined
  readonly serverPssMib: number | undefined
  readonly serverRssMib: number | undefined
  readonly generatorCpuPerThousand: number
}

/** Where something happens around the measured phase: a profiler is switched on and off. */
export interface PhaseHooks {
  before?(workload: WorkloadName): Promise<void>
  after?(workload: WorkloadName, result: WorkloadResult): Promise<void>
}

/** Runs the workloads one after the other. Throws when the target cannot be signed in to or filled. */
export async function runWorkloads(
  target: Target,
  options: LoadOptions,
  hooks: PhaseHooks = {},
): Promise<WorkloadResult[]> {
  const session = await SwiftSession.open(target)
  await using workers = new Workers(options.workers)
  const runner = new Runner(session, options, workers, hooks)
  const results: WorkloadResult[] = []
  for (const workload of options.workloads) results.push(await runner.run(workload))
  return results
}

class Runner {
  readonly #session: SwiftSession
  readonly #options: LoadOptions
  readonly #workers: Workers
  readonly #hooks: PhaseHooks
  readonly #run = Math.floor(Math.random() * 0xffffffff).toString(36)
  /** Objects that each worker has put and not yet deleted. */
  #puts: readonly number[] = []

  constructor(session: SwiftSession, options: LoadOptions, workers: Workers, hooks: PhaseHooks) {
    this.#session = session
    this.#options = options
    this.#workers = workers
    this.#hooks = hooks
  }

  async run(workload: WorkloadName): Promise<WorkloadResult> {
    const plan = await this.#prepare(workload)
    await this.#workers.plan((worker) => ({ ...plan, worker, existing: this.#puts[worker] ?? 0 }))
    const { warmupSeconds, seconds } = this.#options
    const warm = warmupSeconds === 0 ? [] : await this.#workers.go(warmupSeconds)
    await this.#hooks.before?.(workload)
    const before = usageOf(this.#options.pids)
    const results = await this.#workers.go(seconds)
    const after = usageOf(this.#options.pids)
    this.#remember(workload, [warm, results])
    const result = this.#report(workload, plan, results, before, after)
    await this.#hooks.after?.(workload, result)
    return result
  }

  /** Makes the container and what must be in it. */
  async #prepare(workload: WorkloadName): Promise<Plan> {
    const plan = this.#planOf(workload)
    const container = plan.containerPath.slice(this.#session.accountPath.length + 1)
    await this.#session.makeContainer(container)
    if (workload === 'delete') await this.#fillForDelete(plan)
    else if (workload !== 'put' && workload !== 'large-put') await this.#fill(container, plan)
    return plan
  }

  #planOf(workload: WorkloadName): Plan {
    const { session, options } = { session: this.#session, options: this.#options }
    const container = (name: string): string => `${session.accountPath}/${options.containerPrefix}-${name}`
    const small: Plan = {
      kind: workload,
      host: session.host,
      port: session.port,
      token: session.token,
      credentials: options.dialect === 's3' ? session.credentials : undefined,
      containerPath: container('small'),
      connections: options.connections,
      objectBytes: options.objectBytes,
      objects: options.objects,
      pageEntries: options.pageEntries,
      worker: 0,
      workers: options.workers,
      run: this.#run,
      seed: options.seed,
    }
    if (workload === 'put' || workload === 'delete') return { ...small, containerPath: container('new') }
    if (workload === 'large-put' || workload === 'large-get') {
      const { largeBytes: objectBytes, largeObjects: objects, largeConnections: connections } = options
      return { ...small, containerPath: container('large'), connections, objectBytes, objects }
    }
    if (workload !== 'listing') return small
    const { listingObjects: objects, listingConnections: connections } = options
    return { ...small, containerPath: container(`listing-${objects}`), connections, objectBytes: 0, objects }
  }

  async #fill(container: string, plan: Plan): Promise<void> {
    const missing = await this.#session.missingObjects(container, plan.objects)
    if (missing.length === 0) return
    const connections = plan.kind === 'large-get' ? plan.connections : this.#options.connections
    await this.#workers.plan((worker) => ({
      ...plan,
      kind: 'fill',
      connections,
      worker,
      only: missing.filter((_, at) => at % plan.workers === worker),
    }))
    const failed = (await this.#workers.go(24 * 3600)).map((result) => result.errors)
    const problems = Object.keys(Object.assign({}, ...failed))
    if (problems.length > 0) throw new Error(`could not fill ${container}: ${problems.join(', ')}`)
    if (plan.kind === 'listing') await this.#untilListed(container, plan.objects)
  }

  /** Rows that the servers have put off must have arrived before pages are checked. */
  async #untilListed(container: string, objects: number): Promise<void> {
    for (let waited = 0; waited < LISTED_WITHIN_SECONDS; waited += 1) {
      const missing = await this.#session.missingObjects(container, objects)
      if (missing.length === 0) return
      await new Promise((resolve) => setTimeout(resolve, 1000))
    }
    throw new Error(`${container} does not list all of ${objects} objects after ${LISTED_WITHIN_SECONDS} s`)
  }

  /** What `put` wrote is deleted; a delete on its own writes first, for as long as it will delete. */
  async #fillForDelete(plan: Plan): Promise<void> {
    if (this.#puts.some((count) => count > 0)) return
    await this.#workers.plan((worker) => ({ ...plan, kind: 'put', worker }))
    const { warmupSeconds, seconds } = this.#options
    this.#remember('put', [await this.#workers.go(warmupSeconds + seconds)])
  }

  #remember(workload: WorkloadName, phases: readonly (readonly PhaseResult[])[]): void {
    if (workload === 'delete') this.#puts = []
    if (workload !== 'put') return
    this.#puts = Array.from({ length: this.#options.workers }, (_, worker) =>
      phases.reduce((sum, phase) => sum + attempts(phase[worker]), 0),
    )
  }

  #report(
    workload: WorkloadName,
    plan: Plan,
    results: readonly PhaseResult[],
    before: Usage,
    after: Usage,
  ): WorkloadResult {
    const latencies = new Latencies()
    for (const { latencyCounts, maxMicros } of results) {
      const part = new Latencies(latencyCounts)
      part.maxMicros = maxMicros
      latencies.add(part)
    }
    const sum = (of: (result: PhaseResult) => number): number =>
      results.reduce((total, one) => total + of(one), 0)
    const seconds = Math.max(...results.map((result) => result.seconds))
    const operations = sum((result) => result.operations)
    const bytes = sum((result) => result.movedBytes)
    const errorKinds = addUp(results.map((result) => result.errors))
    const measured = this.#options.pids.length > 0
    const cpu = measured ? after.cpuSeconds - before.cpuSeconds : undefined
    const isLarge = workload.startsWith('large')
    return {
      workload,
      connections: plan.connections,
      objects: workload === 'put' || workload === 'delete' ? operations : plan.objects,
      objectBytes: plan.objectBytes,
      seconds,
      operations,
      operationsPerSecond: operations / seconds,
      megabytesPerSecond: bytes / seconds / 1e6,
      p50Ms: latencies.quantileMs(0.5),
      p99Ms: latencies.quantileMs(0.99),
      maxMs: latencies.maxMicros / 1000,
      errors: Object.values(errorKinds).reduce((total, count) => total + count, 0),
      errorKinds,
      serverCpuSeconds: cpu,
      serverCpuPerThousand: cpu === undefined ? undefined : (cpu / operations) * 1000,
      serverCpuPerGb: cpu === undefined || !isLarge ? undefined : cpu / (bytes / GB),
      serverPssMib: measured ? after.pssBytes / 1024 ** 2 : undefined,
      serverRssMib: measured ? after.rssBytes / 1024 ** 2 : undefined,
      generatorCpuPerThousand: (sum((result) => result.cpuSeconds) / operations) * 1000,
    }
  }
}

/** The worker processes, spoken to in step. */
class Workers implements AsyncDisposable {
  readonly #children: readonly ChildProcess[]

  constructor(count: number) {
    const file = new URL('./worker.ts', import.meta.url)
    this.#children = Array.from({ length: count }, () =>
      fork(file, { serialization: 'advanced', execArgv: [], env: { ...process.env, NODE_OPTIONS: '' } }),
    )
  }

  async plan(planFor: (worker: number) => Plan): Promise<void> {
    await Promise.all(
      this.#children.map((child, worker) => ask(child, { type: 'plan', plan: planFor(worker) })),
    )
  }

  async go(seconds: number): Promise<PhaseResult[]> {
    const answers = await Promise.all(this.#children.map((child) => ask(child, { type: 'go', seconds })))
    return answers.filter((answer) => answer.type === 'result')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#children.map(async (child) => {
        if (child.exitCode !== null) return
        child.disconnect()
        await once(child, 'exit')
      }),
    )
  }
}

async function ask(child: ChildProcess, message: ToWorker): Promise<FromWorker> {
  const ended = new AbortController()
  const died = once(child, 'exit', { signal: ended.signal }).then(() => {
    throw new Error('a worker process of the load generator ended')
  })
  died.catch(() => {})
  child.send(message)
  const [answer] = (await Promise.race([once(child, 'message', { signal: ended.signal }), died])) as [
    FromWorker,
  ]
  ended.abort()
  return answer
}

function attempts(result: PhaseResult | undefined): number {
  if (result === undefined) return 0
  return result.operations + Object.values(result.errors).reduce((total, count) => total + count, 0)
}

function addUp(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {}
  for (const [kind, count] of counts.flatMap((part) => Object.entries(part))) {
    total[kind] = (total[kind] ?? 0) + count
  }
  return total
}

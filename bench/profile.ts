/**
 * Where the time of a workload goes: starts a cluster, lets the profiler of every process run during the measured
 * phase, and prints the sums over all processes.
 *
 *     node bench/profile.ts --workloads get [--top 25] [--keep FOLDER] [--depth 3]
 *
 * Only one workload at a time says something, but several are allowed; each is printed by itself. `--keep` keeps the
 * `.cpuprofile` files, which Chrome's developer tools open.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { LOAD_FLAGS, LOAD_HELP, loadOptionsFrom } from './load-options.ts'
import { startMartlet } from './martlet-cluster.ts'
import { processTree, threadSeconds } from './process-usage.ts'
import type { ProfiledProcess } from './profile-hook.ts'
import { type CpuProfile, type ProfileSummary, type Ranking, summarize } from './profile-summary.ts'
import { describe, errorLines, figure, resultTable, table } from './report.ts'
import { type PhaseHooks, runWorkloads, type WorkloadResult } from './runner.ts'

const PROJECT = fileURLToPath(new URL('../', import.meta.url))
const WRITE_TIMEOUT_MS = 30_000
const POLL_MS = 50

type ThreadSeconds = ReturnType<typeof threadSeconds>

const { values } = parseArgs({
  options: {
    ...LOAD_FLAGS,
    port: { type: 'string', default: '18090' },
    data: { type: 'string' },
    top: { type: 'string', default: '25' },
    depth: { type: 'string', default: '3' },
    keep: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

class Profiler {
  readonly #folder: string
  readonly #pids: readonly number[]
  #threadsBefore: ThreadSeconds = new Map()

  constructor(folder: string, pids: readonly number[]) {
    this.#folder = folder
    this.#pids = pids
  }

  async start(): Promise<void> {
    rmSync(this.#folder, { recursive: true, force: true })
    mkdirSync(this.#folder, { recursive: true })
    this.#toggle()
    await sleep(300)
    this.#threadsBefore = threadSeconds(this.#pids)
  }

  /** Stops the profilers, waits for their files and prints what they say. */
  async stop(result: WorkloadResult): Promise<void> {
    const threads = difference(threadSeconds(this.#pids), this.#threadsBefore)
    this.#toggle()
    await this.#written()
    const profiles = this.#pids.map((pid) => this.#read<CpuProfile>(`${pid}.cpuprofile`))
    const processes = this.#pids.map((pid) => this.#read<ProfiledProcess>(`${pid}.json`))
    print(result, threads, processes, summarize(profiles, PROJECT))
    if (values.keep !== undefined) {
      cpSync(this.#folder, path.join(values.keep, result.workload), { recursive: true })
    }
  }

  #toggle(): void {
    for (const pid of this.#pids) process.kill(pid, 'SIGUSR2')
  }

  async #written(): Promise<void> {
    for (let waited = 0; waited < WRITE_TIMEOUT_MS; waited += POLL_MS) {
      const files = new Set(readdirSync(this.#folder))
      if (this.#pids.every((pid) => files.has(`${pid}.json`))) return
      await sleep(POLL_MS)
    }
    throw new Error(`no profile after ${WRITE_TIMEOUT_MS / 1000} s; did a process end?`)
  }

  #read<T>(file: string): T {
    return JSON.parse(readFileSync(path.join(this.#folder, file), 'utf8')) as T
  }
}

function print(
  result: WorkloadResult,
  threads: ThreadSeconds,
  processes: readonly ProfiledProcess[],
  summary: ProfileSummary,
): void {
  const top = Number(values.top)
  console.log(`\n# ${describe(result)}\n`)
  console.log(`${resultTable([result])}\n${errorLines([result])}`)
  console.log('\n## Threads: processor time, µs per operation\n')
  console.log(threadTable(threads, result.operations))
  console.log('\n## Processes\n')
  console.log(processTable(processes))
  const micros = (name: string, ranking: Ranking, rows: number): void => {
    console.log(`\n## ${name}\n`)
    console.log(rankingTable(ranking.slice(0, rows), summary.busyMicros, result.operations))
  }
  micros('Rooms (with what they called of Node and V8)', summary.chargedToRoom, top)
  micros('Files (with what they called of Node and V8)', summary.chargedToFile, top)
  console.log('\n## Functions (with what they called of Node and V8), and in what\n')
  console.log(insideTable(summary, top, result.operations))
  micros('Functions, own time only', summary.byFunction, top)
  micros('Functions with all they called', summary.inclusive, top)
}

function rankingTable(ranking: Ranking, whole: number, operations: number): string {
  const rows = ranking.map(([name, micros]) => [
    name,
    `${((100 * micros) / whole).toFixed(1)} %`,
    figure(micros / operations),
  ])
  return table([['', 'of busy time', 'µs/op'], ...rows])
}

function insideTable(summary: ProfileSummary, top: number, operations: number): string {
  const rows = summary.chargedToFunction.slice(0, top).flatMap(([name, micros]) => {
    const share = `${((100 * micros) / summary.busyMicros).toFixed(1)} %`
    const depth = Number(values.depth) * (name.startsWith('(') ? 3 : 1)
    const parts = (summary.inside.get(name) ?? []).filter(([, part]) => part > micros / 40).slice(0, depth)
    const detail = parts.length === 1 && parts[0]?.[0] === 'itself' ? [] : parts
    return [
      [name, share, figure(micros / operations)],
      ...detail.map(([part, own]) => [`    ${part}`, '', figure(own / operations)]),
    ]
  })
  return table([['', 'of busy time', 'µs/op'], ...rows])
}

function threadTable(threads: ThreadSeconds, operations: number): string {
  const micros = (seconds: number): string => figure((seconds * 1e6) / operations)
  const rows = [...threads]
    .sort(([, left], [, right]) => right.user + right.system - left.user - left.system)
    .filter(([, { user, system }]) => user + system > 0)
    .map(([name, { user, system }]) => [name, micros(user), micros(system), micros(user + system)])
  return table([['thread', 'user', 'system', 'both'], ...rows])
}

function processTable(processes: readonly ProfiledProcess[]): string {
  const seconds = (usage: NodeJS.CpuUsage): string => figure((usage.user + usage.system) / 1e6)
  const rows = processes.map((one) => [
    `${one.pid} ${one.command.map((word) => path.basename(word)).join(' ')}`.slice(0, 60),
    seconds(one.cpuMicros),
    seconds(one.mainThreadMicros),
    `${Math.round(one.loopUtilization * 100)} %`,
  ])
  return table([['process', 'CPU s', 'main thread s', 'loop busy'], ...rows])
}

function difference(after: ThreadSeconds, before: ThreadSeconds): ThreadSeconds {
  return new Map(
    [...after].map(([name, { user, system }]) => [
      name,
      { user: user - (before.get(name)?.user ?? 0), system: system - (before.get(name)?.system ?? 0) },
    ]),
  )
}

if (values.help) {
  console.log(`node bench/profile.ts [options]
  --top N (25)   --depth N (3)   --keep FOLDER   --port N (18090)   --data FOLDER\n${LOAD_HELP}`)
} else {
  const folder = await mkdtemp(path.join(tmpdir(), 'martlet-profile-'))
  const hook = new URL('./profile-hook.ts', import.meta.url).href
  const cluster = await startMartlet({
    port: Number(values.port),
    ...(values.data === undefined ? {} : { data: path.resolve(values.data) }),
    environment: {
      MARTLET_PROFILE_FOLDER: path.join(folder, 'profiles'),
      NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --import ${hook}`,
    },
  })
  try {
    const pids = processTree([cluster.pid])
    const profiler = new Profiler(path.join(folder, 'profiles'), pids)
    const hooks: PhaseHooks = {
      before: () => profiler.start(),
      after: (_workload, result) => profiler.stop(result),
    }
    const load = loadOptionsFrom({ workloads: 'get', seconds: '5', ...values }, pids)
    await runWorkloads({ url: cluster.url, user: 'test:tester', key: 'testing' }, load, hooks)
  } finally {
    await cluster.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * Martlet and a real OpenStack Swift in turn on the same machine, with the same generator and the same workloads: one
 * table with both and the ratio between them, and a record in `bench/records/`.
 *
 *     npm run bench -- --compare [--only martlet|swift] [options of the load generator]
 */
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { parseArgs } from 'node:util'
import { LOAD_FLAGS, LOAD_HELP, loadOptionsFrom } from './load-options.ts'
import { startMartlet } from './martlet-cluster.ts'
import {
  type ComparisonRecord,
  keepRecord,
  machineFacts,
  martletVersion,
  type SideRecord,
} from './records.ts'
import { startReferenceSwift } from './reference-swift.ts'
import { cpuFigure, describe, errorLines, figure, table } from './report.ts'
import { type LoadOptions, runWorkloads, type WorkloadResult } from './runner.ts'
import { SwiftSession, type Target } from './swift-session.ts'

const PROJECT = fileURLToPath(new URL('../', import.meta.url))
const RECORDS = path.join(PROJECT, 'bench', 'records')
const FIRST_PUT_TRIES = 200

export const COMPARE_FLAGS = {
  ...LOAD_FLAGS,
  only: { type: 'string' },
  port: { type: 'string' },
  data: { type: 'string' },
  'swift-home': { type: 'string' },
  'swift-devices': { type: 'string' },
  'no-record': { type: 'boolean' },
  json: { type: 'boolean' },
  compare: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

type Values = ReturnType<typeof parseArgs<{ options: typeof COMPARE_FLAGS }>>['values']

/** Runs what the flags ask for and prints it. Resolves with false when an operation failed. */
export async function compare(values: Values): Promise<boolean> {
  const sides: SideRecord[] = []
  const time = new Date().toISOString()
  if (values.only !== 'martlet') sides.push(await measureSwift(values))
  if (values.only !== 'swift') sides.push(await measureMartlet(values))
  const { pids: _, ...settings } = loadOptionsFrom(values, [])
  const record: ComparisonRecord = { time, machine: machineFacts(), settings, sides }
  if (values['no-record'] !== true) console.error(`record: ${keepRecord(RECORDS, record)}`)
  console.log(values.json === true ? JSON.stringify(record, null, 2) : comparisonText(record))
  return sides.every((side) => side.results.every((result) => result.errors === 0))
}

async function measureSwift(values: Values): Promise<SideRecord> {
  const started = performance.now()
  const home = path.resolve(values['swift-home'] ?? path.join(tmpdir(), 'martlet-reference-swift'))
  const devices = values['swift-devices'] === 'plain' ? 'plain' : 'xfs'
  const swift = await startReferenceSwift({ home, devices })
  try {
    const load = loadOptionsFrom(values, swift.servingPids)
    const measured = await measure(swift.url, load, started)
    return { name: 'OpenStack Swift', version: swift.version, devices: swift.devices, ...measured }
  } finally {
    await swift.stop()
  }
}

async function measureMartlet(values: Values): Promise<SideRecord> {
  const started = performance.now()
  const martlet = await startMartlet({
    ...(values.port === undefined ? {} : { port: Number(values.port) }),
    ...(values.data === undefined ? {} : { data: path.resolve(values.data) }),
  })
  try {
    const measured = await measure(martlet.url, loadOptionsFrom(values, [martlet.pid]), started)
    return { name: 'Martlet', version: martletVersion(PROJECT), devices: 'plain directories', ...measured }
  } finally {
    await martlet.stop()
  }
}

async function measure(
  url: string,
  load: LoadOptions,
  started: number,
): Promise<Pick<SideRecord, 'firstWriteSeconds' | 'results'>> {
  const target: Target = { url, user: 'test:tester', key: 'testing' }
  await firstContainer(target)
  const firstWriteSeconds = (performance.now() - started) / 1000
  return { firstWriteSeconds, results: await runWorkloads(target, load) }
}

/** Retries, because a server that listens need not be able to store yet. */
async function firstContainer(target: Target): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      const session = await SwiftSession.open(target)
      return await session.makeContainer('bench-first')
    } catch (error) {
      if (tries === FIRST_PUT_TRIES) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

/** The tables of a comparison: both sides with ratios, then what each used. */
export function comparisonText(record: ComparisonRecord): string {
  const { machine, sides } = record
  const about = `${machine.processor}, ${machine.cores} cores, ${machine.memoryGib} GiB, ${machine.system}, Node ${machine.node}`
  const lines = sides.map(
    (side) =>
      `${side.name} ${side.version}: ${side.devices}; first write answered after ${figure(side.firstWriteSeconds)} s`,
  )
  const errors = sides.map((side) => errorLines(side.results)).filter((text) => text !== '')
  return [about, lines.join('\n'), speedTable(sides), costTable(sides), ...errors].join('\n\n')
}

function speedTable(sides: readonly SideRecord[]): string {
  const header = ['workload', ...sides.flatMap((side) => [side.name, 'p50 / p99 ms']), ...ratioHeader(sides)]
  return table([header, ...rowsOf(sides, speedCells, speedOf, 'more')])
}

function costTable(sides: readonly SideRecord[]): string {
  const header = [
    'CPU seconds, memory',
    ...sides.flatMap((side) => [side.name, 'RSS (PSS) MiB']),
    ...ratioHeader(sides),
  ]
  return table([header, ...rowsOf(sides, costCells, (result) => result.serverCpuPerThousand, 'less')])
}

function ratioHeader(sides: readonly SideRecord[]): string[] {
  return sides.length === 2 ? ['ratio'] : []
}

function rowsOf(
  sides: readonly SideRecord[],
  cells: (result: WorkloadResult) => string[],
  value: (result: WorkloadResult) => number | undefined,
  better: 'more' | 'less',
): string[][] {
  return (sides[0]?.results ?? []).map((first, at) => {
    const results = sides.map((side) => side.results[at]).filter((result) => result !== undefined)
    const [before, after] = results.map(value)
    const ratio = better === 'more' ? (after ?? 0) / (before ?? 0) : (before ?? 0) / (after ?? 0)
    return [describe(first), ...results.flatMap(cells), ...(sides.length === 2 ? [`${figure(ratio)} ×`] : [])]
  })
}

function speedOf(result: WorkloadResult): number {
  return result.workload.startsWith('large') ? result.megabytesPerSecond : result.operationsPerSecond
}

function speedCells(result: WorkloadResult): string[] {
  const unit = result.workload.startsWith('large') ? 'MB/s' : '/s'
  const failed = result.errors === 0 ? '' : ` (${result.errors} errors)`
  return [`${figure(speedOf(result))} ${unit}${failed}`, `${figure(result.p50Ms)} / ${figure(result.p99Ms)}`]
}

function costCells(result: WorkloadResult): string[] {
  return [cpuFigure(result), `${figure(result.serverRssMib)} (${figure(result.serverPssMib)})`]
}

export const COMPARE_HELP = `npm run bench -- [--compare] [options]
  --compare                   a real OpenStack Swift (Debian packages, root) first, then Martlet
  --only martlet|swift        one side of the comparison
  --data FOLDER               Martlet's data (a temporary folder)   --port N (18090)
  --swift-home FOLDER         Swift's files (a temporary folder)    --swift-devices xfs|plain (xfs)
  --no-record                 writes nothing to bench/records/      --json
${LOAD_HELP}`

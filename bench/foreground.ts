/**
 * What clients notice of the workers: GETs of 4 KiB while auditors, replicators and the rest run at their own pace, and
 * while they are paused, in turns, on `martlet start`.
 *
 *     node bench/foreground.ts [--objects 10000] [--rounds 5] [--seconds 8] [--connections 16]
 *
 * Each figure is the median over the rounds, so that what else happens on the machine hits both alike.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { startMartlet } from './martlet-cluster.ts'
import { DEFAULT_LOAD, runWorkloads, type WorkloadResult } from './runner.ts'

const CLI = path.join(import.meta.dirname, '..', 'cli', 'martlet.mjs')
const PORT = 18_491
/** Passes follow each other without a rest, at the usual rates. */
const CONFIG = '[auditor]\nevery = 1\nquick_every = 1\n'
const WORKERS = [
  'auditor',
  'database-auditor',
  'listing-auditor',
  'replicator',
  'database-replicator',
  'census',
]
const TARGET = 1.2

const { values } = parseArgs({
  options: {
    objects: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '8' },
    connections: { type: 'string', default: '16' },
  },
})
const home = mkdtempSync(path.join(tmpdir(), 'martlet-foreground-'))
const data = path.join(home, 'data')
const execute = promisify(execFile)

async function measure(): Promise<void> {
  const config = path.join(home, 'martlet.toml')
  writeFileSync(config, CONFIG)
  const cluster = await startMartlet({ data, port: PORT, args: ['--config', config] })
  const results: Record<'paused' | 'running', WorkloadResult[]> = { paused: [], running: [] }
  try {
    for (let round = 0; round < Number(values.rounds); round += 1) {
      await each(['pause', '--for', '1h'])
      results.paused.push(await gets(cluster))
      await each(['resume'])
      results.running.push(await gets(cluster))
      const [paused, running] = [results.paused.at(-1), results.running.at(-1)]
      console.error(
        `round ${round + 1} of ${values.rounds}: p99 ${paused?.p99Ms.toFixed(2)} ms without, ${running?.p99Ms.toFixed(2)} ms with the workers`,
      )
    }
  } finally {
    await cluster.stop()
  }
  report(results)
}

async function each([command = '', ...more]: readonly string[]): Promise<void> {
  for (const worker of WORKERS) {
    await execute(process.execPath, [CLI, command, worker, ...more, '--data', data])
  }
}

async function gets({ url, pid }: { readonly url: string; readonly pid: number }): Promise<WorkloadResult> {
  const [result] = await runWorkloads(
    { url, user: 'test:tester', key: 'testing' },
    {
      ...DEFAULT_LOAD,
      workloads: ['get'],
      objects: Number(values.objects),
      seconds: Number(values.seconds),
      connections: Number(values.connections),
      pids: [pid],
    },
  )
  if (result === undefined || result.errors > 0) throw new Error(`${result?.errors} GETs failed`)
  return result
}

function report(results: Record<'paused' | 'running', readonly WorkloadResult[]>): void {
  const median = (of: (result: WorkloadResult) => number, which: 'paused' | 'running'): number =>
    results[which].map(of).toSorted((left, right) => left - right)[Math.floor(results[which].length / 2)] ?? 0
  console.log('| workers | GET/s | p50 ms | p99 ms | CPU seconds per 1,000 |')
  console.log('|---|---|---|---|---|')
  for (const which of ['paused', 'running'] as const) {
    const figures = [
      median((one) => one.operationsPerSecond, which).toFixed(0),
      median((one) => one.p50Ms, which).toFixed(2),
      median((one) => one.p99Ms, which).toFixed(2),
      median((one) => one.serverCpuPerThousand ?? 0, which).toFixed(3),
    ]
    console.log(`| ${which} | ${figures.join(' | ')} |`)
  }
  const ratio = median((one) => one.p99Ms, 'running') / median((one) => one.p99Ms, 'paused')
  console.log(
    `\np99 with the workers is ${ratio.toFixed(2)} times that without (at most ${TARGET} is promised)`,
  )
}

try {
  await measure()
} finally {
  rmSync(home, { recursive: true, force: true })
}

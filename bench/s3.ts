/**
 * What the S3 door costs, on a cluster that is started for it: PUT and GET of 4 KiB beside the Swift door, a page of 1,000 keys
 * out of a million, and an object of 5 GiB in parts. What signatures cost: `s3-signatures.ts`.
 *
 *     node bench/s3.ts [--only doors,listing,large] [--rows 1000000] [--gib 5] [--seconds 5] [--warmup 3]
 *                      [--rounds 7] [--data DIR] [--port P]
 *
 * 5 GiB need 15 GB of room, and some minutes.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { DIALECTS } from './dialects.ts'
import { fillCluster } from './filled-cluster.ts'
import { type MartletCluster, startMartlet } from './martlet-cluster.ts'
import { processTree } from './process-usage.ts'
import { errorLines, figure, resultTable, table } from './report.ts'
import { DEFAULT_LOAD, type LoadOptions, runWorkloads, type WorkloadResult } from './runner.ts'
import { measureLarge } from './s3-large.ts'

const [USER, KEY, ACCOUNT] = ['test:tester', 'testing', 'AUTH_test'] as const
const PARTS = ['doors', 'listing', 'large'] as const
/** How many times what the Swift door costs an operation may cost at most. */
const RATIO_MAX = { put: 1.3, get: 2 } as const
const PAGE_MS_MAX = 15
const GROWTH_MIB_MAX = 100
const MIB = 1024 * 1024

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: PARTS.join(',') },
    rows: { type: 'string', default: '1000000' },
    gib: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '5' },
    warmup: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '7' },
    data: { type: 'string' },
    port: { type: 'string', default: '18090' },
  },
})
const only = values.only.split(',')
const [rows, port] = [Number(values.rows), Number(values.port)]
const home = values.data ?? mkdtempSync(path.join(tmpdir(), 'martlet-s3-'))
const data = path.join(home, 'data')

try {
  if (only.includes('listing')) {
    const containers = { [`bench-listing-${rows}`]: ['--bytes', '0', '--rows', String(rows)] }
    await fillCluster({ data, port, user: USER, key: KEY, account: ACCOUNT, containers })
  }
  const cluster = await startMartlet({ port, data })
  try {
    if (only.includes('doors')) await doors(cluster)
    if (only.includes('listing')) await listing(cluster)
    if (only.includes('large')) await large(cluster)
  } finally {
    await cluster.stop()
  }
} finally {
  rmSync(home, { recursive: true, force: true })
}

function measure(cluster: MartletCluster, load: Partial<LoadOptions>): Promise<readonly WorkloadResult[]> {
  const options: LoadOptions = {
    ...DEFAULT_LOAD,
    seconds: Number(values.seconds),
    warmupSeconds: Number(values.warmup),
    pids: processTree([cluster.pid]),
    ...load,
  }
  return runWorkloads({ url: cluster.url, user: USER, key: KEY }, options)
}

/** In turn, so that what else happens on the machine, and what is compiled by then, hits both doors alike. */
async function doors(cluster: MartletCluster): Promise<void> {
  const spent = new Map<string, number[]>()
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const dialect of DIALECTS) {
      const warm = round === 0 ? {} : { warmupSeconds: 1 }
      // Each door has the objects of its own: S3's have a checksum. What is put is new each time.
      const puts = {
        workloads: ['put'],
        dialect,
        containerPrefix: `bench-${dialect}-${round}`,
        ...warm,
      } as const
      const gets = { workloads: ['get'], dialect, containerPrefix: `bench-${dialect}`, ...warm } as const
      const results = [...(await measure(cluster, puts)), ...(await measure(cluster, gets))]
      for (const { workload, serverCpuPerThousand = Number.NaN } of results) {
        const key = `${dialect} ${workload}`
        spent.set(key, [...(spent.get(key) ?? []), serverCpuPerThousand])
      }
      console.log(`${dialect}, round ${round + 1}\n${resultTable(results)}\n${errorLines(results)}`)
    }
  }
  const ratios = (['put', 'get'] as const).map((workload) => {
    const [swift, s3] = ['swift', 's3'].map((dialect) => medianOf(spent.get(`${dialect} ${workload}`) ?? []))
    const ratio = (s3 ?? Number.NaN) / (swift ?? Number.NaN)
    return [workload, figure(swift), figure(s3), figure(ratio), figure(RATIO_MAX[workload])]
  })
  const head = ['CPU s per 1,000, median', 'Swift', 'S3', 'ratio', 'at most']
  console.log(`${table([head, ...ratios])}\n`)
}

function medianOf(figures: readonly number[]): number {
  return figures.toSorted((one, other) => one - other)[Math.floor(figures.length / 2)] ?? Number.NaN
}

async function listing(cluster: MartletCluster): Promise<void> {
  const results: WorkloadResult[] = []
  for (const listingConnections of [1, DEFAULT_LOAD.listingConnections]) {
    const load = { workloads: ['listing'], dialect: 's3', listingObjects: rows, listingConnections } as const
    results.push(...(await measure(cluster, load)))
  }
  console.log(
    `ListObjectsV2, at most ${PAGE_MS_MAX} ms a page\n${resultTable(results)}\n${errorLines(results)}`,
  )
}

async function large(cluster: MartletCluster): Promise<void> {
  const target = { url: cluster.url, accessKey: USER, secret: KEY, pids: processTree([cluster.pid]) }
  const steps = await measureLarge(target, Number(values.gib))
  const lines = steps.map(({ name, megabytesPerSecond, growthBytes }) => [
    `${name} of ${values.gib} GiB`,
    figure(megabytesPerSecond),
    figure(growthBytes / MIB),
    String(GROWTH_MIB_MAX),
  ])
  console.log(table([['in parts, by the SDK', 'MB/s', 'a process grew by, MiB', 'at most'], ...lines]))
}

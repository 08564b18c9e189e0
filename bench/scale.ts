/**
 * What size costs: GET over a hot thousand objects and over many, listing pages out of ten thousand entries and out of a
 * million. Objects and rows are put there by the devices' own engines (`fill-device.ts`), then a cluster is started on
 * them and the load generator finds everything in place.
 *
 *     node bench/scale.ts [--data DIR] [--objects 100000] [--rows 1000000] [--seconds 5] [--warmup 3] [--port P]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { fillCluster } from './filled-cluster.ts'
import { startMartlet } from './martlet-cluster.ts'
import { processTree } from './process-usage.ts'
import { errorLines, resultTable } from './report.ts'
import { DEFAULT_LOAD, type LoadOptions, runWorkloads, type WorkloadResult } from './runner.ts'

const [USER, KEY, ACCOUNT] = ['test:tester', 'testing', 'AUTH_test'] as const
const HOT_OBJECTS = 1000
const FEW_ROWS = 10_000

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    objects: { type: 'string', default: '100000' },
    rows: { type: 'string', default: '1000000' },
    seconds: { type: 'string', default: '5' },
    warmup: { type: 'string', default: '3' },
    port: { type: 'string', default: '18090' },
  },
})
const [objects, rows, port] = [Number(values.objects), Number(values.rows), Number(values.port)]
const home = values.data ?? mkdtempSync(path.join(tmpdir(), 'martlet-scale-'))
const data = path.join(home, 'data')

try {
  await fill()
  const results = await measure()
  console.log(`${resultTable(results)}\n${errorLines(results)}`)
} finally {
  rmSync(home, { recursive: true, force: true })
}

async function fill(): Promise<void> {
  const small = ['--objects', String(objects), '--bytes', String(DEFAULT_LOAD.objectBytes)]
  const containers = {
    'bench-small': [...small, '--rows', String(objects)],
    [`bench-listing-${FEW_ROWS}`]: ['--bytes', '0', '--rows', String(FEW_ROWS)],
    [`bench-listing-${rows}`]: ['--bytes', '0', '--rows', String(rows)],
  }
  await fillCluster({ data, port, user: USER, key: KEY, account: ACCOUNT, containers })
}

async function measure(): Promise<readonly WorkloadResult[]> {
  const cluster = await startMartlet({ port, data })
  const target = { url: cluster.url, user: USER, key: KEY }
  const load: LoadOptions = {
    ...DEFAULT_LOAD,
    seconds: Number(values.seconds),
    warmupSeconds: Number(values.warmup),
    pids: processTree([cluster.pid]),
  }
  const results: WorkloadResult[] = []
  for (const count of [HOT_OBJECTS, objects])
    results.push(...(await runWorkloads(target, { ...load, workloads: ['get'], objects: count })))
  for (const count of [FEW_ROWS, rows])
    results.push(...(await runWorkloads(target, { ...load, workloads: ['listing'], listingObjects: count })))
  await cluster.stop()
  return results
}

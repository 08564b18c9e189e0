/**
 * Many objects that are due in the same second: how fast the expirers of `martlet start` delete them, what it costs, and
 * whether clients see any of them meanwhile.
 *
 *     node bench/expire.ts [--objects 1000000] [--tasks-per-second N] [--concurrency N] [--data DIR]
 *
 * Objects and queue are put there by each device's own engine (`fill-device.ts`, `fill-queue.ts`), each with a copy on
 * three devices. Without `--tasks-per-second` the expirers go as fast as they can.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { fillDevices } from './fill-devices.ts'
import { startMartlet } from './martlet-cluster.ts'
import { objectName } from './operations.ts'
import { usageOf } from './process-usage.ts'
import { withProgress } from './progress.ts'
import { countDataFiles } from './replicate-fill.ts'
import { timed } from './replicate-report.ts'
import { SwiftSession } from './swift-session.ts'

const CLI = path.join(import.meta.dirname, '..', 'cli', 'martlet.mjs')
const PORT = 18_492
const DEVICES = ['d1', 'd2', 'd3', 'd4']
const CONTAINER = 'expire'
const DUE_SECONDS = 1_700_000_100
/** What they do meanwhile is not what is measured. */
const OFF = [
  'auditor',
  'quick-auditor',
  'database-auditor',
  'listing-auditor',
  'census',
  'replicator',
  'database-replicator',
]
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024
const MIB = 1024 ** 2
const COPIES = 3
/** One is enough where nothing is too busy to answer. */
const PASSES_MAX = 10

const { values } = parseArgs({
  options: {
    objects: { type: 'string', default: '1000000' },
    'tasks-per-second': { type: 'string', default: '100000' },
    concurrency: { type: 'string', default: '200' },
    data: { type: 'string' },
  },
})
const objects = Number(values.objects)
const home = values.data ?? mkdtempSync(path.join(tmpdir(), 'martlet-expire-'))
const data = path.join(home, 'data')
const execute = promisify(execFile)

async function measure(): Promise<void> {
  await (await startMartlet({ data, port: PORT })).stop()
  // The cluster's own records stay.
  const own = filesOnDevices()
  const filesLeft = (): number => filesOnDevices() - own
  const filled = await timed(() => withProgress('filling', () => 'under way', fill))
  console.log(`${objects} objects and their tasks: filled in ${filled.seconds.toFixed(0)} s`)
  const config = path.join(home, 'martlet.toml')
  const rates = `tasks_per_second = ${values['tasks-per-second']}\nconcurrency = ${values.concurrency}\n`
  writeFileSync(config, `[workers]\noff = ${JSON.stringify(OFF)}\n[expirer]\ninterval = 3600\n${rates}`)
  const cluster = await startMartlet({ data, port: PORT, args: ['--config', config] })
  try {
    await pass('updater')
    await nobodySees(cluster.url)
    const memory = new PeakMemory(cluster.pid)
    let passes = 0
    const left = (): string => `${filesLeft()} copies left`
    const { seconds, cpuSeconds } = await timed(() =>
      withProgress('deleting', left, async () => {
        for (; passes < PASSES_MAX && filesLeft() > 0; passes += 1) await pass('expirer')
      }),
    )
    const kept = filesLeft()
    const rate = Math.round((objects - kept / COPIES) / seconds)
    console.log(
      `deleted in ${seconds.toFixed(1)} s: ${rate} a second, ${passes} passes, copies left: ${kept}`,
    )
    console.log(
      `${((cpuSeconds / objects) * 1000).toFixed(2)} CPU seconds per 1,000, peak RSS ${memory.stop()} MiB`,
    )
  } finally {
    await cluster.stop()
  }
  if (filesLeft() > 0) await replicate(filesLeft)
}

/** A task is over when most replicas have the tombstone. A copy that did not get it then is the replicators'. */
async function replicate(filesLeft: () => number): Promise<void> {
  const cluster = await startMartlet({ data, port: PORT })
  try {
    await pass('replicator')
    console.log(`copies left after a pass of the replicators: ${filesLeft()}`)
  } finally {
    await cluster.stop()
  }
}

async function fill(): Promise<void> {
  const filling = { data, account: 'AUTH_test', container: CONTAINER, parallel: 2 }
  const due = String(DUE_SECONDS)
  await fillDevices({ ...filling, args: ['--objects', String(objects), '--delete-at', due] })
  await fillDevices({ ...filling, program: 'fill-queue.ts', args: [String(objects), due] })
}

async function pass(worker: string): Promise<void> {
  await execute(process.execPath, [CLI, 'run', worker, '--once', '--data', data], {
    maxBuffer: OUTPUT_BYTES_MAX,
  })
}

/** Due objects answer 404 whether they have been deleted yet or not. */
async function nobodySees(url: string): Promise<void> {
  const session = await SwiftSession.open({ url, user: 'test:tester', key: 'testing' })
  await session.makeContainer(CONTAINER)
  const target = `${url}${session.accountPath}/${CONTAINER}/${objectName(objects - 1)}`
  const { status } = await fetch(target, { headers: { 'x-auth-token': session.token } })
  if (status !== 404) throw new Error(`an object that is due was answered ${status}`)
}

function filesOnDevices(): number {
  return DEVICES.reduce(
    (sum, device) => sum + countDataFiles(path.join(data, 'devices', device, 'objects')),
    0,
  )
}

class PeakMemory {
  #peakBytes = 0
  readonly #timer: NodeJS.Timeout

  constructor(pid: number) {
    this.#timer = setInterval(() => {
      this.#peakBytes = Math.max(this.#peakBytes, usageOf([pid]).rssBytes)
    }, 1000)
  }

  /** MiB of all processes together. */
  stop(): number {
    clearInterval(this.#timer)
    return Math.round(this.#peakBytes / MIB)
  }
}

try {
  await measure()
} finally {
  if (values.data === undefined) rmSync(home, { recursive: true, force: true })
}

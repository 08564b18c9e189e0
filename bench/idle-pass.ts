/**
 * What a pass of the replicator costs when nothing is missing: over any number of objects, on `martlet start` with four
 * devices and three replicas.
 *
 *     node bench/idle-pass.ts [--objects 1000000] [--keep index|files] [--data DIR] [--passes 3] [--swift 100000]
 *
 * By default the devices only have index entries and digests of the objects (`fill-index.ts`): a pass that finds replicas
 * equal looks into no file and walks no directory, so that files would change nothing but the time to make them.
 * `--keep files` makes them all the same (`fill-device.ts`). Auditors and the like are off: they would look.
 *
 * `--swift N` measures OpenStack Swift's replicator over N objects too, on directories of the same disk. It looks into every
 * directory of a partition, so its pass grows with the objects: filling it with a million takes hours.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { fillDevices } from './fill-devices.ts'
import { startMartlet } from './martlet-cluster.ts'
import { withProgress } from './progress.ts'
import { timed } from './replicate-report.ts'
import { idlePassesOfSwift } from './replicate-swift.ts'

const CLI = path.join(import.meta.dirname, '..', 'cli', 'martlet.mjs')
const PORT = 18_490
const OFF = ['auditor', 'quick-auditor', 'database-auditor', 'listing-auditor', 'census', 'expirer']
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024

const { values } = parseArgs({
  options: {
    objects: { type: 'string', default: '1000000' },
    keep: { type: 'string', default: 'index' },
    passes: { type: 'string', default: '3' },
    data: { type: 'string' },
    swift: { type: 'string' },
  },
})
const objects = Number(values.objects)
const home = values.data ?? mkdtempSync(path.join(tmpdir(), 'martlet-idle-'))
const data = path.join(home, 'data')
const execute = promisify(execFile)

async function measure(): Promise<void> {
  await (await startMartlet({ data, port: PORT })).stop()
  const keep = values.keep === 'files' ? 'files' : 'index'
  const place = { data, account: 'AUTH_test', container: 'idle', parallel: 2 }
  const filling =
    keep === 'files'
      ? { ...place, args: ['--objects', String(objects)] }
      : { ...place, program: 'fill-index.ts' as const, args: [String(objects)] }
  const filled = await timed(() =>
    withProgress(
      `filling with ${objects} objects`,
      () => 'under way',
      () => fillDevices(filling),
    ),
  )
  console.log(`${objects} objects, three copies, ${keep} only: filled in ${filled.seconds.toFixed(0)} s`)
  const config = path.join(home, 'martlet.toml')
  writeFileSync(config, `[workers]\noff = ${JSON.stringify(OFF)}\n`)
  const cluster = await startMartlet({ data, port: PORT, args: ['--config', config] })
  try {
    for (let pass = 1; pass <= Number(values.passes); pass += 1) {
      const { seconds, cpuSeconds } = await timed(onePass)
      console.log(`pass ${pass}: ${seconds.toFixed(2)} s, ${cpuSeconds.toFixed(2)} CPU seconds`)
    }
  } finally {
    await cluster.stop()
  }
}

async function measureSwift(count: number): Promise<void> {
  const plan = { objects: count, objectBytes: 0, connections: 1, filling: 'direct' } as const
  const passes = await idlePassesOfSwift(plan, 'plain', Number(values.passes))
  for (const [at, { seconds, cpuSeconds }] of passes.entries())
    console.log(
      `OpenStack Swift, ${count} objects, pass ${at + 1}: ${seconds.toFixed(2)} s, ${cpuSeconds.toFixed(2)} CPU seconds`,
    )
}

/** Throws when a device did not end its pass, or found something to do. */
async function onePass(): Promise<void> {
  const args = [CLI, 'run', 'replicator', '--once', '--data', data]
  const { stdout } = await execute(process.execPath, args, { maxBuffer: OUTPUT_BYTES_MAX })
  if (/repaired/.test(stdout)) throw new Error(`it was not idle: ${stdout}`)
}

try {
  await measure()
  if (values.swift !== undefined) await measureSwift(Number(values.swift))
} finally {
  if (values.data === undefined) rmSync(home, { recursive: true, force: true })
}

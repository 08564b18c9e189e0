/**
 * What a pass of the replicator costs when nothing is missing: over any number of objects, on `martlet start` with four
 * devices and three replicas.
 *
 *     node bench/idle-pass.ts [--objects 1000000] [--keep index|files] [--data DIR] [--passes 3]
 *
 * By default the devices only have index entries and digests of the objects (`fill-index.ts`): a pass that finds replicas
 * equal looks into no file and walks no directory, so that files would change nothing but the time to make them.
 * `--keep files` makes them all the same (`fill-device.ts`). Auditors and the like are off: they would look.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { fillDevices } from './fill-devices.ts'
import { startMartlet } from './martlet-cluster.ts'
import { timed } from './replicate-report.ts'

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
  const filled = await timed(() => fillDevices(filling))
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

/** Throws when a device did not end its pass, or found something to do. */
async function onePass(): Promise<void> {
  const args = [CLI, 'run', 'replicator', '--once', '--data', data]
  const { stdout } = await execute(process.execPath, args, { maxBuffer: OUTPUT_BYTES_MAX })
  if (/repaired/.test(stdout)) throw new Error(`it was not idle: ${stdout}`)
}

try {
  await measure()
} finally {
  if (values.data === undefined) rmSync(home, { recursive: true, force: true })
}

/** The replication measurement on `martlet start`. */
import { execFile } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { fillDevices } from './fill-devices.ts'
import { startMartlet } from './martlet-cluster.ts'
import { withProgress } from './progress.ts'
import { ACCOUNT, CONTAINER, countDataFiles, fill } from './replicate-fill.ts'
import { type ReplicationFigures, type ReplicationPlan, timed } from './replicate-report.ts'

const LOST = 'd1'
const CLI = path.join(import.meta.dirname, '..', 'cli', 'martlet.mjs')
/** Passes until the lost device has everything; one is expected. */
const PASSES_MAX = 5
const execute = promisify(execFile)

/** `data`: kept when given. */
export async function replicateMartlet(
  plan: ReplicationPlan,
  data: string | undefined,
): Promise<ReplicationFigures> {
  const home = await mkdtemp(path.join(tmpdir(), 'martlet-replicate-'))
  const folder = data ?? path.join(home, 'data')
  const objects = path.join(folder, 'devices', LOST, 'objects')
  try {
    const lost = await withProgress(
      `Martlet: filling with ${plan.objects} objects`,
      () => 'under way',
      () => fillAndCount(plan, folder, objects),
    )
    // A disk is replaced while its process is away: an empty directory in its place.
    rmSync(path.join(folder, 'devices', LOST), { recursive: true, force: true })
    const cluster = await startMartlet({ data: folder })
    try {
      let missing = lost
      const left = (): string => `${lost - filesIn(objects)} of ${lost} objects missing`
      const refilled = await timed(() =>
        withProgress('Martlet: refilling', left, async () => {
          missing = await refill(folder, objects, lost)
        }),
      )
      const idle = await timed(() => runPass(folder, []))
      return {
        name: 'Martlet',
        objects: plan.objects,
        lost,
        missing,
        refillSeconds: refilled.seconds,
        refillCpuSeconds: refilled.cpuSeconds,
        idleSeconds: idle.seconds,
        idleCpuSeconds: idle.cpuSeconds,
      }
    } finally {
      await cluster.stop()
    }
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

/** 0 while there is no such directory. */
function filesIn(objects: string): number {
  return existsSync(objects) ? countDataFiles(objects) : 0
}

/** Data files of the device that will be lost. */
async function fillAndCount(plan: ReplicationPlan, folder: string, objects: string): Promise<number> {
  const cluster = await startMartlet({ data: folder })
  try {
    if (plan.filling === 'requests') {
      await fill(cluster.url, plan)
      await runPass(folder, [])
    }
  } finally {
    await cluster.stop()
  }
  if (plan.filling === 'direct') {
    const args = ['--objects', String(plan.objects), '--bytes', String(plan.objectBytes)]
    await fillDevices({ data: folder, account: ACCOUNT, container: CONTAINER, parallel: 2, args })
  }
  return countDataFiles(objects)
}

/** What is still missing. */
async function refill(folder: string, objects: string, lost: number): Promise<number> {
  let missing = lost
  for (let pass = 0; pass < PASSES_MAX && missing > 0; pass += 1) {
    await runPass(folder, ['--device', LOST])
    missing = lost - countDataFiles(objects)
  }
  return missing
}

async function runPass(folder: string, more: readonly string[]): Promise<void> {
  await execute(process.execPath, [CLI, 'run', 'replicator', '--once', '--data', folder, '--json', ...more], {
    maxBuffer: 64 * 1024 * 1024,
  })
}

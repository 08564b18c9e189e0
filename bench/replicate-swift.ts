/** The same measurement on a real OpenStack Swift: its object-replicator run once for all devices, over rsync. */
import { readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type ReferenceSwift, startReferenceSwift } from './reference-swift.ts'
import { ACCOUNT, CONTAINER, countDataFiles, fill } from './replicate-fill.ts'
import { type ReplicationFigures, type ReplicationPlan, timed } from './replicate-report.ts'

/** As its tools name it. */
const PROGRAM = 'swift-object-replicator'
/** Beside another reference Swift that may run here. */
const PLACE = {
  home: path.join(tmpdir(), 'martlet-replicate-swift'),
  port: 18_480,
  backendPort: 16_480,
} as const
/** The one that Debian's Swift belongs to. */
const PYTHON = '/usr/bin/python3'
/** Passes until the lost device has everything. */
const PASSES_MAX = 5

export async function replicateSwift(
  plan: ReplicationPlan,
  devices: 'xfs' | 'plain',
): Promise<ReplicationFigures> {
  const swift = await startReferenceSwift({ devices, daemons: 'none', ...PLACE })
  try {
    const nodes = path.join(swift.etcFolder, '..', 'node')
    await fillSwift(swift, plan, nodes)
    const pass = async (): Promise<void> => {
      await swift.run(PROGRAM, [path.join(swift.etcFolder, 'object-server.conf'), 'once'])
    }
    await pass()
    const [device] = readdirSync(nodes).toSorted() as [string]
    const objects = path.join(nodes, device, 'objects')
    const lost = countDataFiles(objects)
    rmSync(objects, { recursive: true, force: true })
    let missing = lost
    const refilled = await timed(async () => {
      for (let at = 0; at < PASSES_MAX && missing > 0; at += 1) {
        await pass()
        missing = lost - countDataFiles(objects)
      }
    })
    const idle = await timed(pass)
    return {
      name: `OpenStack Swift ${swift.version}`,
      objects: plan.objects,
      lost,
      missing,
      refillSeconds: refilled.seconds,
      refillCpuSeconds: refilled.cpuSeconds,
      idleSeconds: idle.seconds,
      idleCpuSeconds: idle.cpuSeconds,
    }
  } finally {
    await swift.stop()
  }
}

async function fillSwift(swift: ReferenceSwift, plan: ReplicationPlan, nodes: string): Promise<void> {
  if (plan.filling === 'requests') return await fill(swift.url, plan)
  const script = path.join(import.meta.dirname, 'fill-swift.py')
  const { objects, objectBytes } = plan
  await swift.run(PYTHON, [script, nodes, ACCOUNT, CONTAINER, String(objects), String(objectBytes)])
}

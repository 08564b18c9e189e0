/** The same measurement on a real OpenStack Swift: its object-replicator run once for all devices, over rsync. */
import { readdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { startReferenceSwift } from './reference-swift.ts'
import { countDataFiles, fill } from './replicate-fill.ts'
import type { ReplicationFigures, ReplicationPlan } from './replicate-report.ts'

/** As its tools name it. */
const PROGRAM = 'swift-object-replicator'
/** Passes until the lost device has everything. */
const PASSES_MAX = 5

export async function replicateSwift(
  plan: ReplicationPlan,
  devices: 'xfs' | 'plain',
): Promise<ReplicationFigures> {
  const swift = await startReferenceSwift({ devices, daemons: 'none' })
  try {
    await fill(swift.url, plan)
    const pass = async (): Promise<number> => {
      const started = performance.now()
      await swift.run(PROGRAM, [path.join(swift.etcFolder, 'object-server.conf'), 'once'])
      return (performance.now() - started) / 1000
    }
    await pass()
    const nodes = path.join(swift.etcFolder, '..', 'node')
    const [device] = readdirSync(nodes).toSorted() as [string]
    const objects = path.join(nodes, device, 'objects')
    const lost = countDataFiles(objects)
    rmSync(objects, { recursive: true, force: true })
    let refillSeconds = 0
    let missing = lost
    for (let at = 0; at < PASSES_MAX && missing > 0; at += 1) {
      refillSeconds += await pass()
      missing = lost - countDataFiles(objects)
    }
    const idleSeconds = await pass()
    const name = `OpenStack Swift ${swift.version}`
    return { name, objects: plan.objects, lost, missing, refillSeconds, idleSeconds }
  } finally {
    await swift.stop()
  }
}

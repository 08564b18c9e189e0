/** The same measurement on a real OpenStack Swift: its object-replicator run once for all devices, over rsync. */
import { readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { withProgress } from './progress.ts'
import { type ReferenceSwift, startReferenceSwift } from './reference-swift.ts'
import { ACCOUNT, CONTAINER, countDataFiles, fill } from './replicate-fill.ts'
import { type ReplicationFigures, type ReplicationPlan, type Timed, timed } from './replicate-report.ts'

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
  return await withFilledSwift(plan, devices, async ({ version, nodes, pass }) => {
    const [device] = readdirSync(nodes).toSorted() as [string]
    const objects = path.join(nodes, device, 'objects')
    const lost = countDataFiles(objects)
    rmSync(objects, { recursive: true, force: true })
    let missing = lost
    const refilled = await timed(async () => {
      for (let at = 0; at < PASSES_MAX && missing > 0; at += 1) {
        await pass('refilling')
        missing = lost - countDataFiles(objects)
      }
    })
    const idle = await timed(() => pass('an idle pass'))
    return {
      name: `OpenStack Swift ${version}`,
      objects: plan.objects,
      lost,
      missing,
      refillSeconds: refilled.seconds,
      refillCpuSeconds: refilled.cpuSeconds,
      idleSeconds: idle.seconds,
      idleCpuSeconds: idle.cpuSeconds,
    }
  })
}

/** What a pass of all its devices costs when nothing is missing; each of the passes. */
export async function idlePassesOfSwift(
  plan: ReplicationPlan,
  devices: 'xfs' | 'plain',
  passes: number,
): Promise<readonly Timed[]> {
  return await withFilledSwift(plan, devices, async ({ pass }) => {
    const taken: Timed[] = []
    for (let at = 0; at < passes; at += 1) taken.push(await timed(() => pass('an idle pass')))
    return taken
  })
}

interface FilledSwift {
  readonly version: string
  /** Directory of its devices. */
  readonly nodes: string
  /** One pass of the object-replicator over all devices. */
  readonly pass: (what: string) => Promise<void>
}

/** A Swift with the objects of the plan, after a first pass, which writes the digests of what lies there. */
async function withFilledSwift<Result>(
  plan: ReplicationPlan,
  devices: 'xfs' | 'plain',
  work: (filled: FilledSwift) => Promise<Result>,
): Promise<Result> {
  const swift = await startReferenceSwift({ devices, daemons: 'none', ...PLACE })
  try {
    const nodes = path.join(swift.etcFolder, '..', 'node')
    const told = (what: string, doing: () => Promise<void>): Promise<void> =>
      withProgress(`OpenStack Swift: ${what}`, () => 'under way', doing)
    await told(`filling with ${plan.objects} objects`, () => fillSwift(swift, plan, nodes))
    const pass = (what: string): Promise<void> =>
      told(what, async () => {
        await swift.run(PROGRAM, [path.join(swift.etcFolder, 'object-server.conf'), 'once'])
      })
    await pass('the first pass')
    return await work({ version: swift.version, nodes, pass })
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

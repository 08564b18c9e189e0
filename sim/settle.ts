/** After the last fault: the workers get the time they need, and must come to an end. */
import { CONFIRM_AFTER_MS } from '#container-server/report-changed.ts'
import type { Cluster } from './cluster.ts'
import type { DoomedAccount } from './doomed-account.ts'
import type { RunningNode } from './storage-node.ts'
import { Violation } from './violation.ts'

/** Everything must have been delivered after so long, milliseconds of virtual time. */
const DRAIN_LIMIT_MS = 1_500_000
const LOOK_EVERY_MS = 5_000
/** What a worker could not do at once it tries again by then, milliseconds. */
const TRIED_AGAIN_MS = 120_000
/** Containers' reports are told once more by then, and replicators leave nothing alone as just written; milliseconds. */
const CONFIRMED_MS = CONFIRM_AFTER_MS + 10_000
/** The workers must agree that nothing is left to do after so many rounds of passes. */
const ROUNDS_MAX = 10
/** Workers whose passes make replicas equal. */
export const OBJECT_REPLICATOR = 'replicator'
export const DATABASE_REPLICATOR = 'database-replicator'
const AUDITORS: ReadonlySet<string> = new Set(['auditor'])
const REPLICATORS: ReadonlySet<string> = new Set([OBJECT_REPLICATOR, DATABASE_REPLICATOR])
/** Workers that finish what clients or time began. */
const TIDIERS: ReadonlySet<string> = new Set(['expirer', 'reaper', 'reconciler'])

/** What passes came to. */
interface Work {
  readonly repaired: number
  readonly waiting: number
}

export function runningNodes(cluster: Cluster): readonly RunningNode[] {
  return cluster.nodes.flatMap(({ running }) => (running === undefined ? [] : [running]))
}

/** Does every node have a worker of this name? */
export function hasWorker(cluster: Cluster, name: string): boolean {
  const nodes = runningNodes(cluster)
  return (
    nodes.length > 0 && nodes.every(({ workers }) => workers.loops.some(({ worker }) => worker.name === name))
  )
}

/**
 * Lets the queues drain, everything expire that ever will, the auditors read everything once, and the other workers
 * finish.
 */
export async function settle(cluster: Cluster, doomed: DoomedAccount): Promise<void> {
  await drain(cluster)
  await cluster.world.sleep(Math.max(CONFIRMED_MS, untilExpiredMs(cluster)))
  await drain(cluster)
  await onePass(cluster, AUDITORS)
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const { repaired, waiting } = await onePass(cluster, REPLICATORS)
    const tidied = await onePass(cluster, TIDIERS)
    await drain(cluster)
    // What the expirer waits for may be objects that nobody has.
    const isTidy = tidied.repaired === 0 && doomed.left().length === 0
    if (repaired + waiting === 0 && isTidy) return
    if (!isTidy) await cluster.world.sleep(TRIED_AGAIN_MS)
  }
  const left = doomed.left()
  const still = left.length === 0 ? 'workers still find work' : `still there: ${left.join(', ')}`
  throw new Violation('never_settles', `${still} after ${ROUNDS_MAX} rounds`, ['pass ', 'replicator'])
}

function untilExpiredMs({ history, world }: Cluster): number {
  const ends = [...history.objects].flatMap(({ writes }) => writes.map(({ expiresMs = 0 }) => expiresMs))
  const lastMs = ends.reduce((last, end) => Math.max(last, end), 0)
  return lastMs + LOOK_EVERY_MS - world.wallMs()
}

/** One whole pass of these workers, one node after the other. How much they changed, or could not yet. */
async function onePass(cluster: Cluster, names: ReadonlySet<string>): Promise<Work> {
  const sum = (figures: Readonly<Record<string, number>>): number =>
    Object.values(figures).reduce((total, one) => total + one, 0)
  let [repaired, waiting] = [0, 0]
  for (const { workers } of runningNodes(cluster)) {
    for (const loop of workers.loops) {
      if (!names.has(loop.worker.name)) continue
      const report = await loop.runNow()
      cluster.events.add(
        `pass ${report.worker} ${report.ended} ${JSON.stringify(report.repaired)} ${JSON.stringify(report.waiting)}`,
      )
      repaired += sum(report.repaired)
      waiting += sum(report.waiting)
    }
  }
  return { repaired, waiting }
}

async function drain(cluster: Cluster): Promise<void> {
  const endMs = cluster.nowMs() + DRAIN_LIMIT_MS
  for (;;) {
    const waiting = await waitingIn(cluster)
    if (waiting.length === 0) return
    cluster.events.add(`waits ${waiting.join(', ')}`)
    if (cluster.nowMs() > endMs)
      throw new Violation(
        'queue_not_drained',
        waiting.join(', '),
        waiting.map((one) => one.split(' ')[0] ?? ''),
      )
    await cluster.world.sleep(LOOK_EVERY_MS)
  }
}

async function waitingIn(cluster: Cluster): Promise<readonly string[]> {
  const found: string[] = []
  for (const node of cluster.nodes) {
    for (const source of node.running?.device.queues ?? []) {
      const { count } = await source.waiting()
      if (count > 0) found.push(`${node.host} ${source.name} ${count}`)
    }
  }
  return found
}

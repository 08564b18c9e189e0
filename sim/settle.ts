/** After the last fault: the workers get the time they need, and must come to an end. */
import type { Cluster } from './cluster.ts'
import type { RunningNode } from './storage-node.ts'
import { Violation } from './violation.ts'

/** Everything must have been delivered after so long, milliseconds of virtual time. */
const DRAIN_LIMIT_MS = 1_500_000
const LOOK_EVERY_MS = 5_000
/** Replicators leave alone for so long what was written last: it may be on its way. Milliseconds. */
const LEFT_ALONE_MS = 6_000
/** Replicators must agree after so many rounds of passes. */
const ROUNDS_MAX = 10
/** Workers whose passes make replicas equal. */
export const OBJECT_REPLICATOR = 'replicator'
export const DATABASE_REPLICATOR = 'database-replicator'
const AUDITORS: ReadonlySet<string> = new Set(['auditor'])
const REPLICATORS: ReadonlySet<string> = new Set([OBJECT_REPLICATOR, DATABASE_REPLICATOR])

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

/** Lets the queues drain, the auditors read everything once, and the replicators finish. */
export async function settle(cluster: Cluster): Promise<void> {
  await drain(cluster)
  await cluster.world.sleep(LEFT_ALONE_MS)
  await onePass(cluster, AUDITORS)
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const changes = await onePass(cluster, REPLICATORS)
    await drain(cluster)
    if (changes === 0) return
  }
  throw new Violation('never_settles', `replicators still find work after ${ROUNDS_MAX} rounds`, [
    'replicator',
  ])
}

/** One whole pass of these workers, one node after the other. How much they changed, or could not yet. */
async function onePass(cluster: Cluster, names: ReadonlySet<string>): Promise<number> {
  let changes = 0
  for (const { workers } of runningNodes(cluster)) {
    for (const loop of workers.loops) {
      if (!names.has(loop.worker.name)) continue
      const report = await loop.runNow()
      const sum = (figures: Readonly<Record<string, number>>): number =>
        Object.values(figures).reduce((total, one) => total + one, 0)
      cluster.events.add(
        `pass ${report.worker} ${report.ended} ${JSON.stringify(report.repaired)} ${JSON.stringify(report.waiting)}`,
      )
      changes += sum(report.repaired) + sum(report.waiting)
    }
  }
  return changes
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

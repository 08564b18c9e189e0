/**
 * When does a device have everything that a ring gives to it, and nothing left that the ring gives to others? When the
 * worker that moves it has made a whole pass since this process uses the ring, and that pass found nothing to move, no
 * partition that is not synced, and every peer. A worker that is not there says nothing, so the ring is not settled.
 */
import type { RingWatcher } from '#ring/ring-watcher.ts'
import type { PassReport, Worker } from '#worker/contract.ts'
import type { ServerType } from './rings.ts'

/** Who moves what a ring places. */
const MOVERS: Readonly<Record<ServerType, string>> = {
  object: 'replicator',
  container: 'database-replicator',
  account: 'database-replicator',
}
/** What a pass must not have found. That clients wrote while it looked is no sign of anything to be moved. */
const NOT_FOUND: readonly string[] = [
  'partitions_joining',
  'partitions_gained',
  'partitions_astray',
  'handoff_partitions',
  'peers_of_partitions_not_reached',
]
/** What must not wait: beginnings of names. */
const NOT_WAITING: readonly string[] = ['partitions_', 'handoffs', 'peers_', 'objects_']

/** `name` as in the file's name before `.ring.gz`. */
export function isRingSettled(
  name: string,
  watcher: Pick<RingWatcher, 'changedAtMs'>,
  workers: readonly Pick<Worker, 'name' | 'lastPass'>[],
): boolean {
  const server: ServerType = name === 'account' || name === 'container' ? name : 'object'
  const last = workers.find((worker) => worker.name === MOVERS[server])?.lastPass()
  return last !== undefined && last.startedMs > watcher.changedAtMs && foundNothing(last)
}

function foundNothing({ ended, found, waiting }: PassReport): boolean {
  if (ended !== 'complete' || NOT_FOUND.some((figure) => (found[figure] ?? 0) > 0)) return false
  return Object.entries(waiting).every(
    ([figure, count]) => count === 0 || !NOT_WAITING.some((beginning) => figure.startsWith(beginning)),
  )
}

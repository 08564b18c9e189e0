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
  container: 'container-replicator',
  account: 'account-replicator',
}
/** What a pass counts as found, and must not have found. Whatever waits must not be there either. */
const UNSETTLED: readonly string[] = [
  'partitions_joining',
  'partitions_unequal',
  'partitions_astray',
  'peers_of_partitions_not_reached',
]

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
  if (ended !== 'complete' || UNSETTLED.some((figure) => (found[figure] ?? 0) > 0)) return false
  return Object.values(waiting).every((count) => count === 0)
}

/** The expirers of a cluster in memory. */
import { silentLogger } from '#base/log.ts'
import { realClock } from '#base/real-clock.ts'
import { createExpirer, type ExpirerOptions } from '#expirer/expirer.ts'
import { PartsChecker } from '#expirer/parts-checker.ts'
import { StoreQueue } from '#expirer/queue.ts'
import { StoreRemover } from '#expirer/remover.ts'
import type { PassReport, Worker } from '#worker/contract.ts'
import { Foreground } from '#worker/foreground.ts'
import type { MemoryCluster, MemoryDevice } from './memory-cluster.ts'

export const QUEUE = '.expiring_objects'

function expirerOf(
  cluster: MemoryCluster,
  device: MemoryDevice,
  options: Partial<ExpirerOptions> = {},
): Worker {
  const { parts, store } = cluster
  const clock = options.clock ?? realClock
  return createExpirer({
    clock,
    log: silentLogger,
    foreground: new Foreground(clock),
    queue: new StoreQueue({
      // Storage servers refuse times that are far ahead of theirs, also where an expirer is made to think it later.
      clock: realClock,
      log: silentLogger,
      parts,
      store,
      index: device.containers,
      isSelf: (node) => node.device === device.name,
    }),
    remover: new PartsChecker({
      store,
      others: new StoreRemover({ parts, containers: store.containers, log: silentLogger }),
      log: silentLogger,
    }),
    concurrency: 4,
    intervalMs: 1000,
    ...options,
  })
}

/** One pass of the expirers of these devices, at once. */
export async function pass(
  cluster: MemoryCluster,
  devices = cluster.devices,
  options: Partial<ExpirerOptions> = {},
): Promise<readonly PassReport[]> {
  for (const device of cluster.devices) {
    await device.objects.deliverPending()
    await device.reportContainers()
  }
  const how = { pace: 'full', signal: new AbortController().signal } as const
  return Promise.all(devices.map((device) => expirerOf(cluster, device, options).runOnce(how)))
}

export function sum(
  reports: readonly PassReport[],
  part: 'found' | 'repaired' | 'waiting',
  figure: string,
): number {
  return reports.reduce((total, report) => total + (report[part][figure] ?? 0), 0)
}

/** Live rows of the queue, on all replicas together. */
export async function tasksLeft(cluster: MemoryCluster): Promise<number> {
  let count = 0
  const names = await cluster.store.accounts.read(
    cluster.context,
    { account: QUEUE },
    { listing: { limit: 1000, reverse: false } },
  )
  const containers = names.kind === 'found' ? (names.page?.entries() ?? []) : []
  for (const entry of containers) {
    if (entry.kind !== 'container') continue
    for (const device of cluster.devices) {
      const query = { limit: 100_000, direction: 'forward', reservedNames: 'shown' } as const
      count += (await device.containers.list({ account: QUEUE, container: entry.name }, 0, query)).length
    }
  }
  return count
}

/** How much memory the processes of a running cluster take while something is done. */
import { type RunningCluster, residentBytes } from './running-cluster.ts'

const LOOK_EVERY_MS = 100

/** The most memory that each process had while `work` ran, above what it had before, bytes. */
export async function memoryGrowth(
  cluster: RunningCluster,
  work: () => Promise<void>,
): Promise<ReadonlyMap<string, number>> {
  const pids = [...cluster.devices, ['supervisor', cluster.martlet.pid] as const]
  const before = new Map(pids.map(([name, pid]) => [name, residentBytes(pid)]))
  const most = new Map<string, number>()
  const timer = setInterval(() => {
    for (const [name, pid] of pids) {
      most.set(name, Math.max(most.get(name) ?? 0, residentBytes(pid) - (before.get(name) ?? 0)))
    }
  }, LOOK_EVERY_MS)
  try {
    await work()
  } finally {
    clearInterval(timer)
  }
  return most
}

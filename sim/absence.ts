/**
 * A machine is away for longer than tombstones live (`reclaim_age`), while the others go on: switched off for most of the
 * time, so that the days pass quickly, and suspended with everything that runs, so that what is done every few hours is
 * due. Then it comes back with what it had.
 */
import { RECLAIM_AGE_SECONDS } from '#base/limits.ts'
import type { Cluster } from './cluster.ts'
import type { FaultDirector } from './faults.ts'
import type { StorageNode } from './storage-node.ts'

const HOUR_MS = 3_600_000
/** All others are off for so long at a time: by far shorter than what makes them strangers. */
const OFF_MS = 42 * HOUR_MS
/** Between two such times the others run for so long: passes begin every 30 s. */
const AWAKE_MS = 75_000
const NIGHTS = Math.ceil((RECLAIM_AGE_SECONDS * 1000) / OFF_MS) + 1
/** Longer than the pause between two looks for tombstones that can be forgotten. */
const SUSPENDED_MS = 7 * HOUR_MS

/** Everything must be healed. `absent` is back when it resolves, and not yet equal to the others. */
export async function beAway(cluster: Cluster, director: FaultDirector, absent: StorageNode): Promise<void> {
  const { world, events } = cluster
  events.add(`fault long absence of ${absent.host}`)
  await absent.losePower()
  await director.ringChange.perhapsDrain(absent)
  await world.sleep(AWAKE_MS)
  for (let night = 0; night < NIGHTS; night += 1) {
    await switchOff(cluster)
    await world.sleep(OFF_MS)
    await switchOn(cluster, director, absent)
    await world.sleep(AWAKE_MS)
  }
  world.suspend(SUSPENDED_MS)
  await world.sleep(2 * AWAKE_MS)
  events.add(`${absent.host} comes back`)
  director.mayLose(absent)
  await director.bringUp(absent)
}

async function switchOff({ nodes, proxies }: Cluster): Promise<void> {
  for (const proxy of proxies) await proxy.kill()
  for (const node of nodes) {
    if (node.running !== undefined) await node.stop()
  }
}

async function switchOn(cluster: Cluster, director: FaultDirector, absent: StorageNode): Promise<void> {
  for (const node of cluster.nodes) {
    if (node !== absent && director.isInService(node)) await director.bringUp(node)
  }
  for (const proxy of cluster.proxies) await proxy.start()
}

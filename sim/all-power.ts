/**
 * The whole cluster loses power: every storage machine within a moment, and some of the proxies. Nothing that is only in
 * the memory of somebody survives, so this is what a quorum of synced disks is for. Then they come back one after the other.
 */
import type { SeededRandom } from '#base/virtual-clock.ts'
import type { Cluster } from './cluster.ts'
import type { FaultDirector } from './faults.ts'

/** All that die do so within so long, milliseconds. */
const MOMENT_MS = 50
/** The longest pause before the next one comes back, milliseconds. */
const NEXT_MS = 20_000

export async function allPower(
  cluster: Cluster,
  director: FaultDirector,
  random: SeededRandom,
): Promise<void> {
  const { world } = cluster
  const nodes = cluster.nodes.filter((node) => node.isStarted || director.isInService(node))
  const proxies = cluster.proxies.filter(() => random.below(2) === 0)
  const die = async (machine: (typeof nodes | typeof proxies)[number]): Promise<void> => {
    await world.sleep(random.below(MOMENT_MS))
    await machine.losePower()
  }
  await Promise.all([...nodes, ...proxies].map(die))
  const returns = [
    ...nodes.map((node) => () => director.bringUp(node)),
    ...proxies.map((proxy) => async (): Promise<void> => {
      if (!proxy.isStarted) await proxy.start()
    }),
  ]
  const nextMs = 1 + random.below(NEXT_MS)
  for (const comeBack of shuffled(returns, random)) {
    await director.wait(nextMs)
    await comeBack()
  }
}

function shuffled<One>(all: readonly One[], random: SeededRandom): readonly One[] {
  const left = [...all]
  return all.map(() => left.splice(random.below(left.length), 1)[0] as One)
}

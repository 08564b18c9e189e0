/** The one change of the rings of a run: a node more takes its share, or one is to be emptied. */
import type { SeededRandom } from '#base/virtual-clock.ts'
import type { Cluster } from './cluster.ts'
import type { StorageNode } from './storage-node.ts'
import { writeRings } from './topology.ts'

/** The operator comes to the next machine within so long, milliseconds. */
const NEXT_MACHINE_MS = 2_000

export class RingChange {
  readonly #cluster: Cluster
  readonly #random: SeededRandom
  #isBegun = false

  constructor(cluster: Cluster, random: SeededRandom) {
    this.#cluster = cluster
    this.#random = random
  }

  get isBegun(): boolean {
    return this.#isBegun
  }

  async run(): Promise<void> {
    const { nodes, builders, rings } = this.#cluster
    const inRing = rings.object.devices.length
    const fresh = nodes[inRing]
    if (fresh === undefined || this.#random.below(3) === 0) {
      builders.drain(this.#random.below(inRing))
      return await this.#bringRings()
    }
    builders.add(inRing)
    await this.#bringRings(fresh)
  }

  /** Perhaps a machine that is away is to be emptied, if the rings were not changed yet. */
  async perhapsDrain({ node }: StorageNode): Promise<void> {
    if (this.#isBegun || this.#random.below(2) === 0) return
    this.#cluster.builders.drain(node)
    await this.#bringRings()
  }

  /** Each machine gets the new rings when the operator comes to it. */
  async #bringRings(fresh?: StorageNode): Promise<void> {
    const { nodes, proxies, events, world } = this.#cluster
    this.#isBegun = true
    const next = this.#cluster.takeNewRings()
    const devices = next.object.devices.map((device) => device?.device ?? '').join(' ')
    events.add(`fault ring change: ${devices}`)
    if (fresh !== undefined) await this.#cluster.install(fresh, 'may_have_held_data')
    for (const { machine } of [...nodes, ...proxies]) {
      await world.sleep(this.#random.below(NEXT_MACHINE_MS))
      await writeRings(machine.disk.remount(), next).catch(() => {})
    }
  }
}

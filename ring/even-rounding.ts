/**
 * Which devices are rounded up when it is not all that may: those whose tiers lack most, from the region down, so that
 * not only every device but every region, zone and host comes near to its share.
 */
import { LEVELS, ROOT, type Topology } from './topology.ts'

export interface Rounded {
  readonly id: number
  /** What rounding down takes from the device, in partitions: 0 <= lack < 1. */
  readonly lack: number
  /** `up` and `down` are settled; of those that are `free`, `ups` are to be chosen. */
  readonly side: 'up' | 'down' | 'free'
}

/** The ids of the free devices that are rounded up, `ups` of them; there must be as many. */
export function chooseUps(topology: Topology, devices: readonly Rounded[], ups: number): Set<number> {
  const tiers = new Tiers(topology, devices)
  const chosen = new Set<number>()
  while (chosen.size < ups) chosen.add(tiers.takeMostLacking())
  return chosen
}

class Tiers {
  readonly #topology: Topology
  /** By node: what it lacks as things stand. */
  readonly #lack: Float64Array
  /** By node: free devices below it that were not chosen. */
  readonly #free: Int32Array

  constructor(topology: Topology, devices: readonly Rounded[]) {
    this.#topology = topology
    this.#lack = new Float64Array(topology.nodeCount)
    this.#free = new Int32Array(topology.nodeCount)
    for (const { id, lack, side } of devices)
      this.#add(id, side === 'up' ? lack - 1 : lack, side === 'free' ? 1 : 0)
  }

  #add(id: number, lack: number, free: number): void {
    for (const node of this.#topology.paths.subarray(id * LEVELS, (id + 1) * LEVELS)) {
      this.#lack[node] = (this.#lack[node] as number) + lack
      this.#free[node] = (this.#free[node] as number) + free
    }
  }

  takeMostLacking(): number {
    let node = ROOT
    while ((this.#topology.deviceOf[node] as number) < 0) node = this.#mostLackingBelow(node)
    const id = this.#topology.deviceOf[node] as number
    this.#add(id, -1, -1)
    return id
  }

  #mostLackingBelow(node: number): number {
    let most = ROOT
    for (const child of this.#topology.children[node] as readonly number[]) {
      if (this.#free[child] === 0) continue
      if (most === ROOT || (this.#lack[child] as number) > (this.#lack[most] as number)) most = child
    }
    if (most === ROOT) throw new RangeError('fewer devices may be rounded up than are to be')
    return most
  }
}

/**
 * The tree of what fails together: cluster, regions, zones, hosts (ip), devices. Its nodes are numbered from the root
 * down, every subtree in one run, so that per-node figures live in typed arrays. Made anew for every rebalance.
 */
import type { RingDevice } from './device.ts'

export const ROOT = 0
/** Levels below the root: region, zone, host, device. */
export const LEVELS = 4
export const DEVICE_LEVEL = LEVELS - 1

export interface Topology {
  readonly nodeCount: number
  /** Level of a node: -1 the root, 0 a region … 3 a device. */
  readonly levels: Int8Array
  readonly children: readonly (readonly number[])[]
  /** The node of device `id` at level `l` is at `id * LEVELS + l`. */
  readonly paths: Int32Array
  /** Device id of a node, -1 for a node that is no device. */
  readonly deviceOf: Int32Array
  /** Such as `r1z2-10.0.0.1` for a host. */
  readonly names: readonly string[]
}

/** The tree over all devices of a ring; `devices` is by id, with holes. */
export function topologyOf(devices: readonly (RingDevice | undefined)[]): Topology {
  const tree = new TreeUnderConstruction(devices.length)
  for (const device of inTreeOrder(devices)) tree.add(device)
  return tree.finish()
}

function inTreeOrder(devices: readonly (RingDevice | undefined)[]): RingDevice[] {
  const present = devices.filter((device) => device !== undefined)
  return present.toSorted(
    (a, b) => a.region - b.region || a.zone - b.zone || compareText(a.ip, b.ip) || a.id - b.id,
  )
}

function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** The names of a device's tiers, from the region down. */
export function tierNamesOf(device: RingDevice): readonly string[] {
  const zone = `r${device.region}z${device.zone}`
  return [`r${device.region}`, zone, `${zone}-${device.ip}`, `${zone}-${device.ip}/${device.device}`]
}

/** Devices arrive in tree order, so a new tier begins where a name differs from the device's before. */
class TreeUnderConstruction {
  readonly #levels: number[] = [-1]
  readonly #children: number[][] = [[]]
  readonly #names: string[] = ['cluster']
  readonly #deviceOf: number[] = [-1]
  readonly #paths: Int32Array
  #open: number[] = []

  constructor(deviceCount: number) {
    this.#paths = new Int32Array(deviceCount * LEVELS).fill(-1)
  }

  add(device: RingDevice): void {
    const names = tierNamesOf(device)
    const shared = this.#open.findIndex(
      (node, level) => level === DEVICE_LEVEL || this.#names[node] !== names[level],
    )
    this.#open.length = Math.max(shared, 0)
    for (let level = this.#open.length; level < LEVELS; level += 1) {
      const parent = this.#open[level - 1] ?? ROOT
      this.#open.push(this.#newNode(parent, level, names[level] as string))
    }
    this.#deviceOf[this.#open[DEVICE_LEVEL] as number] = device.id
    this.#paths.set(this.#open, device.id * LEVELS)
  }

  #newNode(parent: number, level: number, name: string): number {
    const node = this.#levels.length
    this.#levels.push(level)
    this.#children.push([])
    this.#names.push(name)
    this.#deviceOf.push(-1)
    this.#children[parent]?.push(node)
    return node
  }

  finish(): Topology {
    return {
      nodeCount: this.#levels.length,
      levels: Int8Array.from(this.#levels),
      children: this.#children,
      paths: this.#paths,
      deviceOf: Int32Array.from(this.#deviceOf),
      names: this.#names,
    }
  }
}

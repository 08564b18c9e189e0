/**
 * Where a name lives: partition, primaries, and the handoffs that stand in for them, from the ring that is in force at
 * the moment. What was worked out once for a partition is kept until the ring changes.
 */
import { type HashPathSalt, hashName, type ResourceName } from '#base/names.ts'
import type { Endpoint } from '#http/transport.ts'
import type { RingDevice } from '#ring/device.ts'
import type { Ring } from '#ring/ring.ts'
import type { StorageNode } from './storage-node.ts'

/** Placements kept per ring; beyond it they are worked out anew. About 300 bytes each. */
const MEMO_ENTRIES_MAX = 65_536

export interface RingLookup {
  readonly salt: HashPathSalt
  /** The ring in force now; another object when the ring file has changed. */
  readonly ring: () => Ring
  readonly nodes: StorageNodes
}

export class RingPlacement {
  readonly #lookup: RingLookup
  #ring: Ring | undefined
  #memo = new Map<number, Placement>()

  constructor(lookup: RingLookup) {
    this.#lookup = lookup
  }

  /** Where the account, container or object is. */
  of(name: ResourceName): Placement {
    const ring = this.#lookup.ring()
    return this.#at(ring, ring.partitionOf(hashName(name, this.#lookup.salt)))
  }

  #at(ring: Ring, partition: number): Placement {
    if (ring !== this.#ring || this.#memo.size >= MEMO_ENTRIES_MAX) {
      this.#ring = ring
      this.#memo = new Map()
    }
    let placement = this.#memo.get(partition)
    if (placement === undefined) {
      placement = Placement.at(ring, partition, this.#lookup.nodes)
      this.#memo.set(partition, placement)
    }
    return placement
  }
}

export class Placement {
  readonly partition: number
  /** In the ring's order. */
  readonly primaries: readonly StorageNode[]
  /** Those of the partition, also where only some of them are meant (`only`). */
  readonly allPrimaries: readonly StorageNode[]
  /** The primaries of this process first. */
  readonly primariesLocalFirst: readonly StorageNode[]
  readonly #findHandoffs: () => readonly StorageNode[]
  #handoffs: readonly StorageNode[] | undefined
  readonly #namesFrom = new Map<StorageNode, string>()

  private constructor(
    partition: number,
    primaries: readonly StorageNode[],
    findHandoffs: () => readonly StorageNode[],
    allPrimaries = primaries,
  ) {
    this.partition = partition
    this.primaries = primaries
    this.allPrimaries = allPrimaries
    this.primariesLocalFirst = localFirst(primaries)
    this.#findHandoffs = findHandoffs
  }

  static at(ring: Ring, partition: number, nodes: StorageNodes): Placement {
    const primaries = ring.primaries(partition).map((device) => nodes.of(device))
    return new Placement(partition, primaries, () => {
      return firstHandoffs(ring, partition, nodes, primaries.length)
    })
  }

  /** Those asked after the primaries, as many again as there are primaries (Swift `request_node_count`: 2 × replicas). */
  get handoffs(): readonly StorageNode[] {
    this.#handoffs ??= this.#findHandoffs()
    return this.#handoffs
  }

  /** The keys of all primaries, that of one of them first, separated by blanks (`LEASE_NAMES_HEADER`). */
  namesFrom(first: StorageNode): string {
    let names = this.#namesFrom.get(first)
    if (names === undefined) {
      const others = this.primaries.filter((node) => node !== first)
      names = [first, ...others].map(({ key }) => key).join(' ')
      this.#namesFrom.set(first, names)
    }
    return names
  }

  /** The same partition on these nodes alone: nobody stands in for them. */
  only(nodes: readonly StorageNode[]): Placement {
    return new Placement(this.partition, nodes, () => [], this.allPrimaries)
  }
}

function firstHandoffs(
  ring: Ring,
  partition: number,
  nodes: StorageNodes,
  count: number,
): readonly StorageNode[] {
  const found: StorageNode[] = []
  if (count === 0) return found
  for (const device of ring.handoffs(partition)) {
    found.push(nodes.of(device))
    if (found.length >= count) break
  }
  return found
}

function localFirst(nodes: readonly StorageNode[]): readonly StorageNode[] {
  const local = nodes.filter((node) => node.locality === 'same_process')
  return local.length === 0 ? nodes : [...local, ...nodes.filter((node) => node.locality !== 'same_process')]
}

/** Turns ring devices into nodes, always the same node for the same server and device. */
export class StorageNodes {
  readonly #isLocal: (endpoint: Endpoint) => boolean
  readonly #byKey = new Map<string, StorageNode>()

  /** `isLocal` is asked once per device, when it is first met: servers of this process must be registered by then. */
  constructor(isLocal: (endpoint: Endpoint) => boolean) {
    this.#isLocal = isLocal
  }

  of(device: RingDevice): StorageNode {
    const key = `${device.ip}:${device.port}/${device.device}`
    const known = this.#byKey.get(key)
    if (known !== undefined) return known
    const endpoint = { host: device.ip, port: device.port }
    const node: StorageNode = {
      ...endpoint,
      key,
      device: device.device,
      region: device.region,
      zone: device.zone,
      locality: this.#isLocal(endpoint) ? 'same_process' : 'elsewhere',
    }
    this.#byKey.set(key, node)
    return node
  }
}

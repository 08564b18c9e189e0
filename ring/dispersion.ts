/**
 * How far apart the replicas lie, as OpenStack Swift reports it: a replica is at risk when a region, zone, host or device
 * holds more of its partition than an even spread over all there are would put there, weights not considered
 * (`swift/common/ring/builder.py`: `_build_max_replicas_by_tier`, `_build_dispersion_graph`).
 */
import type { Builder } from './builder.ts'
import { replicaPlan } from './replica-plan.ts'
import { DEVICE_LEVEL, LEVELS, ROOT, type Topology, topologyOf } from './topology.ts'

export interface TierDispersion {
  /** Such as `r1z2-10.0.0.1`. */
  readonly tier: string
  /** 0 region, 1 zone, 2 host, 3 device. */
  readonly level: number
  /** Replicas of one partition that an even spread would put here at most. */
  readonly most: number
  /** Partitions by the number of their replicas here, from none. */
  readonly partitionsByReplicas: readonly number[]
  /** Per cent of the partitions present here that have more than `most`. */
  readonly atRiskPercent: number
}

export interface DispersionReport {
  /** Per cent of all replicas that are at risk, each counted once, in its worst tier. */
  readonly dispersion: number
  readonly replicasAtRisk: number
  /** The overload with which no replica would be at risk for the sake of weight. */
  readonly requiredOverload: number
  readonly tiers: readonly TierDispersion[]
}

/** Looks through the whole table. A builder that was never rebalanced has nothing at risk. */
export function dispersionOf(builder: Builder): DispersionReport {
  const topology = topologyOf(builder.devices)
  const most = evenSpread(builder, topology)
  const counter = new TierCounter(builder, topology, most)
  const partitionCount = 2 ** builder.partPower
  for (let partition = 0; partition < Math.min(partitionCount, builder.table.length); partition += 1) {
    counter.count(partition)
  }
  const { devices, replicas, overload } = builder
  return {
    dispersion: (100 * counter.replicasAtRisk) / (partitionCount * replicas),
    replicasAtRisk: counter.replicasAtRisk,
    requiredOverload: replicaPlan({ topology, devices, replicas, overload }).requiredOverload,
    tiers: counter.tiers(),
  }
}

/** By node, from the root down: the replicas of the tier above divided evenly, rounded up; never two on one device. */
function evenSpread({ devices, replicas }: Builder, topology: Topology): Int32Array {
  const weighted = new Uint8Array(topology.nodeCount)
  for (const device of devices) {
    if (device === undefined || device.weight <= 0) continue
    for (const node of topology.paths.subarray(device.id * LEVELS, (device.id + 1) * LEVELS))
      weighted[node] = 1
  }
  const most = new Float64Array(topology.nodeCount)
  most[ROOT] = replicas
  for (let node = ROOT; node < topology.nodeCount; node += 1) {
    const children = (topology.children[node] as readonly number[]).filter((child) => weighted[child] === 1)
    for (const child of children) {
      const share = Math.ceil((most[node] as number) / children.length)
      most[child] = topology.levels[child] === DEVICE_LEVEL ? Math.min(1, share) : share
    }
  }
  return Int32Array.from(most)
}

class TierCounter {
  replicasAtRisk = 0
  readonly #builder: Builder
  readonly #topology: Topology
  readonly #most: Int32Array
  readonly #counts: number[][]

  constructor(builder: Builder, topology: Topology, most: Int32Array) {
    this.#builder = builder
    this.#topology = topology
    this.#most = most
    const columns = Math.ceil(builder.replicas) + 1
    this.#counts = Array.from({ length: topology.nodeCount }, () =>
      Array.from<number>({ length: columns }).fill(0),
    )
  }

  count(partition: number): void {
    const worst = new Map<number, number>()
    for (const [node, replicas] of this.#replicasByTier(partition)) {
      const counts = this.#counts[node] as number[]
      counts[replicas] = (counts[replicas] ?? 0) + 1
      const excess = replicas - (this.#most[node] as number)
      const level = this.#topology.levels[node] as number
      if (excess > 0) worst.set(level, (worst.get(level) ?? 0) + excess)
    }
    this.replicasAtRisk += Math.max(0, ...worst.values())
  }

  #replicasByTier(partition: number): Map<number, number> {
    const { table, partPower } = this.#builder
    const found = new Map<number, number>()
    for (let slot = partition; slot < table.length; slot += 2 ** partPower) {
      const id = table[slot] as number
      for (const node of this.#topology.paths.subarray(id * LEVELS, (id + 1) * LEVELS)) {
        found.set(node, (found.get(node) ?? 0) + 1)
      }
    }
    return found
  }

  tiers(): TierDispersion[] {
    const { topology, most, counts } = { topology: this.#topology, most: this.#most, counts: this.#counts }
    return counts
      .map((row, node) =>
        tierReport(row, most[node] as number, this.#builder.partPower, {
          tier: topology.names[node] as string,
          level: topology.levels[node] as number,
        }),
      )
      .slice(ROOT + 1)
  }
}

function tierReport(
  counts: readonly number[],
  most: number,
  partPower: number,
  place: Pick<TierDispersion, 'tier' | 'level'>,
): TierDispersion {
  const present = counts.reduce((sum, count) => sum + count, 0)
  const crowded = counts.slice(most + 1).reduce((sum, count) => sum + count, 0)
  return {
    ...place,
    most,
    partitionsByReplicas: [2 ** partPower - present, ...counts.slice(1)],
    atRiskPercent: present === 0 ? 0 : (100 * crowded) / present,
  }
}

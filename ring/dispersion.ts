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
  const counter = countedTiers(builder, topology)
  const { devices, replicas, overload } = builder
  return {
    dispersion: percentAtRisk(builder, counter),
    replicasAtRisk: counter.replicasAtRisk,
    requiredOverload: replicaPlan({ topology, devices, replicas, overload }).requiredOverload,
    tiers: counter.tiers(),
  }
}

/** Per cent of all replicas that are at risk; the one figure of a report that sums it up. */
export function worstDispersion(builder: Builder): number {
  return percentAtRisk(builder, countedTiers(builder, topologyOf(builder.devices)))
}

function percentAtRisk({ partPower, replicas }: Builder, { replicasAtRisk }: TierCounter): number {
  return (100 * replicasAtRisk) / (2 ** partPower * replicas)
}

function countedTiers(builder: Builder, topology: Topology): TierCounter {
  const counter = new TierCounter(builder, topology, evenSpread(builder, topology))
  const partitions = Math.min(2 ** builder.partPower, builder.table.length)
  for (let partition = 0; partition < partitions; partition += 1) counter.count(partition)
  return counter
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
  /** By node, then by replicas: partitions with so many of them there. */
  readonly #counts: Int32Array
  readonly #columns: number
  readonly #partitionCount: number
  /** By replica of one partition: the tier of the level that is looked at. */
  readonly #tiers: Int32Array

  constructor(builder: Builder, topology: Topology, most: Int32Array) {
    this.#builder = builder
    this.#topology = topology
    this.#most = most
    this.#partitionCount = 2 ** builder.partPower
    const rows = Math.max(builder.replicas, builder.table.length / this.#partitionCount)
    this.#columns = Math.ceil(rows) + 1
    this.#counts = new Int32Array(topology.nodeCount * this.#columns)
    this.#tiers = new Int32Array(this.#columns)
  }

  count(partition: number): void {
    let worst = 0
    for (let level = 0; level < LEVELS; level += 1) {
      worst = Math.max(worst, this.#countLevel(this.#lookUpTiers(partition, level)))
    }
    this.replicasAtRisk += worst
  }

  /** Fills in where the partition's replicas are; answers how many it has. */
  #lookUpTiers(partition: number, level: number): number {
    const tiers = this.#tiers
    const { table } = this.#builder
    const { paths } = this.#topology
    const partitionCount = this.#partitionCount
    let replicas = 0
    for (let slot = partition; slot < table.length; slot += partitionCount) {
      tiers[replicas] = paths[(table[slot] as number) * LEVELS + level] as number
      replicas += 1
    }
    return replicas
  }

  /** Counts every tier once; answers how many replicas are too many in theirs. */
  #countLevel(replicas: number): number {
    let excess = 0
    for (let first = 0; first < replicas; first += 1) {
      const here = this.#replicasFrom(first, replicas)
      if (here === 0) continue
      const node = this.#tiers[first] as number
      const at = node * this.#columns + here
      this.#counts[at] = (this.#counts[at] as number) + 1
      excess += Math.max(0, here - (this.#most[node] as number))
    }
    return excess
  }

  /** Replicas in the tier of this one; 0 when an earlier one is there, too, and has been counted. */
  #replicasFrom(first: number, replicas: number): number {
    const tiers = this.#tiers
    const node = tiers[first]
    let here = 0
    for (let other = 0; other < replicas; other += 1) {
      if (tiers[other] !== node) continue
      if (other < first) return 0
      here += 1
    }
    return here
  }

  tiers(): TierDispersion[] {
    const { levels, names, nodeCount } = this.#topology
    return Array.from({ length: nodeCount - 1 }, (_, at) => {
      const node = ROOT + 1 + at
      const counts = this.#counts.subarray(node * this.#columns, (node + 1) * this.#columns)
      return tierReport([...counts], this.#most[node] as number, this.#builder.partPower, {
        tier: names[node] as string,
        level: levels[node] as number,
      })
    })
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

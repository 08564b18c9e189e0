/**
 * How many replicas of a partition belong in each region, zone, host and device. The figures are *replicanths*:
 * replicas per partition, fractions included.
 *
 * Two wishes pull: *weighted* gives every device its share by weight; *dispersed* lays replicas as far apart as there
 * are places, whatever the weights. The overload (0 = weight alone) says how much more than its weighted share a
 * device may take for the sake of dispersion (OpenStack Swift, `overview_ring.rst`, "Overload").
 */

import { clampedShares } from './clamped-shares.ts'
import type { RingDevice } from './device.ts'
import { DEVICE_LEVEL, LEVELS, ROOT, type Topology } from './topology.ts'

/** Figures below this are rounding error of the sums. */
const EPSILON = 1e-9

export interface ReplicaPlan {
  /** By node of the topology: replicas per partition. */
  readonly target: Float64Array
  /** By node: every partition should have at least, and at most, this many replicas there. */
  readonly least: Int32Array
  readonly most: Int32Array
  /** The overload that would be needed to lay all replicas as far apart as possible. */
  readonly requiredOverload: number
}

export interface PlanInput {
  readonly topology: Topology
  readonly devices: readonly (RingDevice | undefined)[]
  readonly replicas: number
  readonly overload: number
}

/** The plan for the present devices and weights. Needs at least as many devices with weight as whole replicas. */
export function replicaPlan(input: PlanInput): ReplicaPlan {
  const weighted = weightedReplicanths(input)
  const dispersed = dispersedReplicanths(input, weighted)
  const requiredOverload = largestOverload(input, weighted, dispersed)
  const part = requiredOverload <= EPSILON ? 1 : Math.min(1, input.overload / requiredOverload)
  const target = weighted.map((share, node) => share + ((dispersed[node] as number) - share) * part)
  return {
    target,
    least: Int32Array.from(target, (share) => Math.floor(share + EPSILON)),
    most: Int32Array.from(target, (share) => Math.ceil(share - EPSILON)),
    requiredOverload,
  }
}

/** Shares by weight; a device whose share would be more than one replica of every partition gets exactly that. */
function weightedReplicanths({ topology, devices, replicas }: PlanInput): Float64Array {
  const present = devices.filter((device) => device !== undefined)
  const shares = clampedShares(
    replicas,
    present.map(({ weight }) => ({ weight, least: 0, most: weight > 0 ? 1 : 0 })),
  )
  const replicanths = new Float64Array(topology.nodeCount)
  for (const [at, { id }] of present.entries()) {
    const share = shares[at] as number
    replicanths[ROOT] = (replicanths[ROOT] as number) + share
    for (const node of topology.paths.subarray(id * LEVELS, (id + 1) * LEVELS)) {
      replicanths[node] = (replicanths[node] as number) + share
    }
  }
  return replicanths
}

/**
 * From the root down, every tier spreads what it has over its children as evenly as whole replicas allow, by weight
 * within that, never more than a child has devices.
 */
function dispersedReplicanths(
  { topology, devices, replicas }: PlanInput,
  weighted: Float64Array,
): Float64Array {
  const places = devicesWithWeight(topology, devices)
  const replicanths = new Float64Array(topology.nodeCount)
  replicanths[ROOT] = replicas
  for (let node = ROOT; node < topology.nodeCount; node += 1) {
    const children = (topology.children[node] as readonly number[]).filter(
      (child) => (places[child] as number) > 0,
    )
    const shares = evenShares(replicanths[node] as number, children, places, weighted)
    for (const [at, child] of children.entries()) replicanths[child] = shares[at] as number
  }
  return replicanths
}

function evenShares(
  total: number,
  children: readonly number[],
  places: Int32Array,
  weighted: Float64Array,
): readonly number[] {
  const fair = total / children.length
  const bounds = children.map((child) => ({
    weight: weighted[child] as number,
    least: Math.min(places[child] as number, Math.floor(fair + EPSILON)),
    most: Math.min(places[child] as number, Math.ceil(fair - EPSILON)),
  }))
  const room = bounds.reduce((sum, { most }) => sum + most, 0)
  if (room >= total - EPSILON) return clampedShares(total, bounds)
  return clampedShares(
    total,
    bounds.map((bound, at) => ({ ...bound, most: places[children[at] as number] as number })),
  )
}

/** By node: how many devices with weight are below it; a device cannot hold a partition twice. */
function devicesWithWeight(topology: Topology, devices: readonly (RingDevice | undefined)[]): Int32Array {
  const places = new Int32Array(topology.nodeCount)
  for (const device of devices) {
    if (device === undefined || device.weight <= 0) continue
    places[ROOT] = (places[ROOT] as number) + 1
    for (const node of topology.paths.subarray(device.id * LEVELS, (device.id + 1) * LEVELS)) {
      places[node] = (places[node] as number) + 1
    }
  }
  return places
}

function largestOverload(
  { topology, devices }: PlanInput,
  weighted: Float64Array,
  dispersed: Float64Array,
): number {
  let largest = 0
  for (const device of devices) {
    if (device === undefined || device.weight <= 0) continue
    const node = topology.paths[device.id * LEVELS + DEVICE_LEVEL] as number
    const share = weighted[node] as number
    largest = Math.max(largest, ((dispersed[node] as number) - share) / share)
  }
  return largest
}

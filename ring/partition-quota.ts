/**
 * How many partitions each device is to hold: whole numbers that come as near to the plan as whole numbers can. The
 * worst relative error of any device is as small as possible; within that, devices keep what they have.
 */
import type { RingDevice } from './device.ts'
import { chooseUps, type Rounded } from './even-rounding.ts'
import type { ReplicaPlan } from './replica-plan.ts'
import { DEVICE_LEVEL, LEVELS, ROOT, type Topology } from './topology.ts'

export interface QuotaInput {
  readonly topology: Topology
  readonly devices: readonly (RingDevice | undefined)[]
  readonly plan: ReplicaPlan
  readonly partitionCount: number
  /** Replicas of all partitions together. */
  readonly slotCount: number
  /** By device id: the partitions it holds now. */
  readonly held: Int32Array
}

/** A device whose ideal number of partitions lies between `floor` and `floor + 1`. */
interface Candidate {
  readonly id: number
  readonly ideal: number
  readonly floor: number
  readonly held: number
}

/** Absorbs the rounding error of sums of replicanths, in partitions. */
const PARTITION_EPSILON = 1e-6
const WHOLE_EPSILON = 1e-9
/** Halvings of an error between 0 and 1 until two errors can no longer be told apart. */
const HALVINGS = 60

/** Partitions by device id. Devices without weight get none. */
export function partitionQuotas(input: QuotaInput): Int32Array {
  const quotas = new Int32Array(input.devices.length)
  for (const group of groupsOf(input)) {
    for (const [id, quota] of roundGroup(group, input.topology)) quotas[id] = quota
  }
  keepWithinPlan(input, quotas)
  return isAsGood(input, input.held, quotas) ? input.held.slice() : quotas
}

/** Whether what the devices hold now is within the plan and no worse than the quotas: then nothing need move. */
function isAsGood(input: QuotaInput, held: Int32Array, quotas: Int32Array): boolean {
  const { topology, plan, partitionCount, slotCount } = input
  const sums = sumsByNode(topology, held)
  if (sums[ROOT] !== slotCount) return false
  for (let node = ROOT + 1; node < topology.nodeCount; node += 1) {
    if ((sums[node] as number) > (plan.most[node] as number) * partitionCount) return false
    if ((sums[node] as number) < (plan.least[node] as number) * partitionCount) return false
  }
  return worstError(input, held) <= worstError(input, quotas) + WHOLE_EPSILON
}

function worstError(input: QuotaInput, quotas: Int32Array): number {
  return input.devices.reduce((worst, device) => {
    if (device === undefined || device.weight <= 0) return worst
    return Math.max(worst, Math.abs(relativeError(input, device.id, quotas[device.id] as number)))
  }, 0)
}

/** Devices whose quotas must add up to exactly `total`. */
interface Group {
  total: number
  readonly candidates: Candidate[]
}

/**
 * A tier that is to hold a whole number of replicas of every partition (one in each of three zones, say) must get
 * exactly so many partitions. Its devices are a group; those of tiers with fractions belong to the group above.
 */
function groupsOf(input: QuotaInput): Iterable<Group> {
  const { topology, devices, plan, partitionCount } = input
  const groups = new Map<number, Group>([[ROOT, { total: input.slotCount, candidates: [] }]])
  const groupNode = new Int32Array(topology.nodeCount)
  for (let node = ROOT; node < topology.nodeCount; node += 1) {
    for (const child of topology.children[node] as readonly number[]) {
      const target = plan.target[child] as number
      groupNode[child] = groupNode[node] as number
      if (!isWhole(target)) continue
      const total = Math.round(target) * partitionCount
      const outer = groups.get(groupNode[node] as number) as Group
      outer.total -= total
      groups.set(child, { total, candidates: [] })
      groupNode[child] = child
    }
  }
  for (const device of devices) {
    if (device === undefined) continue
    const node = topology.paths[device.id * LEVELS + DEVICE_LEVEL] as number
    const ideal = (plan.target[node] as number) * partitionCount
    const group = groups.get(groupNode[node] as number) as Group
    const held = input.held[device.id] as number
    group.candidates.push({ id: device.id, ideal, floor: Math.floor(ideal + PARTITION_EPSILON), held })
  }
  return groups.values()
}

function isWhole(target: number): boolean {
  return Math.abs(target - Math.round(target)) < WHOLE_EPSILON
}

/** Rounds every device down or up so that the group's total is met. */
function roundGroup(
  { total, candidates }: Group,
  topology: Topology,
): Iterable<readonly [id: number, quota: number]> {
  const ups = total - candidates.reduce((sum, { floor }) => sum + floor, 0)
  const error = smallestWorstError(candidates, ups)
  const order = candidates.toSorted(
    (a, b) => rank(a, error) - rank(b, error) || fraction(b) - fraction(a) || a.id - b.id,
  )
  const sure = order.findIndex((candidate) => rank(candidate, error) > 1)
  const mayUp = order.filter((candidate) => rank(candidate, error) < 3).length
  if (sure < 0 || ups <= sure || ups >= mayUp) return order.map(upWhen((_, at) => at < ups))
  const sideOf = (at: number): Rounded['side'] => (at < sure ? 'up' : at < mayUp ? 'free' : 'down')
  const rounded = order.map((one, at) => ({ id: one.id, lack: fraction(one), side: sideOf(at) }))
  const chosen = chooseUps(topology, rounded, ups - sure)
  return order.map(upWhen(({ id }, at) => at < sure || chosen.has(id)))
}

function upWhen(
  isUp: (candidate: Candidate, at: number) => boolean,
): (candidate: Candidate, at: number) => readonly [id: number, quota: number] {
  return (candidate, at) => [candidate.id, isUp(candidate, at) ? candidate.floor + 1 : candidate.floor]
}

function fraction({ ideal, floor }: Candidate): number {
  return ideal - floor
}

/** The smallest worst error with which the total can be met; every device can be at least as near as the nearer of its two sides. */
function smallestWorstError(candidates: readonly Candidate[], ups: number): number {
  let low = candidates.reduce((worst, one) => Math.max(worst, Math.min(errorDown(one), errorUp(one))), 0)
  let high = Math.max(1, worstPossible(candidates))
  if (isEnough(candidates, ups, low)) return low
  for (let count = 0; count < HALVINGS; count += 1) {
    const middle = (low + high) / 2
    if (isEnough(candidates, ups, middle)) high = middle
    else low = middle
  }
  return high
}

/** Whether `ups` devices can be rounded up, and the others down, with no device further off than `error`. */
function isEnough(candidates: readonly Candidate[], ups: number, error: number): boolean {
  const mustUp = candidates.filter((candidate) => errorDown(candidate) > error).length
  const mayUp = candidates.filter((candidate) => errorUp(candidate) <= error).length
  return mustUp <= ups && ups <= mayUp
}

function worstPossible(candidates: readonly Candidate[]): number {
  return candidates.reduce((worst, candidate) => {
    const errors = [errorDown(candidate), errorUp(candidate)].filter(Number.isFinite)
    return Math.max(worst, ...errors)
  }, 0)
}

/** Relative error of a device that gets fewer, or more, than its ideal. A device that wants nothing must get nothing. */
function errorDown(candidate: Candidate): number {
  return candidate.ideal <= 0 ? 0 : fraction(candidate) / candidate.ideal
}

function errorUp(candidate: Candidate): number {
  return candidate.ideal <= 0 ? Infinity : (1 - fraction(candidate)) / candidate.ideal
}

/** 0: must be rounded up; 1: may, and holds that many already; 2: may; 3: must not unless nothing else is left. */
function rank(candidate: Candidate, error: number): number {
  if (errorDown(candidate) > error) return 0
  if (errorUp(candidate) > error) return 3
  return candidate.held > candidate.floor ? 1 : 2
}

/**
 * Rounding may put a tier with a target of 0.9999 a partition above one replica of each. Such a tier hands partitions
 * to devices elsewhere until the plan can be kept.
 */
function keepWithinPlan(input: QuotaInput, quotas: Int32Array): void {
  const { topology, plan, partitionCount } = input
  const sums = sumsByNode(topology, quotas)
  for (let node = topology.nodeCount - 1; node > ROOT; node -= 1) {
    const excess = (sums[node] as number) - (plan.most[node] as number) * partitionCount
    const lack = (plan.least[node] as number) * partitionCount - (sums[node] as number)
    for (let count = 0; count < excess; count += 1) shiftOne(input, quotas, sums, node, 'out of')
    for (let count = 0; count < lack; count += 1) shiftOne(input, quotas, sums, node, 'into')
  }
}

function sumsByNode(topology: Topology, quotas: Int32Array): Int32Array {
  const sums = new Int32Array(topology.nodeCount)
  for (let node = topology.nodeCount - 1; node >= ROOT; node -= 1) {
    const id = topology.deviceOf[node] as number
    if (id >= 0) sums[node] = quotas[id] as number
    for (const child of topology.children[node] as readonly number[]) {
      sums[node] = (sums[node] as number) + (sums[child] as number)
    }
  }
  return sums
}

/**
 * Moves one partition's worth of quota between the tier and the rest of the ring: with its nearest relatives in the tree
 * if they can take part, else with ever wider ones, and where it hurts least.
 */
function shiftOne(
  input: QuotaInput,
  quotas: Int32Array,
  sums: Int32Array,
  tier: number,
  direction: 'into' | 'out of',
): void {
  const { topology } = input
  const tierLevel = topology.levels[tier] as number
  for (let level = tierLevel - 1; level >= -1; level -= 1) {
    const inside = (id: number): boolean => topology.paths[id * LEVELS + tierLevel] === tier
    const related = (id: number): boolean =>
      !inside(id) && isBelow(topology, id, ancestorAt(topology, tier, level))
    const [givers, takers] = direction === 'into' ? [related, inside] : [inside, related]
    const giver = easiest(input, quotas, sums, { by: -1, belowLevel: level, eligible: givers })
    const taker = easiest(input, quotas, sums, { by: 1, belowLevel: level, eligible: takers })
    if (giver === undefined || taker === undefined) continue
    change(input, quotas, sums, giver, -1)
    change(input, quotas, sums, taker, 1)
    return
  }
}

/** The node at `level` above a tier; the root for level -1. */
function ancestorAt(topology: Topology, tier: number, level: number): number {
  if (level < 0) return ROOT
  const device = topology.deviceOf.findIndex((id, node) => node >= tier && id >= 0)
  return topology.paths[(topology.deviceOf[device] as number) * LEVELS + level] as number
}

function isBelow(topology: Topology, id: number, ancestor: number): boolean {
  if (ancestor === ROOT) return true
  return topology.paths[id * LEVELS + (topology.levels[ancestor] as number)] === ancestor
}

interface Shift {
  readonly by: 1 | -1
  /** Tiers at this level and above gain as much as they lose. */
  readonly belowLevel: number
  readonly eligible: (id: number) => boolean
}

/** The device that is nearest to its ideal after the change and whose tiers stay within the plan. */
function easiest(input: QuotaInput, quotas: Int32Array, sums: Int32Array, shift: Shift): number | undefined {
  const { topology, plan, partitionCount } = input
  const { by, belowLevel, eligible } = shift
  const bounds = by === 1 ? plan.most : plan.least
  let best: number | undefined
  let bestError = Infinity
  for (const device of input.devices) {
    if (device === undefined || device.weight <= 0 || !eligible(device.id)) continue
    const path = topology.paths.subarray(device.id * LEVELS + belowLevel + 1, (device.id + 1) * LEVELS)
    if (path.some((node) => (sums[node] as number) * by >= (bounds[node] as number) * partitionCount * by))
      continue
    const error = by * relativeError(input, device.id, (quotas[device.id] as number) + by)
    if (error < bestError) {
      best = device.id
      bestError = error
    }
  }
  return best
}

/** How much above (or, negative, below) its ideal a device would be with this quota, as a part of the ideal. */
function relativeError({ topology, plan, partitionCount }: QuotaInput, id: number, quota: number): number {
  const ideal = (plan.target[topology.paths[id * LEVELS + DEVICE_LEVEL] as number] as number) * partitionCount
  return (quota - ideal) / ideal
}

function change(input: QuotaInput, quotas: Int32Array, sums: Int32Array, id: number, by: 1 | -1): void {
  quotas[id] = (quotas[id] as number) + by
  for (const node of input.topology.paths.subarray(id * LEVELS, (id + 1) * LEVELS)) {
    sums[node] = (sums[node] as number) + by
  }
}

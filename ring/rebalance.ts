/**
 * Rebalancing: from the present table of a ring and its devices to a better table. Pure: nothing is changed in place, so
 * a dry run is a rebalance whose outcome is thrown away.
 *
 * What it promises: the same input and seed give the same table; a partition moves at most one replica, and none within
 * `minPartHours` of its last move, unless a device was removed (its replicas are gone and cannot wait); no device ever
 * holds a partition twice; a ring that needs no change gets none.
 */
import type { RingDevice } from './device.ts'
import { layOut, mix } from './first-placement.ts'
import { partitionQuotas } from './partition-quota.ts'
import { Placement } from './placement.ts'
import {
  drain,
  PartitionLocks,
  placeUnassigned,
  shedByChains,
  shedSurplus,
  spreadCrowded,
} from './rebalance-steps.ts'
import { replicaPlan } from './replica-plan.ts'
import type { AssignmentRow } from './ring.ts'
import { SeededRandom } from './seeded-random.ts'
import { topologyOf } from './topology.ts'

export interface RebalanceInput {
  /** By id. Removed devices are `undefined` here, whatever the table says. */
  readonly devices: readonly (RingDevice | undefined)[]
  readonly partPower: number
  readonly replicas: number
  readonly overload: number
  readonly minPartHours: number
  /** By slot (replica * partitions + partition): device id. Empty before the first rebalance. */
  readonly table: AssignmentRow
  /** By partition: when a replica of it last moved, minutes since the epoch. */
  readonly movedAtMinutes: Uint32Array
  readonly nowMinutes: number
  readonly seed: string
}

export interface RebalanceOutcome {
  readonly table: AssignmentRow
  readonly movedAtMinutes: Uint32Array
  /** Replicas that are on another device than before, new ones included. */
  readonly movedReplicas: number
  /** Partitions of which at least one replica moved. */
  readonly movedPartitions: number
  /** Replicas still on devices that should give them away: what a later rebalance has to finish. */
  readonly unfinishedReplicas: number
}

const MINUTES_PER_HOUR = 60
const LARGEST_TWO_BYTE_ID = 0xfffe

/** Replicas of all partitions together: the whole rows and as much of the last as the fraction says. */
export function slotCountOf(partPower: number, replicas: number): number {
  return Math.floor(2 ** partPower * replicas)
}

/** Rebalances. The devices with weight must be at least as many as `replicas`, rounded up. */
export function rebalance(input: RebalanceInput): RebalanceOutcome {
  const { devices, replicas, overload } = input
  const topology = topologyOf(devices)
  const plan = replicaPlan({ topology, devices, replicas, overload })
  const table = startingTable(input)
  const partitionCount = 2 ** input.partPower
  const held = heldByDevice(table, devices.length)
  const quotas = partitionQuotas({ topology, devices, plan, partitionCount, slotCount: table.length, held })
  const random = new SeededRandom(input.seed)
  const isFirst = input.table.length === 0
  if (isFirst) layOut(table, topology, quotas)
  const placement = new Placement({
    topology,
    plan,
    partitionCount,
    table,
    quotas,
    unassigned: unassignedIn(table),
  })
  if (isFirst) mix(placement, random)
  else improve(input, placement, random)
  return { ...movesBetween(input, table), table, unfinishedReplicas: placement.wanted }
}

function improve(input: RebalanceInput, placement: Placement, random: SeededRandom): void {
  const locks = locksOf(input, placement.table.length)
  const order = new Uint32Array(placement.partitionCount)
  for (let partition = 0; partition < order.length; partition += 1) order[partition] = partition
  random.shuffle(order)
  const step = { placement, locks, random, order }
  placeUnassigned(step)
  if (drainsDevices(input)) drain(step)
  spreadCrowded(step)
  shedSurplus(step)
  shedByChains(step)
}

function drainsDevices({ devices }: RebalanceInput): boolean {
  return devices.some((device) => device !== undefined && device.weight === 0)
}

/** The present table at its new length, replicas of removed devices and new replicas unassigned. */
function startingTable({ table, devices, partPower, replicas }: RebalanceInput): AssignmentRow {
  const length = slotCountOf(partPower, replicas)
  const started = devices.length > LARGEST_TWO_BYTE_ID ? new Uint32Array(length) : new Uint16Array(length)
  const unassigned = unassignedIn(started)
  started.fill(unassigned)
  for (let slot = 0; slot < Math.min(length, table.length); slot += 1) {
    const id = table[slot] as number
    if (devices[id] !== undefined) started[slot] = id
  }
  return started
}

/** The largest number that fits: OpenStack Swift's mark in the same place. */
function unassignedIn(table: AssignmentRow): number {
  return 2 ** (8 * table.BYTES_PER_ELEMENT) - 1
}

/** By device id: how many slots of the table it has. */
export function heldByDevice(table: AssignmentRow, deviceCount: number): Int32Array {
  const held = new Int32Array(deviceCount)
  for (const id of table) if (id < deviceCount) held[id] = (held[id] as number) + 1
  return held
}

/**
 * A partition is locked while its last move is too recent. One that loses a replica with a removed device is locked by
 * being placed anew.
 */
function locksOf(input: RebalanceInput, slotCount: number): PartitionLocks {
  const { movedAtMinutes, nowMinutes, minPartHours } = input
  const locks = new PartitionLocks(movedAtMinutes.length, slotCount)
  const latest = nowMinutes - minPartHours * MINUTES_PER_HOUR
  for (let partition = 0; partition < movedAtMinutes.length; partition += 1) {
    if ((movedAtMinutes[partition] as number) > latest) locks.lock(partition)
  }
  return locks
}

type Moves = Pick<RebalanceOutcome, 'movedAtMinutes' | 'movedReplicas' | 'movedPartitions'>

function movesBetween(input: RebalanceInput, table: AssignmentRow): Moves {
  const movedAtMinutes = input.movedAtMinutes.slice()
  const partitionCount = movedAtMinutes.length
  const moved = new Uint8Array(partitionCount)
  let movedReplicas = 0
  for (let slot = 0; slot < table.length; slot += 1) {
    if (table[slot] === input.table[slot]) continue
    movedReplicas += 1
    moved[slot % partitionCount] = 1
    movedAtMinutes[slot % partitionCount] = input.nowMinutes
  }
  return { movedAtMinutes, movedReplicas, movedPartitions: moved.reduce((sum, one) => sum + one, 0) }
}

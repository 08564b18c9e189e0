/**
 * A ring under construction: its devices with their weights, its settings, where every replica is, and when each
 * partition last moved. Immutable: every change gives a new builder or says in one sentence why it was refused. Changes
 * take effect on placement at the next `rebalanced`.
 */
import { completeDevice, deviceLabel, type NewDevice, type RingDevice } from './device.ts'
import { type RebalanceOutcome, rebalance } from './rebalance.ts'
import { type AssignmentRow, Ring } from './ring.ts'

export interface Builder {
  readonly kind: 'builder'
  readonly partPower: number
  readonly nextPartPower?: number | undefined
  /** Replicas per partition; 3.5 gives every second partition a fourth. */
  readonly replicas: number
  /** Least time between two moves of the same partition, hours. */
  readonly minPartHours: number
  /** How much more than its weighted share a device may take so that replicas lie further apart; 0.1 is 10 %. */
  readonly overload: number
  /** Counts the changes; written into the ring so that two rings can be compared. */
  readonly version: number
  /** By id, with holes. */
  readonly devices: readonly (RingDevice | undefined)[]
  /** Devices that are gone at the next rebalance. Their weight is 0. */
  readonly removedIds: ReadonlySet<number>
  /** By slot (replica * partitions + partition): device id. Empty before the first rebalance. */
  readonly table: AssignmentRow
  /** By partition: when a replica of it last moved, minutes since the epoch. */
  readonly movedAtMinutes: Uint32Array
}

/** A change that cannot be made, as a sentence for the operator. */
export interface Refusal {
  readonly kind: 'refused'
  readonly reason: string
}

/** 2^26 partitions are ten thousand for each of 6,700 devices; the table of three replicas is 384 MiB. */
export const MAX_PART_POWER = 26
const MAX_PORT = 65_535

/** Why a change cannot be made. */
export function refused(reason: string): Refusal {
  return { kind: 'refused', reason }
}

export interface NewBuilder {
  readonly partPower: number
  readonly replicas: number
  readonly minPartHours: number
}

/** A builder without devices. */
export function createBuilder({ partPower, replicas, minPartHours }: NewBuilder): Builder | Refusal {
  if (!Number.isInteger(partPower) || partPower < 0 || partPower > MAX_PART_POWER) {
    return refused(`part power must be a whole number from 0 to ${MAX_PART_POWER}, not ${partPower}`)
  }
  const empty: Builder = {
    kind: 'builder',
    partPower,
    replicas: 1,
    minPartHours: 0,
    overload: 0,
    version: 0,
    devices: [],
    removedIds: new Set(),
    table: new Uint16Array(0),
    movedAtMinutes: new Uint32Array(2 ** partPower),
  }
  const withReplicas = setReplicas(empty, replicas)
  return withReplicas.kind === 'refused' ? withReplicas : setMinPartHours(withReplicas, minPartHours)
}

/** Adds devices under the lowest free ids. All or none. */
export function addDevices(builder: Builder, added: readonly NewDevice[]): Builder | Refusal {
  const devices = [...builder.devices]
  const taken = new Set(devices.filter((device) => device !== undefined).map(deviceKey))
  let id = 0
  for (const device of added) {
    while (devices[id] !== undefined) id += 1
    const complete = completeDevice(device, id)
    const fault = faultOf(complete)
    if (fault !== undefined) return refused(fault)
    if (taken.has(deviceKey(complete))) return refused(`${deviceLabel(complete)} is in the ring already`)
    taken.add(deviceKey(complete))
    devices[id] = complete
  }
  return { ...builder, devices, version: builder.version + added.length }
}

function deviceKey({ ip, port, device }: RingDevice): string {
  return `${ip} ${port} ${device}`
}

/** One sentence about what is wrong with a device, if anything. */
function faultOf(device: RingDevice): string | undefined {
  const label = deviceLabel(device)
  if (!isCount(device.region)) return `region of ${label} must be a whole number from 0`
  if (!isCount(device.zone)) return `zone of ${label} must be a whole number from 0`
  if (!isPort(device.port) || !isPort(device.replicationPort))
    return `ports of ${label} must be 1 to ${MAX_PORT}`
  if (!Number.isFinite(device.weight) || device.weight < 0)
    return `weight of ${label} must be a number from 0`
  if (device.device === '' || device.device.includes('/'))
    return `${label} needs a device name without slashes`
  if (device.ip === '' || device.replicationIp === '') return `${label} needs an address`
  return undefined
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

function isPort(value: number): boolean {
  return isCount(value) && value >= 1 && value <= MAX_PORT
}

/** Takes devices out: their replicas go elsewhere at the next rebalance, whatever `minPartHours` says. */
export function removeDevices(builder: Builder, ids: readonly number[]): Builder | Refusal {
  const devices = [...builder.devices]
  const removedIds = new Set(builder.removedIds)
  for (const id of ids) {
    const device = devices[id]
    if (device === undefined) return refused(`there is no device ${id}`)
    devices[id] = { ...device, weight: 0 }
    removedIds.add(id)
  }
  return { ...builder, devices, removedIds, version: builder.version + ids.length }
}

/** What of a device can be changed. Region, zone and weight matter to the next rebalance. */
export type DeviceChange = Partial<Omit<RingDevice, 'id'>>

/** Changes devices; one that is marked for removal cannot be changed. All or none. */
export function changeDevices(
  builder: Builder,
  ids: readonly number[],
  change: DeviceChange,
): Builder | Refusal {
  const devices = [...builder.devices]
  for (const id of ids) {
    const device = devices[id]
    if (device === undefined) return refused(`there is no device ${id}`)
    if (builder.removedIds.has(id)) return refused(`device ${id} is marked for removal`)
    const changed = { ...device, ...change }
    const twin = devices.find(
      (other) => other !== undefined && other.id !== id && deviceKey(other) === deviceKey(changed),
    )
    const fault =
      faultOf(changed) ??
      (twin === undefined ? undefined : `device ${twin.id} is ${deviceLabel(twin)} already`)
    if (fault !== undefined) return refused(fault)
    devices[id] = changed
  }
  return { ...builder, devices, version: builder.version + ids.length }
}

export function setReplicas(builder: Builder, replicas: number): Builder | Refusal {
  if (!Number.isFinite(replicas) || replicas < 1)
    return refused(`replicas must be a number from 1, not ${replicas}`)
  return { ...builder, replicas, version: builder.version + 1 }
}

export function setMinPartHours(builder: Builder, minPartHours: number): Builder | Refusal {
  if (!isCount(minPartHours))
    return refused(`min part hours must be a whole number from 0, not ${minPartHours}`)
  return { ...builder, minPartHours }
}

export function setOverload(builder: Builder, overload: number): Builder | Refusal {
  if (!Number.isFinite(overload) || overload < 0)
    return refused(`overload must be a number from 0, not ${overload}`)
  return { ...builder, overload }
}

/** Lets every partition move again at once. For when all data is known to be where the ring says. */
export function pretendMinPartHoursPassed(builder: Builder): Builder {
  return { ...builder, movedAtMinutes: new Uint32Array(builder.movedAtMinutes.length) }
}

export interface Rebalanced {
  readonly kind: 'rebalanced'
  readonly builder: Builder
  readonly outcome: RebalanceOutcome
}

const MS_PER_MINUTE = 60_000

/** Places replicas anew, moving as little as needed. The same builder, time and seed give the same outcome. */
export function rebalanced(
  builder: Builder,
  options: { readonly seed: string; readonly nowMs: number },
): Rebalanced | Refusal {
  if (builder.nextPartPower !== undefined) {
    return refused('an increase of the part power is under way; finish it first')
  }
  const devices = builder.devices.map((device, id) => (builder.removedIds.has(id) ? undefined : device))
  while (devices.length > 0 && devices.at(-1) === undefined) devices.pop()
  const usable = devices.filter((device) => device !== undefined && device.weight > 0).length
  if (usable < builder.replicas) {
    return refused(
      `${builder.replicas} replicas need at least ${Math.ceil(builder.replicas)} devices with weight, not ${usable}`,
    )
  }
  const nowMinutes = Math.floor(options.nowMs / MS_PER_MINUTE)
  const outcome = rebalance({ ...builder, devices, nowMinutes, seed: options.seed })
  const { table, movedAtMinutes } = outcome
  const version = builder.version + 1
  return {
    kind: 'rebalanced',
    outcome,
    builder: { ...builder, devices, removedIds: new Set(), table, movedAtMinutes, version },
  }
}

/** Minutes until every partition may move again. */
export function minutesUntilMovable(builder: Builder, nowMs: number): number {
  let latest = 0
  for (const minutes of builder.movedAtMinutes) if (minutes > latest) latest = minutes
  return Math.max(0, latest + builder.minPartHours * 60 - Math.floor(nowMs / MS_PER_MINUTE))
}

/** The ring as the builder has placed it. A builder that was never rebalanced has none. */
export function ringOf(builder: Builder): Ring | undefined {
  if (builder.table.length === 0) return undefined
  const partitionCount = 2 ** builder.partPower
  const assignments: AssignmentRow[] = []
  for (let at = 0; at < builder.table.length; at += partitionCount) {
    assignments.push(builder.table.subarray(at, at + partitionCount))
  }
  const { partPower, nextPartPower, version, devices } = builder
  return new Ring({ partPower, nextPartPower, version, devices, assignments })
}

/** A builder that continues from a ring: every partition may move, removed devices stay holes. */
export function builderFromRing(ring: Ring, minPartHours: number): Builder {
  const length = ring.assignments.reduce((sum, row) => sum + row.length, 0)
  const table = ring.assignments[0] instanceof Uint32Array ? new Uint32Array(length) : new Uint16Array(length)
  for (const [replica, row] of ring.assignments.entries()) table.set(row, replica * ring.partitionCount)
  return {
    kind: 'builder',
    partPower: ring.partPower,
    nextPartPower: ring.nextPartPower,
    replicas: ring.replicaCount,
    minPartHours,
    overload: 0,
    version: ring.version ?? 0,
    devices: ring.devices,
    removedIds: new Set(),
    table,
    movedAtMinutes: new Uint32Array(ring.partitionCount),
  }
}

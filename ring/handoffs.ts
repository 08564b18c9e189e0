/**
 * Which devices stand in for the primaries of a partition, in exactly the order of OpenStack Swift
 * (`swift/common/ring/ring.py`, `Ring.get_more_nodes`): our proxies and Swift's, replicators included, must look for a
 * stray copy in the same places.
 *
 * The order is a walk over the ring's own table from a starting point that depends on the partition only. It is walked
 * four times: first for devices in regions that hold no replica yet, then zones, then hosts, then any device.
 */
import { hash } from 'node:crypto'
import type { RingDevice } from './device.ts'
import type { AssignmentRow, Ring } from './ring.ts'

/** Region, zone, host and the device itself: the tiers in which replicas should be apart, widest first. */
const TIER_COUNT = 4
/** At most about this many steps per walk of a large ring. */
const WALK_STEPS = 65_536

/** Per tier: the number of each device's tier by device id, and how many tiers hold any partition at all. */
export interface HandoffIndex {
  readonly tierOfDevice: readonly Int32Array[]
  readonly assignedTierCounts: readonly number[]
}

/** Looks through the ring once, so that a walk can stop as soon as nothing new can come. */
export function handoffIndexOf(ring: Ring): HandoffIndex {
  const assigned = assignedDeviceIds(ring)
  const numbers = Array.from({ length: TIER_COUNT }, () => new Map<string, number>())
  const tierOfDevice = Array.from({ length: TIER_COUNT }, () => new Int32Array(ring.devices.length).fill(-1))
  for (const device of ring.devices) {
    if (device === undefined || assigned[device.id] === 0) continue
    for (const [tier, name] of tierNames(device).entries()) {
      const known = numbers[tier] as Map<string, number>
      if (!known.has(name)) known.set(name, known.size)
      const column = tierOfDevice[tier] as Int32Array
      column[device.id] = known.get(name) as number
    }
  }
  return { tierOfDevice, assignedTierCounts: numbers.map((known) => known.size) }
}

function tierNames(device: RingDevice): readonly string[] {
  const zone = `${device.region} ${device.zone}`
  return [String(device.region), zone, `${zone} ${device.ip}`, String(device.id)]
}

function assignedDeviceIds(ring: Ring): Uint8Array {
  const assigned = new Uint8Array(ring.devices.length)
  for (const row of ring.assignments) for (const id of row) assigned[id] = 1
  return assigned
}

/** The stand-ins of a partition, one by one. */
export function* handoffsOf(ring: Ring, index: HandoffIndex, partition: number): Generator<RingDevice> {
  const seen = index.tierOfDevice.map(() => new Set<number>())
  for (const primary of ring.primaries(partition)) markSeen(seen, index, primary.id)
  for (let tier = 0; tier < TIER_COUNT; tier += 1) {
    const seenHere = seen[tier] as Set<number>
    const tierOfDevice = index.tierOfDevice[tier] as Int32Array
    const most = index.assignedTierCounts[tier] as number
    if (seenHere.size === most) continue
    for (const id of walk(ring, partition)) {
      if (seenHere.has(tierOfDevice[id] as number)) continue
      markSeen(seen, index, id)
      yield ring.devices[id] as RingDevice
      if (seenHere.size === most) break
    }
  }
}

function markSeen(seen: readonly Set<number>[], index: HandoffIndex, id: number): void {
  for (const [tier, column] of index.tierOfDevice.entries()) seen[tier]?.add(column[id] as number)
}

/** Device ids in the order of the walk. On wrapping round it takes the same odd step as Swift, partition 0 left out. */
function* walk(ring: Ring, partition: number): Generator<number> {
  const count = ring.partitionCount
  const start = ring.partitionOf(hash('md5', String(partition), 'hex'))
  const step = Math.floor(count / WALK_STEPS) || 1
  for (let at = start; at < count; at += step) yield* devicesAt(ring.assignments, at)
  for (let at = step - ((count - start) % step); at < start; at += step)
    yield* devicesAt(ring.assignments, at)
}

function* devicesAt(assignments: readonly AssignmentRow[], partition: number): Generator<number> {
  for (const row of assignments) if (partition < row.length) yield row[partition] as number
}

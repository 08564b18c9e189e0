/**
 * The builder file of OpenStack Swift (`swift.common.ring.builder`, `RingBuilder.to_dict`), a pickle, read into a builder
 * of ours that continues from it: devices with their weights, removals that wait for a rebalance, replicas, overload,
 * where everything is and when it last moved.
 */
import type { Builder } from './builder.ts'
import { deviceFromJson, type RingDevice } from './device.ts'
import { PickledArray, type PickleValue, parsePickle } from './pickle.ts'
import { type BrokenFile, broken } from './raw-ring.ts'
import type { AssignmentRow } from './ring.ts'

const SECONDS_PER_MINUTE = 60
const MINUTES_PER_HOUR = 60
/** Swift counts the hours since a move no further: "long ago". */
const HOURS_MAX = 0xff
/** As in `createBuilder`. */
const MAX_PART_POWER = 26
const MAX_ID_OF_TWO_BYTES = 0xffff

type Dictionary = ReadonlyMap<PickleValue, PickleValue>

/** Does the file begin as Swift's builder files do: a pickle of protocol 2? */
export function looksLikeSwiftBuilder(file: Buffer): boolean {
  return file[0] === 0x80
}

/** Reads a builder file of `swift-ring-builder`. */
export function parseSwiftBuilder(file: Buffer): Builder | BrokenFile {
  const pickle = parsePickle(file)
  if (pickle.kind === 'broken') return pickle
  const { value } = pickle
  if (!(value instanceof Map)) return broken('it is not a builder file of swift-ring-builder')
  return assemble(value as Dictionary)
}

const FIGURES = ['part_power', 'replicas', 'min_part_hours', 'version'] as const

function assemble(written: Dictionary): Builder | BrokenFile {
  for (const name of FIGURES)
    if (typeof written.get(name) !== 'number') return broken(`its ${name} is not a number`)
  const figure = (name: string): number => written.get(name) as number
  const partPower = figure('part_power')
  if (!Number.isInteger(partPower) || partPower < 0 || partPower > MAX_PART_POWER)
    return broken(`its part_power is ${partPower}`)
  const devices = readDevices(written.get('devs'))
  if ('kind' in devices) return devices
  const table = readTable(written.get('_replica2part2dev'), 2 ** partPower, devices)
  if ('kind' in table) return table
  const [nextPartPower, overload] = [written.get('next_part_power'), written.get('overload')]
  return {
    kind: 'builder',
    partPower,
    nextPartPower: typeof nextPartPower === 'number' ? nextPartPower : undefined,
    replicas: figure('replicas'),
    minPartHours: figure('min_part_hours'),
    overload: typeof overload === 'number' ? overload : 0,
    version: figure('version'),
    devices,
    removedIds: new Set(removedIds(written.get('_remove_devs'))),
    table,
    movedAtMinutes: readMoves(written, 2 ** partPower),
  }
}

function readDevices(value: PickleValue | undefined): (RingDevice | undefined)[] | BrokenFile {
  if (!Array.isArray(value)) return broken('it has no list of devices')
  const devices: (RingDevice | undefined)[] = []
  for (const [id, entry] of (value as readonly PickleValue[]).entries()) {
    const fields = entry instanceof Map ? (Object.fromEntries(entry) as unknown) : entry
    const device = fields === null ? undefined : deviceFromJson(fields, id)
    if (typeof device === 'string') return broken(device)
    devices.push(device)
  }
  return devices
}

function removedIds(value: PickleValue | undefined): readonly number[] {
  if (!Array.isArray(value)) return []
  return (value as readonly PickleValue[])
    .map((device) => (device instanceof Map ? (device as Dictionary).get('id') : undefined))
    .filter((id) => typeof id === 'number')
}

/** All rows in one; empty when nothing was ever placed. */
function readTable(
  value: PickleValue | undefined,
  partitions: number,
  devices: readonly (RingDevice | undefined)[],
): AssignmentRow | BrokenFile {
  if (value === null || value === undefined) return new Uint16Array(0)
  if (!Array.isArray(value)) return broken('its table is not a list')
  const rows = value as readonly PickleValue[]
  const whole: number[] = []
  for (const [replica, row] of rows.entries()) {
    if (!(row instanceof PickledArray)) return broken('its table has something else than rows')
    const isLast = replica === rows.length - 1
    if (row.items.length !== partitions && (!isLast || row.items.length > partitions))
      return broken(`replica ${replica} of its table has ${row.items.length} of ${partitions} partitions`)
    for (const id of row.items) {
      if (devices[id] === undefined) return broken(`device ${id} of its table is not in its list`)
      whole.push(id)
    }
  }
  return devices.length > MAX_ID_OF_TWO_BYTES ? Uint32Array.from(whole) : Uint16Array.from(whole)
}

/** Swift keeps whole hours before a point in time; ours are minutes since 1970, 0 for long ago. */
function readMoves(written: Dictionary, partitions: number): Uint32Array {
  const moved = new Uint32Array(partitions)
  const [epoch, hours] = [written.get('_last_part_moves_epoch'), written.get('_last_part_moves')]
  if (typeof epoch !== 'number' || epoch === 0) return moved
  // A builder that is being increased in part power has a plain list.
  const list = hours instanceof PickledArray ? hours.items : hours
  if (!Array.isArray(list)) return moved
  const epochMinutes = Math.floor(epoch / SECONDS_PER_MINUTE)
  for (const [partition, ago] of (list as readonly PickleValue[]).slice(0, partitions).entries()) {
    if (typeof ago !== 'number' || ago >= HOURS_MAX) continue
    moved[partition] = Math.max(0, epochMinutes - ago * MINUTES_PER_HOUR)
  }
  return moved
}

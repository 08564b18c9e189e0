/** Uneven clusters for comparing ring builders: the same devices every time, and more of them to add. */
import { completeDevice, deviceLabel, type NewDevice } from '#ring/device.ts'

export interface RingCase {
  readonly name: string
  readonly partPower: number
  readonly devices: number
  readonly shape: Shape
  /** Does it run with `--quick`? */
  readonly size: 'small' | 'large'
}

/** Where the device of a number stands and how large it is. */
type Shape = (number: number) => NewDevice

/** Devices added to the finished ring, as a part of those it has. */
const GROWTH = 0.01
const PORT = 6200
const DEVICES_PER_HOST = 24

/** Two regions, five zones of the same size, disks of 4 to 18 TB in equal numbers. */
const regular: Shape = (number) => {
  const zone = number % 5
  const host = Math.floor(number / 5 / DEVICES_PER_HOST)
  return {
    region: zone < 3 ? 1 : 2,
    zone,
    ip: `10.${zone}.${Math.floor(host / 250)}.${(host % 250) + 1}`,
    port: PORT,
    device: `d${number}`,
    weight: 4000 + ((number * 7) % 8) * 2000,
  }
}

/** Zones of three regions with their parts of the devices: a large site, a middling one and a small one. */
const UNEVEN_ZONES: readonly { readonly region: number; readonly zone: number; readonly share: number }[] = [
  { region: 1, zone: 1, share: 20 },
  { region: 1, zone: 2, share: 17 },
  { region: 1, zone: 3, share: 9 },
  { region: 2, zone: 1, share: 14 },
  { region: 2, zone: 2, share: 13 },
  { region: 2, zone: 3, share: 11 },
  { region: 3, zone: 1, share: 9 },
  { region: 3, zone: 2, share: 7 },
]
/** What disks of different years hold, GB. */
const ODD_SIZES: readonly number[] = [1863, 3726, 5589, 7452, 9314, 13_039, 16_764, 20_490]
/** Disks in one host of a zone: of one kind of chassis each. */
const CHASSIS: readonly number[] = [12, 24, 36, 60]

const uneven: Shape = (number) => {
  const total = UNEVEN_ZONES.reduce((sum, { share }) => sum + share, 0)
  let place = (number * 61) % total
  const at = UNEVEN_ZONES.findIndex(({ share }) => {
    place -= share
    return place < 0
  })
  const { region, zone } = UNEVEN_ZONES[at] as (typeof UNEVEN_ZONES)[number]
  const host = Math.floor(number / total / ((CHASSIS[at % CHASSIS.length] as number) / 12))
  return {
    region,
    zone,
    ip: `10.${region}${zone}.${Math.floor(host / 250)}.${(host % 250) + 1}`,
    port: PORT,
    device: `d${number}`,
    weight: ODD_SIZES[(number * 5 + host * 3) % ODD_SIZES.length] as number,
  }
}

export const RING_CASES: readonly RingCase[] = [
  { name: 'small', partPower: 12, devices: 200, shape: regular, size: 'small' },
  { name: 'small uneven', partPower: 13, devices: 300, shape: uneven, size: 'small' },
  { name: 'uneven', partPower: 16, devices: 2000, shape: uneven, size: 'large' },
  { name: 'large', partPower: 18, devices: 5000, shape: regular, size: 'large' },
  { name: 'largest', partPower: 20, devices: 10_000, shape: regular, size: 'large' },
]

/** The devices that the ring is made of. */
export function devicesOf({ devices, shape }: RingCase): NewDevice[] {
  return Array.from({ length: devices }, (_, number) => shape(number))
}

/** The devices that are added to it. */
export function moreDevicesOf({ devices, shape }: RingCase): NewDevice[] {
  return Array.from({ length: Math.ceil(devices * GROWTH) }, (_, at) => shape(devices + at))
}

/** A device as both commands take it: place and weight. */
export function argumentsOf(device: NewDevice): readonly [place: string, weight: string] {
  return [deviceLabel(completeDevice(device, 0)), String(device.weight)]
}

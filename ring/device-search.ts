/**
 * The short notation for devices of OpenStack Swift's tools, every part optional in a search:
 *
 *     d3                                          the device with id 3
 *     r1z2-10.0.0.1:6200R10.1.0.1:6300/sdb1_meta  region, zone, address, replication address, name, part of the meta
 *     z2   10.0.0.1   :6200   R10.1.0.1   /sdb1   _meta
 */
import type { NewDevice, RingDevice } from './device.ts'

/** What a device must have to be meant; `meta` is a part of its text. */
export type DeviceQuery = Partial<Omit<RingDevice, 'weight'>>

const HOST = /\[[^\]]+\]|[^:/_R[\]][^:/_R[\]]*/.source
const NOTATION = new RegExp(
  [
    /^(?:d(?<id>\d+))?(?:r(?<region>\d+))?(?:z(?<zone>\d+))?-?/.source,
    `(?<ip>${HOST})?(?::(?<port>\\d+))?`,
    `(?:R(?<replicationIp>${HOST})?(?::(?<replicationPort>\\d+))?)?`,
    '(?:/(?<device>[^_]*))?(?:_(?<meta>.*))?$',
  ].join(''),
)
const NUMBERS = new Set(['id', 'region', 'zone', 'port', 'replicationPort'])

/** Reads the notation; a bare number is an id. `undefined` when it is none or empty. */
export function parseDeviceQuery(text: string): DeviceQuery | undefined {
  if (/^\d+$/.test(text)) return { id: Number(text) }
  const groups = NOTATION.exec(text)?.groups
  if (groups === undefined) return undefined
  const entries = Object.entries(groups)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, NUMBERS.has(name) ? Number(value) : value.replace(/^\[(.*)\]$/, '$1')])
  return entries.length === 0 ? undefined : (Object.fromEntries(entries) as DeviceQuery)
}

/** The devices that have everything the query names, by id. */
export function searchDevices(
  devices: readonly (RingDevice | undefined)[],
  query: DeviceQuery,
): RingDevice[] {
  return devices.filter((device) => device !== undefined).filter((device) => matches(device, query))
}

function matches(device: RingDevice, { meta, ...query }: DeviceQuery): boolean {
  if (meta !== undefined && !device.meta.includes(meta)) return false
  return Object.entries(query).every(([name, value]) => device[name as keyof RingDevice] === value)
}

/** A device to add, in the same notation; region 1 unless it says otherwise. `undefined` when a part is missing. */
export function parseNewDevice(text: string, weight: number): NewDevice | undefined {
  const { id, region = 1, zone, ip, port, device, ...rest } = parseDeviceQuery(text) ?? {}
  if (
    id !== undefined ||
    zone === undefined ||
    ip === undefined ||
    port === undefined ||
    device === undefined
  ) {
    return undefined
  }
  return { region, zone, ip, port, device, weight, ...rest }
}

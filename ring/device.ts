/**
 * One device of a ring, and its form in ring files: the keys are OpenStack Swift's (`overview_ring.rst`, "List of
 * Devices"), ours are their camel-case twins.
 */

export interface RingDevice {
  /** Index into the ring's list of devices; never reused while the device is in the ring. */
  readonly id: number
  readonly region: number
  readonly zone: number
  /** Address or name of the host: what shares an ip within a zone fails together. */
  readonly ip: string
  readonly port: number
  readonly replicationIp: string
  readonly replicationPort: number
  /** Name of the directory below the devices' root, such as `sdb1`. */
  readonly device: string
  /** Share of the partitions, relative to the other devices. 0 drains the device. */
  readonly weight: number
  /** Free text of the operator. */
  readonly meta: string
}

/** What a new device must say; the rest has defaults. */
export type NewDevice = Pick<RingDevice, 'region' | 'zone' | 'ip' | 'port' | 'device' | 'weight'> &
  Partial<RingDevice>

/** The device with every default filled in: replication goes to the same address, no meta. */
export function completeDevice(device: NewDevice, id: number): RingDevice {
  return {
    id,
    region: device.region,
    zone: device.zone,
    ip: device.ip,
    port: device.port,
    replicationIp: device.replicationIp ?? device.ip,
    replicationPort: device.replicationPort ?? device.port,
    device: device.device,
    weight: device.weight,
    meta: device.meta ?? '',
  }
}

/** Reads a device of a ring file. Answers a sentence about what is wrong when it is none. */
export function deviceFromJson(value: unknown, id: number): RingDevice | string {
  if (typeof value !== 'object' || value === null) return `device ${id} is not an object`
  const field = value as Readonly<Record<string, unknown>>
  for (const name of ['zone', 'port', 'weight']) {
    if (typeof field[name] !== 'number') return `device ${id} has no numeric ${name}`
  }
  for (const name of ['ip', 'device']) {
    if (typeof field[name] !== 'string') return `device ${id} has no ${name}`
  }
  if (field['id'] !== undefined && field['id'] !== id) return `device ${id} says its id is ${field['id']}`
  return completeDevice(withDefaults(field), id)
}

/** Rings of before regions and replication addresses lack those keys; region 1 is Swift's default. */
function withDefaults(field: Readonly<Record<string, unknown>>): NewDevice {
  const { ip, port } = field as { ip: string; port: number }
  return {
    region: typeof field['region'] === 'number' ? field['region'] : 1,
    zone: field['zone'] as number,
    ip,
    port,
    replicationIp: typeof field['replication_ip'] === 'string' ? field['replication_ip'] : ip,
    replicationPort: typeof field['replication_port'] === 'number' ? field['replication_port'] : port,
    device: field['device'] as string,
    weight: field['weight'] as number,
    meta: typeof field['meta'] === 'string' ? field['meta'] : '',
  }
}

/** The device under Swift's keys, in their alphabetical order. */
export function deviceToJson(device: RingDevice): Record<string, string | number> {
  return {
    device: device.device,
    id: device.id,
    ip: device.ip,
    meta: device.meta,
    port: device.port,
    region: device.region,
    replication_ip: device.replicationIp,
    replication_port: device.replicationPort,
    weight: device.weight,
    zone: device.zone,
  }
}

/** `r1z2-10.0.0.1:6200/sdb1`, the short name of a device in Swift's tools. */
export function deviceLabel(device: RingDevice): string {
  return `r${device.region}z${device.zone}-${hostAndPort(device.ip, device.port)}/${device.device}`
}

/** `10.0.0.1:6200` or `[fe80::1]:6200`. */
export function hostAndPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

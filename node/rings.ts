/**
 * The rings of a cluster: one for accounts, one for containers, one for the objects of each storage policy, in files
 * named as Swift names them. Here the rings of a cluster on one machine are made, and any cluster's are read.
 */
import { join } from 'node:path'
import { policyString, type StoragePolicies } from '#backend/policies.ts'
import type { Disk } from '#base/environment.ts'
import type { NewDevice } from '#ring/device.ts'
import { Ring } from '#ring/ring.ts'
import { parseRing, serialiseRing } from '#ring/ring-file.ts'
import { buildSimpleRing } from '#ring/simple-ring.ts'
import { readIfThere, writeDurably } from './durable-file.ts'

/** Partitions of a cluster on one machine are 2 ** this: enough to spread evenly, small enough to make in no time. */
const PART_POWER = 10
const WEIGHT = 100
const HOST = '127.0.0.1'

export type ServerType = 'account' | 'container' | 'object'
/** Ports of one device's three servers. */
export type DevicePorts = Readonly<Record<ServerType, number>>

/** `account`, `container`, `object`, `object-1`… with the type of server each belongs to. */
export function ringNames(
  policies: StoragePolicies,
): readonly { readonly name: string; readonly type: ServerType }[] {
  const objects = policies.all.map(({ index }) => ({
    name: policyString('object', index),
    type: 'object' as const,
  }))
  return [{ name: 'account', type: 'account' }, { name: 'container', type: 'container' }, ...objects]
}

/** Where the file of a ring is. */
export function ringFile(ringsPath: string, name: string): string {
  return join(ringsPath, `${name}.ring.gz`)
}

/** The ring in a file; a sentence when there is none or it is broken. */
export async function readRing(disk: Disk, path: string): Promise<Ring | { readonly broken: string }> {
  const bytes = await readIfThere(disk, path)
  if (bytes === undefined) return { broken: `there is no ring file ${path}` }
  const parsed = parseRing(bytes)
  return parsed.kind === 'ring' ? parsed.ring : { broken: `${path} is not a ring file: ${parsed.reason}` }
}

/** A ring over devices of this machine, each in a zone of its own. */
export function singleMachineRing(
  devices: readonly string[],
  ports: readonly number[],
  replicas: number,
): Ring {
  const members = devices.map((device, index): NewDevice => {
    return { region: 1, zone: index + 1, ip: HOST, port: ports[index] ?? 0, device, weight: WEIGHT }
  })
  return buildSimpleRing({
    devices: members,
    partPower: PART_POWER,
    replicas: Math.min(replicas, devices.length),
  })
}

/** The same ring, its next version, with the devices at other ports; `ports` by device name. */
export function withPorts(ring: Ring, ports: ReadonlyMap<string, number>): Ring {
  const devices = ring.devices.map((device) => {
    const port = device === undefined ? undefined : ports.get(device.device)
    return device === undefined || port === undefined ? device : { ...device, port, replicationPort: port }
  })
  const { partPower, nextPartPower, assignments } = ring
  const version = ring.version === undefined ? undefined : ring.version + 1
  return new Ring({ partPower, nextPartPower, version, devices, assignments })
}

/** Durable when resolved. */
export async function writeRing(disk: Disk, path: string, ring: Ring): Promise<void> {
  await writeDurably(disk, path, serialiseRing(ring))
}

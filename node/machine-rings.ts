/**
 * The rings of a cluster on one machine. They are made at the first start and kept; a later start gives a policy that was
 * added a ring of its own, and a device whose port another program took a new port.
 */
import type { StoragePolicies } from '#backend/policies.ts'
import type { Disk } from '#base/environment.ts'
import type { RingDevice } from '#ring/device.ts'
import type { Ring } from '#ring/ring.ts'
import { previousPath } from '#ring/ring-store.ts'
import { isFreePort, pickFreePorts } from './ports.ts'
import {
  readRing,
  ringFile,
  ringNames,
  type ServerType,
  singleMachineRing,
  withPorts,
  writeRing,
} from './rings.ts'

export interface MachineRingsOptions {
  readonly disk: Disk
  readonly ringsPath: string
  readonly policies: StoragePolicies
  /** For a cluster that has no rings yet. */
  readonly devices: readonly string[]
  readonly replicas: number
  /** Where the search for free ports begins. */
  readonly firstPort: number
}

/** Ports by server type, then by device. */
type PortTable = Record<ServerType, Map<string, number>>

export interface MachineRings {
  /** Names of the devices, in the order of their ids. */
  readonly devices: readonly string[]
}

const HOST = '127.0.0.1'
const SERVER_TYPES: readonly ServerType[] = ['account', 'container', 'object']

/** Are the ports of the rings believed to be free, or are they looked at? Looking may meet a server that is just ending. */
export type PortTrust = 'believe' | 'look'

/**
 * Reads the rings, makes those that are missing, and, when it looks, moves every server whose port somebody else has.
 * What changed is durable when the promise resolves. Answers a sentence when a ring cannot be used.
 */
export async function prepareMachineRings(
  options: MachineRingsOptions,
  trust: PortTrust,
): Promise<MachineRings | { readonly broken: string }> {
  const known = await readKnown(options)
  if ('broken' in known) return known
  const devices = devicesOf(known, options.devices)
  const ports = await choosePorts(options, known, devices, trust)
  for (const { name, type } of ringNames(options.policies)) {
    const old = known.get(name)
    const numbers = devices.map((device) => ports[type].get(device) ?? 0)
    const ring =
      old === undefined ? singleMachineRing(devices, numbers, options.replicas) : withPorts(old, ports[type])
    if (old !== undefined && !differ(old, ring)) continue
    const path = ringFile(options.ringsPath, name)
    await movePrevious(options.disk, previousPath(path), ports[type])
    await writeRing(options.disk, path, ring)
  }
  return { devices }
}

/** What the ring before named is now at the new ports, too. */
async function movePrevious(disk: Disk, path: string, ports: ReadonlyMap<string, number>): Promise<void> {
  const previous = await readRing(disk, path)
  if (!('broken' in previous)) await writeRing(disk, path, withPorts(previous, ports))
}

/** The rings there are, by name. */
async function readKnown(
  options: MachineRingsOptions,
): Promise<ReadonlyMap<string, Ring> | { readonly broken: string }> {
  const entries = await options.disk.readdir(options.ringsPath)
  const known = new Map<string, Ring>()
  for (const { name } of ringNames(options.policies)) {
    if (!entries.includes(`${name}.ring.gz`)) continue
    const ring = await readRing(options.disk, ringFile(options.ringsPath, name))
    if ('broken' in ring) return ring
    known.set(name, ring)
  }
  return known
}

function devicesOf(known: ReadonlyMap<string, Ring>, wanted: readonly string[]): readonly string[] {
  const [ring] = known.values()
  return ring === undefined ? wanted : presentDevices(ring).map(({ device }) => device)
}

/** What every server already has, and free ports for the rest. */
async function choosePorts(
  options: MachineRingsOptions,
  known: ReadonlyMap<string, Ring>,
  devices: readonly string[],
  trust: PortTrust,
): Promise<PortTable> {
  const table: PortTable = { account: new Map(), container: new Map(), object: new Map() }
  for (const type of SERVER_TYPES) {
    const ring = known.get(type)
    for (const { device, port } of ring === undefined ? [] : presentDevices(ring)) {
      if (trust === 'believe' || (await isFreePort(HOST, port))) table[type].set(device, port)
    }
  }
  const places = devices.flatMap((device) => SERVER_TYPES.map((type) => ({ device, type })))
  const missing = places.filter(({ device, type }) => !table[type].has(device))
  if (missing.length === 0) return table
  const kept = SERVER_TYPES.flatMap((type) => [...table[type].values()])
  const free = await pickFreePorts({
    host: HOST,
    first: options.firstPort,
    count: missing.length,
    avoid: new Set(kept),
  })
  for (const [index, { device, type }] of missing.entries()) table[type].set(device, free[index] ?? 0)
  return table
}

function presentDevices(ring: Ring): readonly RingDevice[] {
  return ring.devices.filter((device) => device !== undefined)
}

function differ(left: Ring, right: Ring): boolean {
  return left.devices.some((device, id) => device?.port !== right.devices[id]?.port)
}

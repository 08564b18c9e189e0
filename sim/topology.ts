/** Where everything is in a simulated cluster, and its rings. */
import { join } from 'node:path'
import { parsePolicies, type StoragePolicies } from '#backend/policies.ts'
import type { Disk } from '#base/environment.ts'
import type { HashPathSalt, ResourceName } from '#base/names.ts'
import { writeDurably } from '#node/durable-file.ts'
import {
  addDevices,
  type Builder,
  changeDevices,
  createBuilder,
  pretendMinPartHoursPassed,
  type Refusal,
  rebalanced,
  removeDevices,
  ringOf,
} from '#ring/builder.ts'
import type { Ring } from '#ring/ring.ts'
import { serialiseRing } from '#ring/ring-file.ts'

export const SALT: HashPathSalt = { prefix: 'simulated', suffix: 'cluster' }
export const RINGS_PATH = '/etc/rings'
export const DEVICES_PATH = '/srv/node'
export const PORTS = { account: 6202, container: 6201, object: 6200 } as const
export const REPLICAS = 3
/** Few partitions, so that some have several objects, and every device has its share of them. */
const PART_POWER = 6

export type ServerKind = keyof typeof PORTS
export const KINDS: readonly ServerKind[] = ['account', 'container', 'object']
/** Each storage policy has a ring of its own; they are not alike. */
export type RingName = 'account' | 'container' | 'object' | 'object-1'
export type Rings = Readonly<Record<RingName, Ring>>
const RING_NAMES: readonly RingName[] = ['account', 'container', 'object', 'object-1']
export const POLICY_INDEXES: readonly number[] = [0, 1]
export const POLICIES = parsePolicies([
  { index: 0, name: 'gold', default: true },
  { index: 1, name: 'silver' },
]) as StoragePolicies
/** Containers of the second policy; all others have the first. */
const SILVER_CONTAINERS: ReadonlySet<string> = new Set(['c2'])

/** Address of a storage node; nodes count from 0. */
export function nodeHost(node: number): string {
  return `10.0.0.${node + 1}`
}

/** Name of a node's one device. */
export function deviceName(node: number): string {
  return `d${node + 1}`
}

/** Directory of a node's device. */
export function devicePath(node: number): string {
  return `${DEVICES_PATH}/${deviceName(node)}`
}

/** The storage policy of the lasting containers. */
export function policyOf({ container }: ResourceName): number {
  return SILVER_CONTAINERS.has(container ?? '') ? 1 : 0
}

/** The ring that says where a name is. */
export function ringNameOf(kind: ServerKind, name: ResourceName): RingName {
  return kind === 'object' && policyOf(name) === 1 ? 'object-1' : kind
}

/** Address of a proxy, at which it hears of the others' changes. */
export function proxyHost(proxy: number): string {
  return `10.1.0.${proxy + 1}`
}

export const PROXY_PORT = 6300
/** At which the proxies decide together (`store/desk/`). */
export const DESK_PORT = 6301

/** The rings as they are now, and the next ones. */
export class RingBuilders {
  #builders: Readonly<Record<RingName, Builder>>

  /** Rings over the first `nodes` nodes. */
  constructor(nodes: number) {
    this.#builders = eachRing((name) => {
      const empty = accepted(createBuilder({ partPower: PART_POWER, replicas: REPLICAS, minPartHours: 0 }))
      const devices = Array.from({ length: nodes }, (_, node) => deviceOf(node, name))
      return balanced(accepted(addDevices(empty, devices)), name)
    })
  }

  rings(): Rings {
    return eachRing((name) => ringOf(this.#builders[name]) as Ring)
  }

  /** One more node takes its share. */
  add(node: number): void {
    this.#change((builder, name) => accepted(addDevices(builder, [deviceOf(node, name)])))
  }

  /** A node is to be emptied: it stays in the ring without any partition. */
  drain(node: number): void {
    this.#change((builder) => accepted(changeDevices(builder, [node], { weight: 0 })))
  }

  /** A node is gone for good. */
  remove(node: number): void {
    this.#change((builder) => accepted(removeDevices(builder, [node])))
  }

  #change(changed: (builder: Builder, name: RingName) => Builder): void {
    const builders = this.#builders
    this.#builders = eachRing((name) =>
      balanced(pretendMinPartHoursPassed(changed(builders[name], name)), name),
    )
  }
}

function eachRing<Value>(make: (name: RingName) => Value): Readonly<Record<RingName, Value>> {
  const made = RING_NAMES.map((name) => [name, make(name)] as const)
  return Object.fromEntries(made) as Record<RingName, Value>
}

/** Puts the ring files on a machine, as an operator does. Durable when resolved. */
export async function writeRings(disk: Disk, rings: Rings): Promise<void> {
  await disk.mkdir(RINGS_PATH, { recursive: true })
  for (const name of RING_NAMES) {
    await writeDurably(disk, join(RINGS_PATH, `${name}.ring.gz`), ringFileOf(rings[name]))
  }
  for (const directory of ['/etc', '/']) await disk.syncDirectory(directory)
}

const ringFiles = new WeakMap<Ring, Buffer>()

/** All machines are brought the same files. */
function ringFileOf(ring: Ring): Buffer {
  const known = ringFiles.get(ring)
  if (known !== undefined) return known
  const file = serialiseRing(ring)
  ringFiles.set(ring, file)
  return file
}

function deviceOf(node: number, name: RingName) {
  const port = name === 'object-1' ? PORTS.object : PORTS[name]
  const place = { region: 1, zone: node + 1, ip: nodeHost(node), port }
  return { ...place, device: deviceName(node), weight: 100 }
}

function balanced(builder: Builder, name: RingName): Builder {
  return accepted(rebalanced(builder, { seed: `simulation ${name}`, nowMs: 0 })).builder
}

function accepted<Value extends { readonly kind: string }>(result: Value | Refusal): Exclude<Value, Refusal> {
  if (result.kind === 'refused') throw new RangeError((result as Refusal).reason)
  return result as Exclude<Value, Refusal>
}

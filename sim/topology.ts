/** Where everything is in a simulated cluster, and its rings. */
import { join } from 'node:path'
import type { Disk } from '#base/environment.ts'
import type { HashPathSalt } from '#base/names.ts'
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
/** Few partitions, so that each has several objects, and every device its share of them. */
const PART_POWER = 4

export type ServerKind = keyof typeof PORTS
export const KINDS: readonly ServerKind[] = ['account', 'container', 'object']
export type Rings = Readonly<Record<ServerKind, Ring>>

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

/** Address of a proxy, at which it hears of the others' changes. */
export function proxyHost(proxy: number): string {
  return `10.1.0.${proxy + 1}`
}

export const PROXY_PORT = 6300

/** The rings as they are now, and the next ones. */
export class RingBuilders {
  #builders: Readonly<Record<ServerKind, Builder>>

  /** Rings over the first `nodes` nodes. */
  constructor(nodes: number) {
    const made = (kind: ServerKind): Builder => {
      const empty = accepted(createBuilder({ partPower: PART_POWER, replicas: REPLICAS, minPartHours: 0 }))
      const devices = Array.from({ length: nodes }, (_, node) => deviceOf(node, kind))
      return balanced(accepted(addDevices(empty, devices)))
    }
    this.#builders = { account: made('account'), container: made('container'), object: made('object') }
  }

  rings(): Rings {
    const ring = (kind: ServerKind): Ring => ringOf(this.#builders[kind]) as Ring
    return { account: ring('account'), container: ring('container'), object: ring('object') }
  }

  /** One more node takes its share. */
  add(node: number): void {
    this.#change((builder, kind) => accepted(addDevices(builder, [deviceOf(node, kind)])))
  }

  /** A node is to be emptied: it stays in the ring without any partition. */
  drain(node: number): void {
    this.#change((builder) => accepted(changeDevices(builder, [node], { weight: 0 })))
  }

  /** A node is gone for good. */
  remove(node: number): void {
    this.#change((builder) => accepted(removeDevices(builder, [node])))
  }

  #change(changed: (builder: Builder, kind: ServerKind) => Builder): void {
    const next = (kind: ServerKind): Builder =>
      balanced(pretendMinPartHoursPassed(changed(this.#builders[kind], kind)))
    this.#builders = { account: next('account'), container: next('container'), object: next('object') }
  }
}

/** Puts the ring files on a machine, as an operator does. Durable when resolved. */
export async function writeRings(disk: Disk, rings: Rings): Promise<void> {
  await disk.mkdir(RINGS_PATH, { recursive: true })
  for (const kind of KINDS) {
    await writeDurably(disk, join(RINGS_PATH, `${kind}.ring.gz`), serialiseRing(rings[kind]))
  }
  for (const directory of ['/etc', '/']) await disk.syncDirectory(directory)
}

function deviceOf(node: number, kind: ServerKind) {
  const place = { region: 1, zone: node + 1, ip: nodeHost(node), port: PORTS[kind] }
  return { ...place, device: deviceName(node), weight: 100 }
}

function balanced(builder: Builder): Builder {
  return accepted(rebalanced(builder, { seed: 'simulation', nowMs: 0 })).builder
}

function accepted<Value extends { readonly kind: string }>(result: Value | Refusal): Exclude<Value, Refusal> {
  if (result.kind === 'refused') throw new RangeError((result as Refusal).reason)
  return result as Exclude<Value, Refusal>
}

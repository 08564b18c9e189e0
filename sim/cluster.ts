/** A whole cluster in this process on virtual time: nodes, proxies, network, and what its clients were told. */
import type { Logger } from '#base/log.ts'
import { hashName, type ResourceName } from '#base/names.ts'
import { SeededRandom, VirtualClock } from '#base/virtual-clock.ts'
import type { Request, Response } from '#http/message.ts'
import type { Endpoint } from '#http/transport.ts'
import type { RingDevice } from '#ring/device.ts'
import { SKEW_MS } from './clocks.ts'
import { EventLog } from './event-log.ts'
import { type Attempt, History } from './history.ts'
import { Machine, type StorageLayer } from './machine.ts'
import { Network } from './network.ts'
import { ProxyNode } from './proxy-node.ts'
import { StorageNode, settingsWithout } from './storage-node.ts'
import {
  nodeHost,
  proxyHost,
  RingBuilders,
  type Rings,
  ringNameOf,
  SALT,
  type ServerKind,
  writeRings,
} from './topology.ts'
import { WireWatch } from './wire-watch.ts'

export interface ClusterOptions {
  readonly seed: number
  /** Storage nodes with a machine; the rings begin with `ringNodes` of them. */
  readonly nodes: number
  readonly ringNodes: number
  readonly proxies: number
  readonly log: Logger
  readonly layer: StorageLayer
  /** Workers that are not run. */
  readonly workersOff: readonly string[]
}

export class Cluster {
  readonly world = new VirtualClock({ settles: 'promises' })
  readonly events: EventLog
  readonly history = new History()
  /** Attempts whose receipts said that a majority of the containers have the row. */
  readonly listed = new Set<Attempt>()
  readonly network: Network
  readonly nodes: readonly StorageNode[]
  readonly proxies: readonly ProxyNode[]
  readonly builders: RingBuilders
  /** So much apart from the world's time a storage node's clock may be or have been; milliseconds. */
  wrongClocksMs = 0
  #rings: Rings
  readonly #allRings: Rings[]
  readonly #watch = new WireWatch(this.history)
  readonly #onSent: ((request: Request) => void)[] = []
  readonly #seed: number
  #streams = 0

  private constructor(options: ClusterOptions) {
    this.#seed = options.seed
    this.events = new EventLog(() => this.world.monotonicMs())
    this.builders = new RingBuilders(options.ringNodes)
    this.#rings = this.builders.rings()
    this.#allRings = [this.#rings]
    this.network = new Network({
      clock: this.world,
      random: this.random(),
      wire: {
        sent: (source, target, request) => this.#sent(source, target, request),
        answered: (target, request, response) => this.#answered(target, request, response),
      },
    })
    const skews = this.random()
    const machine = (name: string): Machine =>
      new Machine({ name, world: this.world, random: this.random(), layer: options.layer })
    const { network } = this
    const note = (event: string): void => this.events.add(event)
    const { log, proxies } = options
    const settings = settingsWithout(options.workersOff)
    this.nodes = Array.from({ length: options.nodes }, (_, node) => {
      return new StorageNode({ node, machine: machine(nodeHost(node)), network, log, settings, note })
    })
    this.proxies = Array.from({ length: proxies }, (_, proxy) => {
      const rules = { objectReads: proxy === 0 ? 'nearest' : 'confirmed' } as const
      return new ProxyNode({
        proxy,
        proxies,
        machine: machine(proxyHost(proxy)),
        network,
        log,
        settings,
        rules,
        note,
      })
    })
    for (const { machine } of this.proxies) machine.skewMs = skews.below(2 * SKEW_MS) - SKEW_MS
    for (const { machine } of this.nodes) machine.skewMs = skews.below(SKEW_MS / 2) - SKEW_MS / 4
  }

  /** All nodes of the ring and all proxies are up. */
  static async start(options: ClusterOptions): Promise<Cluster> {
    const cluster = new Cluster(options)
    await cluster.until(
      Promise.all([
        ...cluster.nodes
          .slice(0, options.ringNodes)
          .map((node) => cluster.install(node, 'part_of_new_cluster')),
        ...cluster.proxies.map(async (proxy) => {
          await writeRings(proxy.machine.disk.remount(), cluster.rings)
          await proxy.start()
        }),
      ]),
      60_000,
    )
    return cluster
  }

  get rings(): Rings {
    return this.#rings
  }

  /** A stream of chance of its own: what one part draws does not change what another gets. */
  random(): SeededRandom {
    this.#streams += 1
    return new SeededRandom(
      (Math.imul(this.#seed, 0x9e37_79b1) ^ Math.imul(this.#streams, 0x85eb_ca6b)) >>> 0,
    )
  }

  /** Milliseconds since the start of the run. */
  nowMs(): number {
    return this.world.monotonicMs()
  }

  /** The world's time, and what any clock may say of this moment besides what proxies' clocks do. Wall clock, milliseconds. */
  clocks(): { readonly earliestMs: number; readonly latestMs: number } {
    const wallMs = this.world.wallMs()
    return { earliestMs: wallMs - this.wrongClocksMs, latestMs: wallMs + this.wrongClocksMs }
  }

  /** `look` is shown every request as it leaves its sender. */
  onSent(look: (request: Request) => void): void {
    this.#onSent.push(look)
  }

  /** Puts rings and a device on the machine of a node, and starts it. */
  async install(node: StorageNode, newDevice: 'part_of_new_cluster' | 'may_have_held_data'): Promise<void> {
    await node.prepareDevice()
    await writeRings(node.machine.disk.remount(), this.rings)
    await node.start(newDevice)
  }

  /** The rings that the builders have now; each machine gets them when the operator comes to it. */
  takeNewRings(): Rings {
    this.#rings = this.builders.rings()
    this.#allRings.push(this.#rings)
    return this.#rings
  }

  /** Lets time pass until the promise is settled; rejects with it, or when it takes more than `limitMs`. */
  async until<Value>(promise: Promise<Value>, limitMs: number): Promise<Value> {
    const endMs = this.nowMs() + limitMs
    let isSettled = false
    const settled = (): void => {
      isSettled = true
    }
    promise.then(settled, settled)
    const isOver = (): boolean => {
      if (this.nowMs() > endMs && !isSettled) throw new Error(`not over after ${limitMs} ms of virtual time`)
      return isSettled
    }
    if (!(await this.world.passUntil(isOver))) throw new Error('nothing goes on, and it is not over')
    return await promise
  }

  /** The devices that are to hold a name, by the present ring. */
  primaries(kind: ServerKind, name: ResourceName): readonly RingDevice[] {
    const ring = this.#rings[ringNameOf(kind, name)]
    return ring.primaries(ring.partitionOf(hashName(name, SALT)))
  }

  /** Has every ring there was given the name to this host? Only then it never gave it up to others. */
  alwaysHeldBy(host: string, kind: ServerKind, name: ResourceName): boolean {
    return this.#allRings.every((rings) => {
      const ring = rings[ringNameOf(kind, name)]
      return ring.primaries(ring.partitionOf(hashName(name, SALT))).some(({ ip }) => ip === host)
    })
  }

  /** The storage node at an address. */
  nodeAt(host: string): StorageNode {
    const found = this.nodes.find((node) => node.host === host)
    if (found === undefined) throw new Error(`no node at ${host}`)
    return found
  }

  #sent(source: string, target: Endpoint, request: Request): void {
    const { method, path, headers } = request
    this.events.add(
      `${source} > ${target.host}:${target.port} ${method} ${path} ${headers['x-trans-id'] ?? ''}`,
    )
    this.#watch.sent(target, request, this.nowMs())
    for (const look of this.#onSent) look(request)
  }

  #answered(target: Endpoint, request: Request, response: Response): void {
    const { method, path, headers } = request
    this.events.add(
      `${target.host}:${target.port} ${response.status} ${method} ${path} ${headers['x-trans-id'] ?? ''} ${headers['x-timestamp'] ?? ''}`,
    )
    this.#watch.answered(target, request, response)
  }
}

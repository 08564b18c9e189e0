/** For tests: hosts with one device each, their rings on disks in memory, joined by a network in memory. */
import type { Environment } from '#base/environment.ts'
import { silentLogger } from '#base/log.ts'
import { SeededRandom, VirtualClock } from '#base/virtual-clock.ts'
import { MemoryDisk } from '#disk/memory-disk.ts'
import { MemoryTransport } from '#http/memory-transport.ts'
import {
  addDevices,
  type Builder,
  createBuilder,
  type Rebalanced,
  rebalanced,
  ringOf,
} from '#ring/builder.ts'
import type { Ring } from '#ring/ring.ts'
import { RingDirectory } from '#ring/ring-directory.ts'
import { serialiseRing } from '#ring/ring-file.ts'
import { replaceRingFile } from '#ring/ring-store.ts'
import { RingCatchUp } from './ring-catch-up.ts'
import { RingClient } from './ring-client.ts'
import { type RingReport, ringDistribution } from './ring-distribution.ts'

export const SECRET = Buffer.from('the secret of the cluster')
const RINGS = '/rings'
const NAMES = ['account', 'container', 'object'] as const
const PORTS = { account: 6202, container: 6201, object: 6200 } as const

export interface RingHost {
  readonly ip: string
  readonly rings: RingDirectory
  readonly catchUp: RingCatchUp
  settled: boolean
  /** Its processes are gone. */
  stop(): void
  start(): void
}

export class RingHosts {
  readonly clock = new VirtualClock()
  readonly network = new MemoryTransport({ clock: this.clock, log: silentLogger })
  readonly client: RingClient
  readonly all: RingHost[] = []
  /** The builder of the object ring that all hosts start with. */
  readonly builder: Builder
  readonly #random = new SeededRandom(7)

  private constructor(builder: Builder) {
    this.builder = builder
    this.client = new RingClient(this.network, SECRET)
  }

  static async start(count: number): Promise<RingHosts> {
    const hosts = new RingHosts(builderOf('object', count))
    for (let at = 1; at <= count; at += 1) hosts.all.push(await hosts.#startHost(`10.0.0.${at}`, count))
    return hosts
  }

  /** Versions of the object ring in use, by host. */
  versions(): readonly (number | undefined)[] {
    return this.all.map(({ rings }) => rings.object(0)?.ring.version)
  }

  close(): void {
    for (const host of this.all) host.rings.close()
  }

  async #startHost(ip: string, count: number): Promise<RingHost> {
    const memory = new MemoryDisk({ wallMs: () => this.clock.wallMs() })
    const disk = memory.remount()
    await disk.mkdir(RINGS)
    const environment: Pick<Environment, 'clock' | 'disk' | 'random'> = {
      clock: this.clock,
      disk,
      random: this.#random,
    }
    for (const name of NAMES)
      await replaceRingFile(environment, `${RINGS}/${name}.ring.gz`, fileOf(builderOf(name, count)))
    const rings = await RingDirectory.open({
      environment,
      log: silentLogger,
      directory: RINGS,
      policies: [0],
    })
    if (!(rings instanceof RingDirectory)) throw new Error(rings.reason)
    const isSettled = (): boolean => host.settled
    const parts = { rings, random: this.#random, log: silentLogger, isSettled }
    const handler = ringDistribution({ ...parts, disk, secret: SECRET })
    const catchUp = new RingCatchUp({ ...parts, client: this.client, isOwn: ({ host: one }) => one === ip })
    const place = { host: ip, port: PORTS.account }
    const host: RingHost = {
      ip,
      rings,
      catchUp,
      settled: false,
      stop: () => this.network.unregister(place),
      start: () => this.network.register(place, handler),
    }
    host.start()
    return host
  }
}

/** A ring of hosts with one device each. */
function builderOf(name: (typeof NAMES)[number], count: number): Builder {
  const devices = Array.from({ length: count }, (_, at) => {
    return { region: 1, zone: at, ip: `10.0.0.${at + 1}`, port: PORTS[name], device: 'd1', weight: 100 }
  })
  const empty = createBuilder({ partPower: 4, replicas: 2, minPartHours: 0 }) as Builder
  return (rebalanced(addDevices(empty, devices) as Builder, { seed: '1', nowMs: 0 }) as Rebalanced).builder
}

/** The file of the ring as the builder has it. */
export function fileOf(builder: Builder): Buffer {
  return serialiseRing(ringOf(builder) as Ring)
}

/** The same builder after another rebalance. */
export function nextOf(builder: Builder, seed = '2'): Builder {
  return (rebalanced(builder, { seed, nowMs: 0 }) as Rebalanced).builder
}

/** What a process reports of a ring, with some of it changed. */
export function reportedRing(changes: Partial<RingReport> = {}): RingReport {
  return {
    name: 'object',
    version: 1,
    partPower: 4,
    nextPartPower: null,
    digest: 'a'.repeat(64),
    changedAtMs: 1,
    previousVersion: null,
    settled: false,
    ...changes,
  }
}

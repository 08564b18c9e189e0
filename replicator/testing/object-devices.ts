/**
 * Object servers with their replicators over disks and indexes in memory, joined by a network in memory, on virtual time:
 * devices that are killed, lose power, are wiped, are away, and rings that change.
 */

import { parsePolicies, type StoragePolicies } from '#backend/policies.ts'
import { silentLogger } from '#base/log.ts'
import { hashPath } from '#base/names.ts'
import type { Timestamp } from '#base/timestamp.ts'
import { SeededRandom, VirtualClock } from '#base/virtual-clock.ts'
import { MemoryDisk } from '#disk/memory-disk.ts'
import { MemoryTransport } from '#http/memory-transport.ts'
import { bufferBody, type Response } from '#http/message.ts'
import { MemoryKv } from '#kv/memory-kv.ts'
import type { UpdateTarget } from '#object-server/container-update.ts'
import type { ObjectEngine } from '#object-server/engine.ts'
import { bodyOf, putObject } from '#object-server/engine-contract.ts'
import { type ObjectService, openObjectService } from '#object-server/main.ts'
import { comparedText } from '#object-server/object-state.ts'
import type { ReplicaAccess } from '#object-server/replica-access.ts'
import type { PeerAddress } from '#object-server/replication/messages.ts'
import type { Ring } from '#ring/ring.ts'
import { buildSimpleRing } from '#ring/simple-ring.ts'
import type { PassReport } from '#worker/contract.ts'
import { createObjectReplicator, type ObjectReplicator } from '../objects-worker.ts'
import { RepairQueue } from '../repair-queue.ts'

export const HOST = '10.0.0.1'
const FIRST_PORT = 6200
const DEVICES_PATH = '/srv/node'
const SALT = { prefix: 'test', suffix: 'replication' }
export const PART_POWER = 4
export const DAY_MS = 86_400_000
const WEIGHT = 100

const POLICIES = parsePolicies([{ index: 0, name: 'gold', default: true }]) as StoragePolicies

export interface RunningDevice {
  readonly service: ObjectService
  readonly replicator: ObjectReplicator
  readonly repairs: RepairQueue
}

/** One machine: what survives its process. */
export class Machine {
  readonly name: string
  readonly port: number
  disk = new MemoryDisk()
  kv = new MemoryKv()
  running: RunningDevice | undefined

  constructor(name: string, port: number) {
    this.name = name
    this.port = port
  }
}

export interface ObjectDevicesOptions {
  readonly devices?: number
  readonly replicas?: number
  readonly settleMs?: number
  readonly reclaimAgeSeconds?: number
}

export class ObjectDevices {
  readonly clock = new VirtualClock()
  readonly network = new MemoryTransport({ clock: this.clock, log: silentLogger })
  readonly machines: readonly Machine[]
  readonly #settleMs: number | undefined
  readonly #reclaimAgeSeconds: number | undefined
  ring: Ring
  previous: Ring | undefined
  /** Who is told rows that name nobody. */
  containers: readonly UpdateTarget[] = []

  private constructor(options: ObjectDevicesOptions) {
    const { devices: count = 4, replicas = 3, settleMs, reclaimAgeSeconds } = options
    this.#settleMs = settleMs
    this.#reclaimAgeSeconds = reclaimAgeSeconds
    this.machines = Array.from({ length: count }, (_, at) => new Machine(`d${at + 1}`, FIRST_PORT + at))
    this.ring = this.ringOver(
      this.machines.map(({ name }) => name),
      replicas,
    )
  }

  /** All devices run and are part of a new cluster. */
  static async start(options: ObjectDevicesOptions = {}): Promise<ObjectDevices> {
    const devices = new ObjectDevices(options)
    for (const machine of devices.machines) await devices.open(machine, 'part_of_new_cluster')
    return devices
  }

  /** A ring over all devices, one of which is to be emptied. */
  ringDrained(drained: string): Ring {
    const names = this.machines.map(({ name }) => name)
    return this.ringOver(names, 3, (name) => (name === drained ? 0 : WEIGHT))
  }

  /** A ring over the devices of these names. */
  ringOver(
    names: readonly string[],
    replicas = 3,
    weightOf: (name: string) => number = () => WEIGHT,
    partPower = PART_POWER,
  ): Ring {
    return buildSimpleRing({
      partPower,
      replicas: Math.min(replicas, names.length),
      devices: names.map((device, at) => {
        const port = this.machines.find(({ name }) => name === device)?.port ?? 0
        return { region: 1, zone: at + 1, ip: HOST, port, device, weight: weightOf(device) }
      }),
    })
  }

  changeRing(ring: Ring): void {
    this.previous = this.ring
    this.ring = ring
  }

  async open(
    machine: Machine,
    newDevice: 'part_of_new_cluster' | 'may_have_held_data' = 'may_have_held_data',
  ): Promise<RunningDevice> {
    const disk = machine.disk.remount()
    await disk.mkdir(`${DEVICES_PATH}/${machine.name}`, { recursive: true })
    for (const parent of ['/', '/srv', DEVICES_PATH]) await disk.syncDirectory(parent)
    const random = new SeededRandom(machine.port)
    const repairs = new RepairQueue()
    const { clock, network } = this
    const service = await openObjectService({
      environment: { clock, random, disk, kv: machine.kv },
      devicesPath: DEVICES_PATH,
      device: machine.name,
      mountCheck: 'any_directory',
      policies: POLICIES,
      salt: SALT,
      log: silentLogger,
      newDevice,
      operationsMax: 3,
      version: 'test',
      transport: network,
      placement: () => ({ partition: '0', targets: this.containers }),
      objectPlacement: (_policyIndex, hash) => {
        const partition = this.ring.partitionOf(hash)
        const primaries = this.ring.primaries(partition)
        return {
          range: { partPower: this.ring.partPower, partition },
          primaries: primaries.map(({ ip, port, device }) => ({ host: ip, port, device })),
        }
      },
      reclaimAgeSeconds: this.#reclaimAgeSeconds,
      replication: { repairs, isPeer: (_policyIndex, peer) => this.#isInRings(peer) },
    })
    const { device } = service
    const replicator = createObjectReplicator({
      clock,
      random,
      log: silentLogger,
      transport: network,
      drive: device.drive,
      self: { host: HOST, device: machine.name },
      repairs,
      settleMs: this.#settleMs,
      reclaimAgeSeconds: this.#reclaimAgeSeconds,
      policies: [...device.engines].map(([index]) => ({
        index,
        replica: device.replica(index) as ReplicaAccess,
        ledger: device.ledger(index) as never,
        rings: () => ({ ring: this.ring, previous: this.previous }),
      })),
    })
    await replicator.learnRings()
    machine.running = { service, replicator, repairs }
    this.connect(machine)
    return machine.running
  }

  /** The process is gone and everything not synced with it, as when power fails. */
  async crash(machine: Machine, seed = 1): Promise<void> {
    this.disconnect(machine)
    machine.disk.crash(new SeededRandom(seed))
    await machine.kv.crash('lost')
    machine.running = undefined
  }

  /** A clean stop. */
  async close(machine: Machine): Promise<void> {
    this.disconnect(machine)
    await machine.running?.service.close()
    machine.running = undefined
  }

  /** An empty disk in its place. */
  async wipe(machine: Machine): Promise<void> {
    await this.close(machine)
    machine.disk = new MemoryDisk()
    machine.kv = new MemoryKv()
  }

  disconnect(machine: Machine): void {
    this.network.unregister({ host: HOST, port: machine.port })
  }

  connect(machine: Machine): void {
    const { running } = machine
    if (running === undefined) return
    this.network.register({ host: HOST, port: machine.port }, (request) =>
      running.service.handler({ ...request, remoteAddress: HOST }),
    )
  }

  #isInRings({ port, device }: PeerAddress): boolean {
    return [this.ring, this.previous].some((ring) =>
      ring?.devices.some((one) => one?.port === port && one.device === device),
    )
  }

  /** One pass of a device's replicator. */
  async pass(machine: Machine): Promise<PassReport> {
    const { running } = machine
    if (running === undefined) throw new Error(`${machine.name} does not run`)
    return await running.replicator.runOnce({ pace: 'full', signal: new AbortController().signal })
  }

  /** One pass of every device that runs. */
  async passes(rounds = 1): Promise<readonly PassReport[]> {
    const reports: PassReport[] = []
    for (let round = 0; round < rounds; round += 1) {
      for (const machine of this.machines) {
        if (machine.running !== undefined) reports.push(await this.pass(machine))
      }
    }
    return reports
  }

  async closeAll(): Promise<void> {
    for (const machine of this.machines) await this.close(machine)
  }

  engine(machine: Machine): ObjectEngine {
    return machine.running?.service.device.engine(0) as ObjectEngine
  }

  replica(machine: Machine): ReplicaAccess {
    return machine.running?.service.device.replica(0) as ReplicaAccess
  }

  ledger(machine: Machine): NonNullable<ReturnType<ObjectService['device']['ledger']>> {
    return machine.running?.service.device.ledger(0) as never
  }

  partitionOf(name: string): number {
    return this.ring.partitionOf(hashPath(name, SALT))
  }

  /** Machines that the ring gives the name to, and the others. */
  placed(name: string): { readonly primaries: readonly Machine[]; readonly others: readonly Machine[] } {
    const names = new Set(this.ring.primaries(this.partitionOf(name)).map(({ device }) => device))
    return {
      primaries: this.machines.filter(({ name: device }) => names.has(device)),
      others: this.machines.filter(({ name: device }) => !names.has(device)),
    }
  }

  /** What the wall clock says, as a timestamp; later calls are later. */
  #ticks = 0
  now(): Timestamp {
    this.#ticks += 1
    return `${(this.clock.wallMs() / 1000).toFixed(0)}.${String(this.#ticks).padStart(5, '0')}` as Timestamp
  }

  async put(
    machines: readonly Machine[],
    name: string,
    body: string | Buffer,
    at = this.now(),
  ): Promise<Timestamp> {
    for (const machine of machines) await putObject(this.engine(machine), at, body, { name })
    return at
  }

  async delete(machines: readonly Machine[], name: string, at = this.now()): Promise<Timestamp> {
    for (const machine of machines)
      await this.engine(machine).delete(name, { timestamp: at, updates: () => [] })
    return at
  }

  /** What a device has under a name: a body, `deleted`, `missing`… */
  async holds(machine: Machine, name: string): Promise<string> {
    return await bodyOf(this.engine(machine), name)
  }

  /** Texts that are compared, one line per object: equal texts mean equal devices. */
  async inventory(machine: Machine, names: readonly string[]): Promise<readonly string[]> {
    const hashes = names.map((name) => hashPath(name, SALT))
    const states = await this.replica(machine).states(hashes)
    if ('kind' in states) throw new Error(states.reason)
    return states.map(({ state }) => comparedText(state))
  }

  /** A request to the server of a device, past the network. */
  async ask(
    machine: Machine,
    method: string,
    name: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    const { running } = machine
    if (running === undefined) throw new Error(`${machine.name} does not run`)
    return await running.service.handler({
      method,
      path: `/${machine.name}/${this.partitionOf(name)}${name}`,
      query: '',
      headers,
      body: bufferBody(Buffer.alloc(0)),
      signal: undefined,
      remoteAddress: '',
      secure: false,
    })
  }
}

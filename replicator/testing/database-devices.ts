/**
 * Devices with real account and container servers on indexes in memory, joined by a network that fails on demand, and the
 * replicator of each, for the tests of this room. Time stands still unless a test moves it.
 */
import { createAccountServer } from '#account-server/app.ts'
import { type AccountDevice, openAccountDevice } from '#account-server/open-device.ts'
import { ReportStamps } from '#account-server/report-stamps.ts'
import { speaksBy } from '#backend/index-standing.ts'
import { parsePolicies, type StoragePolicies } from '#backend/policies.ts'
import type { NewDevice } from '#backend/replica-state.ts'
import type { ReplicaVoice } from '#backend/sync-ledger.ts'
import { type TestDevice, testDevice } from '#backend/test-twins.ts'
import { silentLogger } from '#base/log.ts'
import { hashName } from '#base/names.ts'
import { parseTimestamp, type Timestamp } from '#base/timestamp.ts'
import { SeededRandom, VirtualClock } from '#base/virtual-clock.ts'
import { AccountUpdates } from '#container-server/account-updates.ts'
import { createContainerServer } from '#container-server/app.ts'
import { type ContainerDevice, openContainerDevice } from '#container-server/open-device.ts'
import { containerRowsBy } from '#db/container-row.ts'
import { newInfo } from '#db/info.ts'
import { deletedRow, type ObjectRow, objectRows, putRow } from '#db/object-row.ts'
import type { Handler, Request, Response } from '#http/message.ts'
import { type Endpoint, endpointKey, type Transport, TransportError } from '#http/transport.ts'
import { MemoryKv } from '#kv/memory-kv.ts'
import type { Ring } from '#ring/ring.ts'
import { buildSimpleRing } from '#ring/simple-ring.ts'
import type { PassReport, Worker } from '#worker/contract.ts'
import { createDatabaseReplicator } from '../databases-worker.ts'

const SALT = { prefix: '', suffix: 'test' }
const PORTS = { container: 6201, account: 6202 } as const
export const DAY_MS = 86_400_000

const POLICIES = parsePolicies([
  { index: 0, name: 'gold', default: true },
  { index: 1, name: 'silver' },
]) as StoragePolicies

/** Whom a request does not reach, and what happens before one does. */
export class TestNetwork implements Transport {
  readonly handlers = new Map<string, Handler>()
  /** Hosts that are not reached. */
  readonly down = new Set<string>()
  /** Requests so far. */
  sent = 0
  beforeEach: (request: Request) => void | Promise<void> = () => {}

  async send(target: Endpoint, request: Request): Promise<Response> {
    this.sent += 1
    await this.beforeEach(request)
    const handler = this.handlers.get(endpointKey(target))
    if (handler === undefined || this.down.has(target.host))
      throw new TransportError('CONNECT_FAILED', target)
    return await handler(request)
  }

  async close(): Promise<void> {}
}

interface Rings {
  readonly ring: Ring
  readonly previous: Ring | undefined
}

interface Shape {
  readonly devices: readonly number[]
  readonly replicas: number
  readonly partPower: number
}

export interface DatabaseDevice {
  readonly at: number
  readonly twin: TestDevice
  readonly containers: ContainerDevice
  readonly accounts: AccountDevice
  readonly replicator: Worker
}

export interface DatabaseDevicesOptions {
  readonly devices?: number
  readonly replicas?: number
  readonly partPower?: number
}

export class DatabaseDevices {
  readonly network = new TestNetwork()
  readonly clock = new VirtualClock()
  readonly devices: DatabaseDevice[] = []
  container: Rings
  account: Rings

  private constructor(options: DatabaseDevicesOptions) {
    const { devices = 3, replicas = 3, partPower = 2 } = options
    const shape = { devices: Array.from({ length: devices }, (_, at) => at), replicas, partPower }
    this.container = { ring: ringOf('container', shape), previous: undefined }
    this.account = { ring: ringOf('account', shape), previous: undefined }
  }

  static async start(options: DatabaseDevicesOptions = {}): Promise<DatabaseDevices> {
    const cluster = new DatabaseDevices(options)
    for (let at = 0; at < (options.devices ?? 3); at += 1) await cluster.open(at)
    return cluster
  }

  /** Opens a device; on the stores of one that crashed, if they are given. */
  async open(
    at: number,
    kv = new MemoryKv(),
    newDevice: NewDevice = 'part_of_new_cluster',
  ): Promise<DatabaseDevice> {
    const twin = testDevice({ kv, clock: this.clock })
    const environment = { ...twin.environment, random: new SeededRandom(at + 100 + this.network.sent) }
    const common = { log: silentLogger, drive: twin.drive, salt: SALT }
    const containers = await openContainerDevice({ ...common, environment, newDevice })
    const accounts = await openAccountDevice({ ...common, environment, newDevice })
    if (containers.kind === 'locked' || accounts.kind === 'locked') throw new Error('the device is locked')
    this.#serve(at, twin, containers, accounts)
    const replicator = createDatabaseReplicator({
      clock: this.clock,
      log: silentLogger,
      transport: this.network,
      drive: twin.drive,
      self: { host: hostOf(at), device: 'sda1' },
      sources: [
        { ...containers, server: 'container', kind: objectRows, rings: () => this.#rings('container') },
        {
          ...accounts,
          server: 'account',
          kind: containerRowsBy(this.clock),
          rings: () => this.#rings('account'),
        },
      ],
    })
    const device = { at, twin, containers, accounts, replicator }
    this.devices[at] = device
    return device
  }

  /** The machine of a device loses power and comes back. */
  async crash(at: number): Promise<DatabaseDevice> {
    const { twin } = this.device(at)
    await twin.kv.crash()
    return await this.open(at, twin.kv)
  }

  /** The device is replaced by an empty one. */
  async wipe(at: number): Promise<DatabaseDevice> {
    return await this.open(at, new MemoryKv(), 'may_have_held_data')
  }

  device(at: number): DatabaseDevice {
    const device = this.devices[at]
    if (device === undefined) throw new Error(`there is no device ${at}`)
    return device
  }

  stop(at: number): void {
    this.network.down.add(hostOf(at))
  }

  restart(at: number): void {
    this.network.down.delete(hostOf(at))
  }

  /** One pass of one device. */
  async pass(at: number): Promise<PassReport> {
    return await this.device(at).replicator.runOnce({ pace: 'full', signal: new AbortController().signal })
  }

  /** One pass of every device that is up. */
  async passes(rounds = 1): Promise<readonly PassReport[]> {
    const reports: PassReport[] = []
    for (let round = 0; round < rounds; round += 1) {
      for (const { at } of this.devices)
        if (!this.network.down.has(hostOf(at))) reports.push(await this.pass(at))
    }
    return reports
  }

  /** Another ring over these devices. */
  place(devices: readonly number[], replicas: number): void {
    const shape = { devices, replicas, partPower: this.container.ring.partPower }
    this.container = { ring: ringOf('container', shape), previous: this.container.ring }
    this.account = { ring: ringOf('account', shape), previous: this.account.ring }
  }

  /** The devices that the ring gives a container of account `a` to. */
  primariesOf(container: string): readonly number[] {
    const { ring } = this.container
    const names = ring.primaries(ring.partitionOf(hashName({ account: 'a', container }, SALT)))
    return this.devices.filter(({ at }) => names.some(({ ip }) => ip === hostOf(at))).map(({ at }) => at)
  }

  /** What a device says it is to such a container. */
  voiceOf(at: number, container: string): ReplicaVoice {
    const { ring } = this.container
    const partition = ring.partitionOf(hashName({ account: 'a', container }, SALT))
    return this.device(at).containers.ledger.voice({ partPower: ring.partPower, partition })
  }

  /** Milliseconds as a timestamp; `agoMs` before now. */
  time(agoMs = 0): Timestamp {
    return parseTimestamp(((this.clock.wallMs() - agoMs) / 1000).toFixed(5)) as Timestamp
  }

  #rings(server: keyof typeof PORTS): { readonly ring: Ring; readonly previous: Ring | undefined } {
    const { ring, previous } = this[server]
    return { ring, previous }
  }

  #serve(at: number, twin: TestDevice, containers: ContainerDevice, accounts: AccountDevice): void {
    const common = {
      clock: this.clock,
      log: silentLogger,
      drive: twin.drive,
      policies: POLICIES,
      salt: SALT,
      version: '1',
    }
    const updates = new AccountUpdates({
      ...containers,
      speaksFor: speaksBy(containers.ledger, SALT),
      transport: this.network,
      clock: this.clock,
      log: silentLogger,
    })
    const container = createContainerServer({ ...common, ...containers, accounts: updates })
    const account = createAccountServer({ ...common, ...accounts, stamps: new ReportStamps(this.clock) })
    this.network.handlers.set(endpointKey({ host: hostOf(at), port: PORTS.container }), container)
    this.network.handlers.set(endpointKey({ host: hostOf(at), port: PORTS.account }), account)
  }
}

function hostOf(at: number): string {
  return `10.0.0.${at + 1}`
}

function ringOf(server: keyof typeof PORTS, { devices, replicas, partPower }: Shape): Ring {
  return buildSimpleRing({
    partPower,
    replicas: Math.min(replicas, devices.length),
    devices: devices.map((at) => ({
      region: 1,
      zone: at + 1,
      ip: hostOf(at),
      port: PORTS[server],
      device: 'sda1',
      weight: 100,
    })),
  })
}

export const CONTAINER = { account: 'a', container: 'c' }

export function object(name: string, timestamp: Timestamp, policyIndex = 0): ObjectRow {
  return putRow({ name, policyIndex, timestamp, sizeBytes: 1, etag: 'e', contentType: 'text/plain' })
}

export function gone(name: string, timestamp: Timestamp, policyIndex = 0): ObjectRow {
  return deletedRow(name, policyIndex, timestamp)
}

/** Writes rows into a container of one device, made if need be. */
export async function write(
  { containers }: DatabaseDevice,
  created: Timestamp,
  rows: readonly ObjectRow[],
  container = 'c',
): Promise<void> {
  const name = { account: 'a', container }
  await containers.index.apply(name, rows, (state) => ({
    result: undefined,
    info: state?.info ?? newInfo(name, created, 0),
    rows: 'merge',
  }))
}

export async function listed({ containers }: DatabaseDevice, container = 'c'): Promise<readonly string[]> {
  const query = { limit: 100_000, direction: 'forward', reservedNames: 'hidden' } as const
  const entries = await containers.index.list({ account: 'a', container }, 0, query)
  return entries.map((entry) => (entry.kind === 'row' ? entry.row.name : entry.name))
}

/**
 * A whole cluster in this process: the real storage servers on disks and indexes in memory, joined by a network in memory
 * that fails on demand, and the store over them.
 */
import { createAccountServer } from '#account-server/app.ts'
import { openAccountDevice } from '#account-server/open-device.ts'
import { ReportStamps } from '#account-server/report-stamps.ts'
import { Drive } from '#backend/drive-state.ts'
import { speaksBy } from '#backend/index-standing.ts'
import { parsePolicies, type StoragePolicies } from '#backend/policies.ts'
import type { ReplicaStates } from '#backend/replica-state.ts'
import type { Environment } from '#base/environment.ts'
import { silentLogger } from '#base/log.ts'
import type { HashPathSalt } from '#base/names.ts'
import { realClock } from '#base/real-clock.ts'
import { SeededRandom } from '#base/virtual-clock.ts'
import { ErrorLimiter } from '#cluster/error-limit.ts'
import { HybridClock } from '#cluster/hybrid-clock.ts'
import { MemoryBudget } from '#cluster/memory-budget.ts'
import { NodeClient } from '#cluster/node-client.ts'
import { RingPlacement, StorageNodes } from '#cluster/placement.ts'
import { hostOf } from '#cluster/storage-node.ts'
import { type AccountTargets, AccountUpdates } from '#container-server/account-updates.ts'
import { createContainerServer } from '#container-server/app.ts'
import { openContainerDevice } from '#container-server/open-device.ts'
import { ChangeReporter } from '#container-server/report-changed.ts'
import type { ContainerRow } from '#db/container-row.ts'
import type { Index } from '#db/contract.ts'
import type { ObjectRow } from '#db/object-row.ts'
import { MemoryDisk } from '#disk/memory-disk.ts'
import { MemoryTransport } from '#http/memory-transport.ts'
import type { Handler } from '#http/message.ts'
import type { Transport } from '#http/transport.ts'
import { MemoryKv } from '#kv/memory-kv.ts'
import { type ObjectService, openObjectService } from '#object-server/main.ts'
import type { CacheLimits } from '#object-server/object-cache.ts'
import type { Ring } from '#ring/ring.ts'
import { buildSimpleRing } from '#ring/simple-ring.ts'
import { type CreatedStore, createStore, type StoreOptions } from '#store/create-store.ts'
import type { OperationContext } from '#store/operation.ts'
import { StoreParts } from '#store/store-parts.ts'

const SALT: HashPathSalt = { prefix: 'test', suffix: 'cluster' }
const DEVICES_PATH = '/srv/node'
const PORTS = { account: 6202, container: 6201, object: 6200 } as const
const PORT_STEP = 10
const PART_POWER = 4

export type ServerKind = keyof typeof PORTS

export interface MemoryClusterOptions {
  readonly devices?: number
  readonly replicas?: number
  readonly nodeTimeoutMs?: number
  /** Wraps the network, as a process wraps it with a local transport. */
  readonly transport?: (network: MemoryTransport) => Transport
  readonly isLocal?: (port: number) => boolean
  readonly store?: Partial<StoreOptions>
  /** What the object servers remember; as in production by default. */
  readonly cacheLimits?: CacheLimits
}

export interface MemoryDevice {
  readonly name: string
  readonly host: string
  readonly ports: Readonly<Record<ServerKind, number>>
  readonly handlers: Readonly<Record<ServerKind, Handler>>
  readonly disk: MemoryDisk
  readonly objects: ObjectService
  readonly accountStates: ReplicaStates
  readonly containerStates: ReplicaStates
  readonly accounts: Index<ContainerRow>
  readonly containers: Index<ObjectRow>
  /** Tells accounts which containers there are now, as the updater does. */
  reportContainers(): Promise<unknown>
  close(): Promise<void>
}

const POLICIES = parsePolicies([
  { index: 0, name: 'gold', default: true },
  { index: 1, name: 'silver' },
]) as StoragePolicies

export class MemoryCluster {
  readonly network: MemoryTransport
  readonly devices: readonly MemoryDevice[]
  readonly rings: Readonly<Record<ServerKind, Ring>>
  readonly store: CreatedStore
  readonly parts: StoreParts
  readonly client: NodeClient
  readonly timestamps: HybridClock
  /** Timers of the real clock do not keep a process alive; a test that waits for one must not end before. */
  readonly #awake = setInterval(() => {}, 60_000)
  readonly context: OperationContext = { txId: 'tx-test', signal: undefined, log: silentLogger }

  private constructor(
    network: MemoryTransport,
    devices: readonly MemoryDevice[],
    rings: Readonly<Record<ServerKind, Ring>>,
    proxy: { store: CreatedStore; parts: StoreParts; client: NodeClient; timestamps: HybridClock },
  ) {
    this.network = network
    this.devices = devices
    this.rings = rings
    this.store = proxy.store
    this.parts = proxy.parts
    this.client = proxy.client
    this.timestamps = proxy.timestamps
  }

  static async start(options: MemoryClusterOptions = {}): Promise<MemoryCluster> {
    const network = new MemoryTransport({ clock: realClock, log: silentLogger })
    const count = options.devices ?? 4
    const rings = ringsOf(count, options.replicas ?? 3)
    const devices: MemoryDevice[] = []
    for (let at = 0; at < count; at += 1) devices.push(await startDevice(at, network, rings, options))
    for (const device of devices) serve(network, device)
    const proxy = await startProxy(network, rings, options)
    return new MemoryCluster(network, devices, rings, proxy)
  }

  /** A second proxy of the same cluster, with a memory of its own. */
  async anotherProxy(options: MemoryClusterOptions = {}): Promise<CreatedStore> {
    return (await startProxy(this.network, this.rings, options)).store
  }

  /** The servers of this kind on a device are gone, or, without a kind, all its servers. */
  stop(device: MemoryDevice, ...kinds: readonly ServerKind[]): void {
    for (const kind of kinds.length === 0 ? kindsOf() : kinds) {
      this.network.unregister({ host: device.host, port: device.ports[kind] })
    }
  }

  restart(device: MemoryDevice): void {
    serve(this.network, device)
  }

  /** The device whose server of a kind listens at this port. */
  deviceAt(port: number): MemoryDevice {
    const found = this.devices.find(({ ports }) => Object.values(ports).includes(port))
    if (found === undefined) throw new Error(`no device at port ${port}`)
    return found
  }

  async close(): Promise<void> {
    clearInterval(this.#awake)
    await this.network.close()
    for (const device of this.devices) await device.close()
  }
}

function kindsOf(): readonly ServerKind[] {
  return ['account', 'container', 'object']
}

function ringsOf(count: number, replicas: number): Readonly<Record<ServerKind, Ring>> {
  const ring = (kind: ServerKind): Ring =>
    buildSimpleRing({
      partPower: PART_POWER,
      replicas,
      devices: Array.from({ length: count }, (_, at) => ({
        region: 1,
        zone: at + 1,
        ip: '10.0.0.1',
        port: PORTS[kind] + at * PORT_STEP,
        device: `d${at + 1}`,
        weight: 100,
      })),
    })
  return { account: ring('account'), container: ring('container'), object: ring('object') }
}

function serve(network: MemoryTransport, device: MemoryDevice): void {
  for (const kind of kindsOf()) {
    network.register({ host: device.host, port: device.ports[kind] }, device.handlers[kind])
  }
}

async function startDevice(
  at: number,
  transport: Transport,
  rings: Readonly<Record<ServerKind, Ring>>,
  { cacheLimits }: MemoryClusterOptions,
): Promise<MemoryDevice> {
  const name = `d${at + 1}`
  const memoryDisk = new MemoryDisk()
  const disk = memoryDisk.remount()
  await disk.mkdir(`${DEVICES_PATH}/${name}`, { recursive: true })
  const environment: Environment = {
    clock: realClock,
    random: new SeededRandom(at + 1),
    disk,
    kv: new MemoryKv(),
  }
  const accounts = await startAccounts(environment, name)
  const containers = await startContainers(environment, name, transport, rings.account)
  const objects = await startObjects(environment, name, transport, rings.container, cacheLimits)
  return {
    name,
    host: '10.0.0.1',
    ports: {
      account: PORTS.account + at * PORT_STEP,
      container: PORTS.container + at * PORT_STEP,
      object: PORTS.object + at * PORT_STEP,
    },
    handlers: { account: accounts.handler, container: containers.handler, object: objects.handler },
    disk: memoryDisk,
    objects,
    accountStates: accounts.states,
    containerStates: containers.states,
    accounts: accounts.index,
    containers: containers.index,
    reportContainers: () => containers.reporter.reportChanged(),
    close: async () => {
      await objects.close()
      await containers.close()
      await accounts.close()
    },
  }
}

interface StartedIndex {
  readonly handler: Handler
  readonly states: ReplicaStates
  close(): Promise<void>
}

interface StartedContainers extends StartedIndex {
  readonly index: Index<ObjectRow>
  readonly reporter: ChangeReporter
}

interface StartedAccounts extends StartedIndex {
  readonly index: Index<ContainerRow>
}

async function startAccounts(environment: Environment, device: string): Promise<StartedAccounts> {
  const drive = driveOf(environment, device)
  const opened = await openAccountDevice({
    environment,
    log: silentLogger,
    drive,
    salt: SALT,
    newDevice: 'part_of_new_cluster',
  })
  if (opened.kind === 'locked') throw new Error('the device is locked')
  const { clock } = environment
  const { index, replicaStates, ledger } = opened
  const handler = createAccountServer({
    ledger,
    salt: SALT,
    clock,
    log: silentLogger,
    drive,
    index,
    policies: POLICIES,
    stamps: new ReportStamps(clock),
    replicaStates,
    version: 'test',
  })
  return { handler, index, states: replicaStates, close: () => opened.close() }
}

async function startContainers(
  environment: Environment,
  device: string,
  transport: Transport,
  accountRing: Ring,
): Promise<StartedContainers> {
  const drive = driveOf(environment, device)
  const opened = await openContainerDevice({
    environment,
    log: silentLogger,
    drive,
    salt: SALT,
    newDevice: 'part_of_new_cluster',
  })
  if (opened.kind === 'locked') throw new Error('the device is locked')
  const { clock } = environment
  const { store, index, replicaStates, ledger } = opened
  const speaksFor = speaksBy(ledger, SALT)
  const accounts = new AccountUpdates({ store, index, speaksFor, transport, clock, log: silentLogger })
  const lookUp = accountTargets(accountRing)
  const reporter = new ChangeReporter({ index, accounts, speaksFor, clock, log: silentLogger, lookUp })
  const handler = createContainerServer({
    ledger,
    salt: SALT,
    clock,
    log: silentLogger,
    drive,
    index,
    policies: POLICIES,
    accounts,
    replicaStates,
    version: 'test',
  })
  return { handler, states: replicaStates, index, reporter, close: () => opened.close() }
}

function accountTargets(ring: Ring): (account: string) => AccountTargets {
  const nodes = new StorageNodes(() => false)
  const placement = new RingPlacement({ salt: SALT, ring: () => ring, nodes })
  return (account) => {
    const { partition, primaries } = placement.of({ account })
    return { partition: String(partition), nodes: primaries }
  }
}

function startObjects(
  environment: Environment,
  device: string,
  transport: Transport,
  containerRing: Ring,
  cacheLimits: CacheLimits | undefined,
): Promise<ObjectService> {
  const nodes = new StorageNodes(() => false)
  return openObjectService({
    environment,
    devicesPath: DEVICES_PATH,
    device,
    mountCheck: 'any_directory',
    policies: POLICIES,
    salt: SALT,
    log: silentLogger,
    newDevice: 'part_of_new_cluster',
    operationsMax: 3,
    version: 'test',
    transport,
    rowsWaitMs: 300,
    ...(cacheLimits === undefined ? {} : { cacheLimits }),
    placement: (account, container) => {
      const parts = containerPlacement(containerRing, nodes, account, container)
      const targets = parts.primaries.map((node) => ({ host: hostOf(node), device: node.device }))
      return { partition: String(parts.partition), targets }
    },
    objectPlacement: () => undefined,
  })
}

function containerPlacement(
  ring: Ring,
  nodes: StorageNodes,
  account: string,
  container: string,
): ReturnType<StoreParts['containerPlacement']> {
  return new RingPlacement({ salt: SALT, ring: () => ring, nodes }).of({ account, container })
}

function driveOf(environment: Environment, device: string): Drive {
  const { disk, clock } = environment
  return new Drive({ disk, clock, devicesPath: DEVICES_PATH, device, mountCheck: 'any_directory' })
}

async function startProxy(
  network: MemoryTransport,
  rings: Readonly<Record<ServerKind, Ring>>,
  options: MemoryClusterOptions,
): Promise<{ store: CreatedStore; parts: StoreParts; client: NodeClient; timestamps: HybridClock }> {
  const timestamps = await HybridClock.open(realClock, { load: async () => undefined, save: async () => {} })
  const client = new NodeClient({
    transport: options.transport?.(network) ?? network,
    clock: realClock,
    errors: new ErrorLimiter({ clock: realClock, firstTrialMs: 20 }),
    nodeTimeoutMs: options.nodeTimeoutMs ?? 2000,
    connectTimeoutMs: 100,
  })
  const storeOptions: StoreOptions = {
    environment: { clock: realClock, random: new SeededRandom(99) },
    client,
    timestamps,
    nodes: new StorageNodes(({ port }) => options.isLocal?.(port) === true),
    rings: {
      account: () => rings.account,
      container: () => rings.container,
      object: (policyIndex) => (policyIndex <= 1 ? rings.object : undefined),
    },
    salt: SALT,
    heldBodies: new MemoryBudget(),
    ...options.store,
  }
  return { store: createStore(storeOptions), parts: new StoreParts(storeOptions), client, timestamps }
}

/**
 * How an operator's command reaches the cluster: who the cluster is and where its devices are, from the data directory of
 * `martlet start` or from a host's configuration file, and signed requests to its servers.
 */
import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { PolicyOptions } from '#backend/policies.ts'
import type { Environment } from '#base/environment.ts'
import { silentLogger } from '#base/log.ts'
import type { LocalTransport } from '#http/local-transport.ts'
import { EMPTY_BODY, type HeaderMap, type RequestBody, type Response } from '#http/message.ts'
import { type Endpoint, reasonOf } from '#http/transport.ts'
import { type ClusterFile, readClusterFile } from '#node/cluster-file.ts'
import type { Configuration } from '#node/configuration.ts'
import { parseEndpoint } from '#node/endpoint-option.ts'
import { realEnvironment } from '#node/environment.ts'
import { readHostFiles } from '#node/host.ts'
import { insideServer } from '#node/inside-paths.ts'
import { knownUsers } from '#node/known-users.ts'
import type { DeviceOutOfService, OwnedDeviceAssignment } from '#node/open-device.ts'
import type { Settings } from '#node/options.ts'
import { openProcessTransport } from '#node/process-transport.ts'
import type { ServerType } from '#node/rings.ts'
import { RingDirectory } from '#ring/ring-directory.ts'
import type { Store } from '#store/contract.ts'
import { type Invalidations, PeerInvalidations } from '#store/invalidations.ts'
import { loadConfiguration } from './load-configuration.ts'
import { version } from './version.ts'

/** What every command of an operator is given. */
export interface ClusterArguments {
  readonly data?: string
  readonly config?: string
}

/** A device of the cluster, with all of its servers that the rings have. */
export interface ClusterDevice {
  readonly host: string
  readonly device: string
  readonly region: number
  readonly zone: number
  readonly ports: Partial<Record<ServerType, number>>
  /** Where its owner answers on its own behalf. */
  readonly inside: Endpoint
}

export interface Policy {
  readonly index: number
  readonly name: string
}

export type Answered =
  | { readonly kind: 'answered'; readonly response: Response }
  /** For a person. */
  | { readonly kind: 'failed'; readonly reason: string }

export interface Asking {
  readonly method: string
  readonly path: string
  readonly query?: string
  readonly headers?: HeaderMap
  readonly body?: RequestBody
  /** Longest silence, milliseconds. */
  readonly timeoutMs?: number
}

const CONNECT_TIMEOUT_MS = 2_000
const RESPONSE_TIMEOUT_MS = 15_000
const LOCAL_HOST = '127.0.0.1'

/** Where the files of the cluster are. */
interface Place {
  readonly cluster: ClusterFile
  readonly ringsPath: string
  readonly settings: Settings
  readonly policyOptions: readonly PolicyOptions[]
  readonly policies: readonly Policy[]
  /** Devices of this very machine: where they are, and the address of the machine in the rings. */
  readonly local: { readonly host: string; readonly devicesPath: string } | undefined
}

export class ClusterAccess {
  readonly rings: RingDirectory
  readonly devices: readonly ClusterDevice[]
  readonly policies: readonly Policy[]
  readonly cluster: ClusterFile
  readonly #place: Place
  readonly #transport: LocalTransport

  private constructor(place: Place, rings: RingDirectory, transport: LocalTransport) {
    this.#place = place
    this.#transport = transport
    this.rings = rings
    this.cluster = place.cluster
    this.policies = place.policies
    this.devices = devicesOf(rings)
  }

  /** The cluster, or why it cannot be had in a sentence. */
  static async open(args: ClusterArguments): Promise<ClusterAccess | { readonly problem: string }> {
    const place = await findPlace(args)
    if ('problem' in place) return place
    const environment = realEnvironment()
    const indexes = place.policies.map(({ index }) => index)
    const directory = place.ringsPath
    const rings = await RingDirectory.open({ environment, log: silentLogger, directory, policies: indexes })
    if (!(rings instanceof RingDirectory))
      return { problem: `ring ${rings.path} cannot be used: ${rings.reason}` }
    const { cluster, settings } = place
    const storage = settings.storage
    const transport = await openProcessTransport({ environment, log: silentLogger, cluster, storage })
    return new ClusterAccess(place, rings, transport)
  }

  /** Addresses of the proxy processes that the configuration names; none for a cluster of `martlet start`. */
  get proxies(): readonly string[] {
    return this.#place.settings.proxy.peers
  }

  /** Users of the configuration, as they are written there. */
  get users(): readonly string[] {
    return knownUsers(this.#place.settings, this.cluster)
  }

  /** The devices of these names, or of all; a sentence when there is no such device. */
  select(names: readonly string[]): readonly ClusterDevice[] | { readonly problem: string } {
    if (names.length === 0) return this.devices
    const unknown = names.find((name) => !this.devices.some((device) => isNamed(device, name)))
    if (unknown !== undefined) return { problem: `the rings have no device ${unknown}` }
    return this.devices.filter((device) => names.some((name) => isNamed(device, name)))
  }

  /** Asks a server. Whatever happens is a value. */
  async ask(endpoint: Endpoint, asking: Asking): Promise<Answered> {
    const { method, path, query = '', headers = {}, body = EMPTY_BODY, timeoutMs } = asking
    try {
      const response = await this.#transport.send(
        endpoint,
        { method, path, query, headers, body, signal: undefined, remoteAddress: '', secure: false },
        { connectTimeoutMs: CONNECT_TIMEOUT_MS, responseTimeoutMs: timeoutMs ?? RESPONSE_TIMEOUT_MS },
      )
      return { kind: 'answered', response }
    } catch (error) {
      return { kind: 'failed', reason: reasonOf(error) }
    }
  }

  /** Takes a device of this machine that no process has in service; `undefined` for a device of another machine. */
  async take(device: ClusterDevice): Promise<DeviceOutOfService | { readonly failed: string } | undefined> {
    const { local, cluster, ringsPath, settings, policyOptions } = this.#place
    if (local === undefined || local.host !== device.host) return undefined
    const told: OwnedDeviceAssignment = {
      ...local,
      device: device.device,
      cluster,
      ringsPath,
      settings,
      policyOptions,
      version: version(),
      newDevice: 'may_have_held_data',
    }
    const { takeDevice } = await import('#node/open-device.ts')
    return takeDevice('martlet', told)
  }

  /** The operations of the store, for what a command writes itself. */
  async store(environment: Environment): Promise<Store> {
    const { openOperatorStore } = await import('#node/operator-store.ts')
    return openOperatorStore({
      environment,
      log: silentLogger,
      transport: this.#transport,
      rings: this.rings,
      salt: this.cluster.salt,
      defaultPolicyIndex: this.policies[0]?.index ?? 0,
    })
  }

  /** Tells the proxies of the cluster to forget what a command has changed. */
  invalidations({ clock }: Pick<Environment, 'clock'>): Invalidations {
    const proxies = this.proxies.map(parseEndpoint)
    // Those of `martlet start` hear of it where the devices do.
    const peers = proxies.length > 0 ? proxies : this.devices.map(({ inside }) => inside)
    return new PeerInvalidations({
      transport: this.#transport,
      clock,
      log: silentLogger,
      peers: () => peers,
    })
  }

  async close(): Promise<void> {
    this.rings.close()
    await this.#transport.close()
  }
}

/** `d1`, or `10.0.0.1/d1` where several hosts have devices of one name. */
export function isNamed({ host, device }: ClusterDevice, name: string): boolean {
  return name === device || name === `${host}/${device}`
}

async function findPlace(args: ClusterArguments): Promise<Place | { readonly problem: string }> {
  const data = args.data ?? process.env['MARTLET_DATA']
  const configuration = await loadConfiguration(args.config, data === undefined ? {} : { start: { data } })
  if ('problem' in configuration) return configuration
  const { settings } = configuration
  return settings.cluster.file === undefined ? machinePlace(configuration, args) : hostPlace(configuration)
}

/** The cluster of `martlet start`. */
async function machinePlace(
  { settings, policyOptions, policies }: Configuration,
  { config }: ClusterArguments,
): Promise<Place | { readonly problem: string }> {
  const path = resolve(settings.start.data)
  const cluster = await readClusterFile(realEnvironment().disk, join(path, 'cluster.json'))
  if (cluster === undefined) {
    return {
      problem: `there is no cluster in ${path}; name its directory with --data, or a file with --config`,
    }
  }
  if ('broken' in cluster) return { problem: cluster.broken }
  const ringsPath = join(path, 'rings')
  const local = { host: LOCAL_HOST, devicesPath: join(path, 'devices') }
  if (config !== undefined)
    return { cluster, ringsPath, settings, policyOptions, policies: policies.all, local }
  const known = await policiesOf(ringsPath)
  return { cluster, ringsPath, settings, local, policies: known, policyOptions: known }
}

async function hostPlace({
  settings,
  policyOptions,
  policies,
}: Configuration): Promise<Place | { readonly problem: string }> {
  const files = await readHostFiles(realEnvironment(), settings)
  if ('failed' in files) return { problem: files.failed }
  const { host, devices } = settings.storage
  const local =
    host === undefined || devices === undefined ? undefined : { host, devicesPath: resolve(devices) }
  return { ...files, settings, policyOptions, policies: policies.all, local }
}

/** The policies that have rings; their names are known only to the configuration. */
async function policiesOf(ringsPath: string): Promise<readonly (Policy & PolicyOptions)[]> {
  const files = await readdir(ringsPath).catch(() => [])
  const indexes = files.flatMap((file) => {
    const match = /^object(?:-(\d+))?\.ring\.gz$/.exec(file)
    return match === null ? [] : [Number(match[1] ?? 0)]
  })
  return indexes
    .toSorted((left, right) => left - right)
    .map((index) => ({ index, name: index === 0 ? 'Policy-0' : `Policy-${index}`, default: index === 0 }))
}

/** Every device of any ring, with its servers, in the order of hosts and names. */
function devicesOf(rings: RingDirectory): readonly ClusterDevice[] {
  const found = new Map<string, Omit<ClusterDevice, 'inside'>>()
  for (const [name, { ring }] of rings.all()) {
    const server: ServerType = name === 'account' || name === 'container' ? name : 'object'
    for (const member of ring.devices) {
      if (member === undefined) continue
      const { ip, device, port, region, zone } = member
      const key = `${ip}/${device}`
      const known = found.get(key) ?? { host: ip, device, region, zone, ports: {} }
      known.ports[server] ??= port
      found.set(key, known)
    }
  }
  return [...found.values()]
    .map((device): ClusterDevice => ({ ...device, inside: insideOf(device) }))
    .toSorted(
      (a, b) => a.host.localeCompare(b.host) || a.device.localeCompare(b.device, 'en', { numeric: true }),
    )
}

function insideOf({ host, ports }: Omit<ClusterDevice, 'inside'>): Endpoint {
  const server = insideServer(Object.keys(ports) as ServerType[])
  return { host, port: ports[server] ?? 0 }
}

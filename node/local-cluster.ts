/**
 * `martlet start`: a whole cluster on this machine. Takes the public port and the data directory, prepares the rings,
 * runs one process per device under a supervisor, and stops them in order.
 *
 * The processes are forked first of all, so that they load their programs while the directory is prepared.
 */
import { join } from 'node:path'
import type { StoragePolicies } from '#backend/policies.ts'
import type { NewDevice } from '#backend/replica-state.ts'
import type { Environment } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { ClusterFile } from './cluster-file.ts'
import { DataDirectory } from './data-directory.ts'
import { makeDirectoryDurably } from './durable-file.ts'
import { type PortTrust, prepareMachineRings } from './machine-rings.ts'
import { watchForDevices } from './new-devices.ts'
import { listenForPublic, type PublicAddress, type PublicPort } from './public-port.ts'
import type { Fork, NotStarted, ProgramStart } from './supervised-process.ts'
import { Supervisor } from './supervisor.ts'

export interface LocalClusterOptions {
  readonly environment: Environment
  readonly log: Logger
  readonly fork: Fork
  /** Of this process. */
  readonly pid: number
  readonly address: PublicAddress
  readonly dataPath: string
  readonly policies: StoragePolicies
  /** `none`: they are let in no more, now and at later starts. */
  readonly developmentUsers: 'as_before' | 'none'
  /** Names of the devices of a cluster that does not exist yet. */
  readonly devices: readonly string[]
  readonly replicas: number
  /** Where the search for free ports for the storage servers begins. */
  readonly firstStoragePort: number
  readonly drainMs: number
  /** What the process of a device is told at a start. */
  readonly assignmentOf: (device: string, directory: DataDirectory, newDevice: NewDevice) => unknown
  /** Aborts a start that is under way. */
  readonly signal: AbortSignal
}

/** Why there is no cluster, for a person. */
export interface NoCluster {
  readonly failed: string
}

/** Of every device in the rings of such a cluster. */
const HOST = '127.0.0.1'
/** Starts in which another program takes a port between our choice of it and our listening. */
const START_TRIES = 4

export class LocalCluster {
  readonly #port: PublicPort
  readonly #directory: DataDirectory
  readonly #supervisor: Supervisor
  readonly #endWatch: () => void

  private constructor(
    port: PublicPort,
    directory: DataDirectory,
    supervisor: Supervisor,
    endWatch: () => void,
  ) {
    this.#port = port
    this.#directory = directory
    this.#supervisor = supervisor
    this.#endWatch = endWatch
  }

  /** Resolves when every process is ready and gets connections, or with the reason why that cannot be. */
  static async start(options: LocalClusterOptions): Promise<LocalCluster | NoCluster> {
    const first = new Attempt(options)
    const held = await takeHold(options)
    if ('failed' in held) {
      await first.abandon()
      return held
    }
    const { port, directory } = held
    const supervisor = await run(options, directory, first)
    if ('failed' in supervisor) {
      port.close()
      await directory.close()
      return supervisor
    }
    await directory.markGrown()
    supervisor.serve(port)
    const endWatch = await watchRings(options, directory, supervisor)
    return new LocalCluster(port, directory, supervisor, endWatch)
  }

  /** Who the cluster is. */
  get file(): ClusterFile {
    return this.#directory.cluster
  }

  /** The public address; port 0 has become a real one. */
  get address(): PublicAddress {
    return this.#port.address
  }

  /** Answers the requests under way, closes everything in order. Never rejects. */
  async stop(): Promise<void> {
    this.#endWatch()
    this.#port.close()
    await this.#supervisor.stop()
    await this.#directory.close()
  }
}

/** The port first: nothing is created for a cluster that could not be reached. */
async function takeHold(
  options: LocalClusterOptions,
): Promise<{ readonly port: PublicPort; readonly directory: DataDirectory } | NoCluster> {
  const port = await listenForPublic(options.address)
  if ('failed' in port) {
    const taken = await DataDirectory.whyTaken(options.environment, options.dataPath)
    return taken === undefined ? port : { failed: taken }
  }
  const directory = await DataDirectory.open(options.environment, options.dataPath, options.pid)
  if (directory instanceof DataDirectory) {
    if (options.developmentUsers === 'none') await directory.dropDevelopmentUsers()
    return { port, directory }
  }
  port.close()
  return directory
}

async function run(
  options: LocalClusterOptions,
  directory: DataDirectory,
  first: Attempt,
): Promise<Supervisor | NoCluster> {
  for (let attempt = first, tried = 1; ; attempt = new Attempt(options), tried += 1) {
    const outcome = await attempt.run(directory, tried === 1 ? 'believe' : 'look')
    if (outcome.kind === 'ready') return attempt.supervisor
    await attempt.stop()
    if (outcome.kind === 'stopped') return { failed: 'stopped before it was ready' }
    if (outcome.reason !== 'port_taken' || tried === START_TRIES) return { failed: outcome.sentence }
  }
}

/** A device that a pushed ring has and the cluster had not gets a directory and a process. */
function watchRings(
  options: LocalClusterOptions,
  directory: DataDirectory,
  supervisor: Supervisor,
): Promise<() => void> {
  const { environment, log, policies, devices, assignmentOf } = options
  const assignment = async (device: string): Promise<unknown> => {
    await makeDirectoryDurably(environment.disk, join(directory.devicesPath, device))
    return assignmentOf(device, directory, 'may_have_held_data')
  }
  return watchForDevices({
    environment,
    log,
    policies,
    directory: directory.ringsPath,
    host: HOST,
    known: devices,
    onNew: (device) => supervisor.add({ name: device, assignment: () => assignment(device) }),
  })
}

function notStarted(sentence: string): NotStarted {
  return { kind: 'failed', reason: 'other', sentence }
}

/** One set of processes that is to become the cluster. */
class Attempt {
  readonly supervisor: Supervisor
  readonly #options: LocalClusterOptions
  readonly #directory = Promise.withResolvers<DataDirectory>()

  constructor(options: LocalClusterOptions) {
    this.#options = options
    this.#directory.promise.catch(() => {})
    this.supervisor = new Supervisor({
      programs: options.devices.map((device) => ({
        name: device,
        assignment: (start) => this.#assignment(device, start),
      })),
      fork: options.fork,
      clock: options.environment.clock,
      log: options.log,
      firstStart: 'once',
      drainMs: options.drainMs,
    })
    this.supervisor.start()
  }

  async run(directory: DataDirectory, trust: PortTrust): Promise<{ readonly kind: 'ready' } | NotStarted> {
    const { environment, policies, devices, replicas, firstStoragePort, signal } = this.#options
    const { ringsPath } = directory
    const rings = await prepareMachineRings(
      { disk: environment.disk, ringsPath, policies, devices, replicas, firstPort: firstStoragePort },
      trust,
    )
    if ('broken' in rings) return notStarted(rings.broken)
    if (rings.devices.join() !== devices.join()) {
      return notStarted(
        `${directory.path} has the devices ${rings.devices.join(', ')}; start it with that many`,
      )
    }
    for (const device of devices)
      await makeDirectoryDurably(environment.disk, join(directory.devicesPath, device))
    const aborted = (): void => void this.supervisor.stop()
    signal.addEventListener('abort', aborted, { once: true })
    if (signal.aborted) return { kind: 'stopped' }
    this.#directory.resolve(directory)
    const outcome = await this.supervisor.started()
    signal.removeEventListener('abort', aborted)
    return outcome
  }

  async stop(): Promise<void> {
    this.#directory.reject(new Error('the start was given up'))
    await this.supervisor.stop()
  }

  /** Before it ran. */
  async abandon(): Promise<void> {
    this.#directory.reject(new Error('the start was given up'))
    await this.supervisor.abandon()
  }

  /** Only a device that was never in service, in a cluster that never was, may be empty and yet have lost nothing. */
  async #assignment(device: string, start: ProgramStart): Promise<unknown> {
    const directory = await this.#directory.promise
    const isFirst = start === 'before_service' && directory.cluster.age === 'new'
    const newDevice = isFirst ? 'part_of_new_cluster' : 'may_have_held_data'
    return this.#options.assignmentOf(device, directory, newDevice)
  }
}

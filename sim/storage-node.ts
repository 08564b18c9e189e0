/** A storage node of a simulated cluster: one machine, one device, the real servers and workers in one process. */
import type { NewDevice } from '#backend/replica-state.ts'
import type { Environment } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import { Metrics } from '#base/metrics.ts'
import { pipeline } from '#http/message.ts'
import { readConfiguration } from '#node/configuration.ts'
import { openDeviceClock, watchClock } from '#node/device-clock.ts'
import { startDeviceLoops } from '#node/device-loops.ts'
import { DeviceWorkers } from '#node/device-workers.ts'
import type { Settings } from '#node/options.ts'
import { ringTargets } from '#node/ring-targets.ts'
import { StorageDevice } from '#node/storage-device.ts'
import type { LeaseTerms } from '#object-server/leases/lease-terms.ts'
import type { RingDirectory } from '#ring/ring-directory.ts'
import { Foreground } from '#worker/foreground.ts'
import { tellClock } from './clock-answer.ts'
import type { Machine } from './machine.ts'
import { MachineProcess, type ProcessWorld, type Started } from './machine-process.ts'
import type { Network } from './network.ts'
import type { ProcessLife } from './process-life.ts'
import { DEVICES_PATH, deviceName, KINDS, nodeHost, POLICIES, PORTS, SALT } from './topology.ts'

const VERSION = 'simulated'
/** Reads are few here: leases are longer, and asked for whatever they are worth. */
const LEASE_TERMS: LeaseTerms = { leaseMs: 5_000, askEveryMs: 2_000, readsMin: 1, idleMax: 2, pauseMs: 1_000 }

/** No client asks for notifications: who looks for some every other second finds nothing, thousands of times in a run. */
const RARE_NOTIFIER = '[notifier]\ninterval = 60'

/** Everything as an operator finds it, but for the workers that are named and for one that has nothing to do. */
export function settingsWithout(workers: readonly string[]): Settings {
  const read = readConfiguration(RARE_NOTIFIER, { workers: { off: [...workers] } })
  if ('problems' in read) throw new Error(read.problems.join('; '))
  return read.settings
}

export interface StorageNodeOptions {
  readonly node: number
  readonly machine: Machine
  readonly network: Network
  readonly log: Logger
  readonly settings: Settings
  /** Told when the process starts, serves, or ends. */
  readonly note: (event: string) => void
}

/** What runs while the process lives. */
export interface RunningNode {
  readonly life: ProcessLife
  readonly environment: Environment
  readonly device: StorageDevice
  readonly workers: DeviceWorkers
  readonly rings: RingDirectory
}

export class StorageNode {
  readonly node: number
  readonly host: string
  readonly machine: Machine
  readonly #options: StorageNodeOptions
  readonly #process: MachineProcess<RunningNode>

  constructor(options: StorageNodeOptions) {
    this.#options = options
    this.node = options.node
    this.machine = options.machine
    this.host = nodeHost(options.node)
    this.#process = new MachineProcess({ ...options, name: `node ${options.node}`, host: this.host })
  }

  /** `undefined` while the process is not up. */
  get running(): RunningNode | undefined {
    return this.#process.running
  }

  /** Does a process have the device, or is one about to? */
  get isStarted(): boolean {
    return this.#process.isStarted
  }

  /** Makes the directory of the device, as who puts in a disk does. */
  async prepareDevice(): Promise<void> {
    const disk = this.machine.disk.remount()
    await disk.mkdir(`${DEVICES_PATH}/${deviceName(this.node)}`, { recursive: true })
    for (const path of [DEVICES_PATH, '/srv', '/']) await disk.syncDirectory(path)
  }

  /** Starts the process. Resolves when it serves, or was killed before; rejects when it cannot open the device. */
  start(newDevice: NewDevice): Promise<Started> {
    return this.#process.start((world) => this.#open(world, newDevice))
  }

  /** The process is killed; what it had written stays with the kernel. */
  kill(): Promise<void> {
    return this.#process.kill()
  }

  /** The machine loses power. */
  losePower(): Promise<void> {
    return this.#process.losePower()
  }

  /** An orderly stop. */
  stop(): Promise<void> {
    return this.#process.stop(async ({ workers, rings, device }) => {
      await workers.stop()
      rings.close()
      await device.close()
    })
  }

  async #open(
    { life, environment, rings, transport }: ProcessWorld,
    newDevice: NewDevice,
  ): Promise<RunningNode> {
    const { network, settings } = this.#options
    const { clock } = environment
    const log = this.#options.log.child({ node: this.node })
    const place = { host: this.host, device: deviceName(this.node), devicesPath: DEVICES_PATH }
    const watch = await openDeviceClock(place, { environment, log, rings, transport })
    const dated = { ...environment, clock: watch.clock }
    const targets = ringTargets(rings, SALT)
    const device = await StorageDevice.open({
      ...place,
      environment: dated,
      log,
      isClockInDoubt: watch.isInDoubt,
      dating: watch.dating,
      leaseTerms: LEASE_TERMS,
      salt: SALT,
      policies: POLICIES,
      settings,
      newDevice,
      transport,
      accountTargets: targets.account,
      containerPlacement: targets.container,
      objectPlacement: targets.object,
      version: VERSION,
    })
    watchClock(watch, device.objects.device.drive, { environment, log })
    const workers = await DeviceWorkers.open({
      ...place,
      environment: dated,
      log,
      metrics: new Metrics(),
      device,
      salt: SALT,
      clusterSecrets: [],
      policies: POLICIES,
      rings,
      transport,
      settings,
      foreground: new Foreground(clock),
    })
    startDeviceLoops({ clock: dated.clock, log, device })
    workers.start()
    for (const kind of KINDS) {
      const handler = pipeline(device.handlers[kind], [tellClock(watch, clock)])
      network.listen(this.host, { host: this.host, port: PORTS[kind] }, life, handler)
    }
    return { life, environment, device, workers, rings }
  }
}

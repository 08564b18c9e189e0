/**
 * One device in service: its three engines open, its three servers as handlers. Opening takes the device; a process that
 * is just going away is waited for.
 */
import { basename } from 'node:path'
import { createAccountServer } from '#account-server/app.ts'
import { openAccountDevice } from '#account-server/open-device.ts'
import { ReportStamps } from '#account-server/report-stamps.ts'
import { accessLog } from '#backend/access-log.ts'
import { DEFAULT_RESERVE, type Drive, parseReserve } from '#backend/drive-state.ts'
import { speaksBy } from '#backend/index-standing.ts'
import type { StoragePolicies } from '#backend/policies.ts'
import type { NewDevice } from '#backend/replica-state.ts'
import type { Clock, Environment } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { HashPathSalt } from '#base/names.ts'
import { type AccountTargets, AccountUpdates } from '#container-server/account-updates.ts'
import { createContainerServer } from '#container-server/app.ts'
import { openContainerDevice } from '#container-server/open-device.ts'
import { ChangeReporter } from '#container-server/report-changed.ts'
import type { DeviceHealth } from '#disk/device-health.ts'
import { failureKind } from '#disk/passing-failure.ts'
import type { Handler } from '#http/message.ts'
import type { Transport } from '#http/transport.ts'
import { tellingOfFailedWrites } from '#kv/failed-writes.ts'
import type { LeaseTerms } from '#object-server/leases/lease-terms.ts'
import { type ObjectService, openObjectService } from '#object-server/main.ts'
import type { ContainerPlacement } from '#object-server/pending-rows.ts'
import type { PeerAddress } from '#object-server/replication/messages.ts'
import type { ObjectPlacement } from '#object-server/row-witnesses.ts'
import { RepairQueue } from '#replicator/repair-queue.ts'
import { accountUpdates, containerReports, type DeliverySource, objectRows } from '#updater/sources.ts'
import { RateLimit } from '#worker/rate-limit.ts'
import { codeOf } from './durable-file.ts'
import type { Settings } from './options.ts'
import type { ServerType } from './rings.ts'

export interface StorageDeviceOptions {
  readonly environment: Environment
  readonly log: Logger
  readonly devicesPath: string
  readonly device: string
  readonly salt: HashPathSalt
  readonly policies: StoragePolicies
  readonly settings: Settings
  readonly newDevice: NewDevice
  /** By which the servers of the device talk to others. */
  readonly transport: Transport
  /** Where an account is, by the ring of this moment. */
  readonly accountTargets: (account: string) => AccountTargets
  /** Where a container is, by the ring of this moment. */
  readonly containerPlacement: ContainerPlacement
  /** Where an object is, by the ring of this moment. */
  readonly objectPlacement: ObjectPlacement
  /** Has a ring of the policy, of now or the one before, this device? Objects are fetched from nobody else. */
  readonly isObjectPeer?: (policyIndex: number, peer: PeerAddress) => boolean
  readonly version: string
  /** May nothing be given up or deleted because of its age (`backend/clock-watch.ts`)? Default: never. */
  readonly isClockInDoubt?: (() => boolean) | undefined
  /** Dates what workers write. Default: the clock of the environment. */
  readonly dating?: Clock | undefined
  /** Of read leases. Default: `DEFAULT_TERMS`. */
  readonly leaseTerms?: LeaseTerms | undefined
}

type Opened<Device> = Extract<Device, { readonly kind: 'opened' }>
export type AccountDevice = Opened<Awaited<ReturnType<typeof openAccountDevice>>>
export type ContainerDevice = Opened<Awaited<ReturnType<typeof openContainerDevice>>>

/** How long a process that is going away may still have the device, milliseconds. */
const WAIT_FOR_OWNER_MS = 15_000
const ASK_AGAIN_MS = 50

export class StorageDevice {
  readonly name: string
  /** Directory of the device. */
  readonly path: string
  readonly handlers: Readonly<Record<ServerType, Handler>>
  /** What workers read, and through which they write. */
  readonly objects: ObjectService
  readonly containers: ContainerDevice
  readonly accounts: AccountDevice
  /** Copies of objects to be made good at once, and partitions to be handed over soon. */
  readonly repairs: RepairQueue
  /** Waits until so many bytes of bodies more may be fetched from peers, whoever asked for them. */
  readonly admitReplication: AdmitReplication
  /** May nothing be given up or deleted because of its age? */
  readonly isClockInDoubt: () => boolean
  /** Dates what workers write. */
  readonly dating: Clock
  readonly #accountUpdates: AccountUpdates
  readonly #reporter: ChangeReporter

  private constructor(
    options: StorageDeviceOptions,
    { objects, containers, accounts, repairs, admit }: Engines,
  ) {
    const { transport, log } = options
    const { clock } = options.environment
    const { index, store, ledger } = containers
    const speaksFor = speaksBy(ledger, options.salt)
    this.name = options.device
    this.path = objects.device.drive.path
    this.objects = objects
    this.containers = containers
    this.accounts = accounts
    this.repairs = repairs
    this.admitReplication = admit
    this.isClockInDoubt = options.isClockInDoubt ?? (() => false)
    this.dating = options.dating ?? clock
    const updates = new AccountUpdates({ store, index, speaksFor, transport, clock, log })
    this.#accountUpdates = updates
    const lookUp = options.accountTargets
    this.#reporter = new ChangeReporter({ index, accounts: updates, speaksFor, clock, log, lookUp })
    this.handlers = {
      object: objects.handler,
      container: this.#containerServer(options),
      account: this.#accountServer(options),
    }
  }

  /** Rejects with code `LEVEL_LOCKED` when another process keeps the device, and with the errors of the disk. */
  static async open(options: StorageDeviceOptions): Promise<StorageDevice> {
    const { environment } = options
    const { clock } = environment
    const giveUpMs = clock.monotonicMs() + WAIT_FOR_OWNER_MS
    for (;;) {
      const stores = new StoresOfDevice()
      const kv = tellingOfFailedWrites(environment.kv, stores.failed)
      try {
        const told = { ...options, environment: { ...environment, kv } }
        return new StorageDevice(options, await openEngines(told, stores))
      } catch (error) {
        if (codeOf(error) !== 'LEVEL_LOCKED' || clock.monotonicMs() > giveUpMs) throw error
        await clock.sleep(ASK_AGAIN_MS)
      }
    }
  }

  /** The queues of what the servers of the device could not deliver when it happened. */
  get queues(): readonly DeliverySource[] {
    return [objectRows(this.objects), accountUpdates(this.#accountUpdates), containerReports(this.#reporter)]
  }

  /** To be called every hour or so: a device that was away for too long does not vote. */
  async stampAlive(): Promise<void> {
    await this.objects.device.stampAlive()
    await this.containers.stampAlive()
    await this.accounts.stampAlive()
  }

  /** Makes everything durable, leaves the mark of a clean stop, lets the device go. Requests must have ended. */
  async close(): Promise<void> {
    await Promise.all([this.accounts.close(), this.containers.close()])
    await this.objects.close()
  }

  #containerServer(options: StorageDeviceOptions): Handler {
    const { index, replicaStates, ledger } = this.containers
    const common = this.#common(options, 'container')
    const server = createContainerServer({
      ...common,
      index,
      replicaStates,
      ledger,
      accounts: this.#accountUpdates,
    })
    return accessLog({ ...common, requests: 'failures' })(server)
  }

  #accountServer(options: StorageDeviceOptions): Handler {
    const { index, replicaStates, ledger } = this.accounts
    const common = this.#common(options, 'account')
    const stamps = new ReportStamps(common.clock)
    const server = createAccountServer({ ...common, index, replicaStates, ledger, stamps })
    return accessLog({ ...common, requests: 'failures' })(server)
  }

  #common(options: StorageDeviceOptions, server: ServerType): CommonParts {
    const { environment, log, policies, salt, version } = options
    const { drive } = this.objects.device
    return { clock: environment.clock, log: log.child({ server }), drive, policies, salt, version }
  }
}

/** What the account and the container server are both made of. */
interface CommonParts {
  readonly clock: Clock
  readonly log: Logger
  readonly drive: Drive
  readonly policies: StoragePolicies
  readonly salt: HashPathSalt
  readonly version: string
}

interface Engines {
  readonly objects: ObjectService
  readonly containers: ContainerDevice
  readonly accounts: AccountDevice
  readonly repairs: RepairQueue
  readonly admit: AdmitReplication
}

type AdmitReplication = (bytes: number, signal: AbortSignal | undefined) => Promise<void>

/** A store of which a write failed takes the whole device out of use, whichever it is: what waits in it gets nowhere. */
class StoresOfDevice {
  health: DeviceHealth | undefined

  readonly failed = (path: string, error: unknown): void => {
    this.health?.fail(`${basename(path)} could not be written: ${String(error)}`, failureKind(error))
  }
}

async function openEngines(options: StorageDeviceOptions, stores: StoresOfDevice): Promise<Engines> {
  const { environment, log, salt, newDevice, settings, isObjectPeer } = options
  const repairs = new RepairQueue()
  const { bytesPerSecond } = settings.replicator
  const perSecond = bytesPerSecond === 0 ? undefined : bytesPerSecond
  const rate = new RateLimit({ clock: environment.clock, perSecond })
  const admit: AdmitReplication = (bytes, signal) => rate.take(bytes, signal)
  const objects = await openObjectService({
    ...options,
    log: log.child({ server: 'object' }),
    mountCheck: settings.storage.mountCheck ? 'mount_point' : 'any_directory',
    reserve: parseReserve(settings.storage.reserve) ?? DEFAULT_RESERVE,
    operationsMax: settings.storage.operationsMax,
    placement: options.containerPlacement,
    isClockInDoubt: options.isClockInDoubt,
    leaseTerms: options.leaseTerms,
    replication: { repairs, admit, isPeer: isObjectPeer },
  })
  stores.health = objects.device.health
  const index = { environment, log, drive: objects.device.drive, salt, newDevice }
  const [containers, accounts] = await Promise.all([openContainerDevice(index), openAccountDevice(index)])
  if (containers.kind === 'opened' && accounts.kind === 'opened') {
    return { objects, containers, accounts, repairs, admit }
  }
  if (containers.kind === 'opened') await containers.close()
  if (accounts.kind === 'opened') await accounts.close()
  await objects.close()
  throw Object.assign(new Error('another process has the device'), { code: 'LEVEL_LOCKED' })
}

/**
 * The object service of one device: opens it, serves it, delivers what waits, closes it. What puts processes together
 * (`node/`) calls only this.
 */
import type { StoragePolicies } from '#backend/policies.ts'
import type { Environment } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { HashPathSalt } from '#base/names.ts'
import type { Handler } from '#http/message.ts'
import type { Transport } from '#http/transport.ts'
import { createObjectServer, type ObjectServerOptions } from './app.ts'
import { ObjectDevice, type ObjectDeviceOptions } from './device.ts'
import type { LeaseTerms } from './leases/lease-terms.ts'
import { openLeases } from './leases/leases.ts'
import {
  type ContainerPlacement,
  type PendingFigures,
  PendingRows,
  type PendingStats,
} from './pending-rows.ts'
import { RowSender, type RowSenderOptions } from './row-sender.ts'
import { standingOfRow } from './row-standing.ts'
import { type ObjectPlacement, primariesAsWitnesses } from './row-witnesses.ts'

export interface ObjectServiceOptions
  extends ObjectDeviceOptions,
    Pick<ObjectServerOptions, 'version' | 'logRequests' | 'allowedHeaders' | 'rowsWaitMs' | 'healthcheck'>,
    Pick<RowSenderOptions, 'connectTimeoutMs' | 'responseTimeoutMs'> {
  readonly environment: Environment
  readonly policies: StoragePolicies
  readonly salt: HashPathSalt
  readonly log: Logger
  readonly transport: Transport
  /** Who may be fetched from, and who is told of copies that belong elsewhere. */
  readonly replication?: Omit<NonNullable<ObjectServerOptions['replication']>, 'transport'>
  /** Where containers live, by the container ring of this moment. */
  readonly placement: ContainerPlacement
  /** Where objects belong, by the object rings of this moment. */
  readonly objectPlacement: ObjectPlacement
  /** May nothing be given up because of its age (`#backend/clock-watch.ts`)? Default: never. */
  readonly isClockInDoubt?: (() => boolean) | undefined
  /** Of read leases. Default: `DEFAULT_TERMS`. */
  readonly leaseTerms?: LeaseTerms | undefined
}

export interface ObjectService {
  readonly handler: Handler
  readonly device: ObjectDevice
  /** One pass over the container rows that wait; to be called every few seconds. */
  deliverPending(): Promise<PendingStats>
  /** The rows that wait at this moment. */
  pendingFigures(): Promise<PendingFigures>
  /** After the last request has ended. */
  close(): Promise<void>
}

/**
 * Rejects with `LEVEL_LOCKED` while another process owns the device, `ENOENT` when its directory is missing, and with
 * other errors of the disk.
 */
export async function openObjectService(options: ObjectServiceOptions): Promise<ObjectService> {
  const repairs = options.replication?.repairs
  const device = await ObjectDevice.open({
    ...options,
    // A copy that a reader found bad is fetched again at once.
    onLost: (copy) => void repairs?.repair(copy),
  })
  const { clock, random } = options.environment
  const sender = new RowSender(options)
  const { transport, log, objectPlacement } = options
  const witnesses = primariesAsWitnesses({ clock, transport, log, placement: objectPlacement })
  const pending = new PendingRows({
    sender,
    placement: options.placement,
    clock,
    log,
    standing: (update) => standingOfRow(device, update, witnesses),
    reclaimAgeSeconds: options.reclaimAgeSeconds,
    isClockInDoubt: options.isClockInDoubt,
  })
  const leases = openLeases({ device, clock, random, log, transport, terms: options.leaseTerms })
  return {
    handler: createObjectServer({
      ...options,
      device,
      leases,
      clock,
      random,
      sender,
      replication: {
        transport,
        reclaimAgeSeconds: options.reclaimAgeSeconds,
        isClockInDoubt: options.isClockInDoubt,
        ...options.replication,
      },
    }),
    device,
    deliverPending: () => pending.runOnce([...device.engines].map(([, engine]) => engine.updates)),
    pendingFigures: () => pending.figures([...device.engines].map(([, engine]) => engine.updates)),
    close: () => {
      for (const { holder } of leases.values()) holder.close()
      return device.close()
    },
  }
}

/**
 * Taking ownership of a device's index: open, with a damaged one quarantined whole, and find out whether this replica may
 * vote. Written once for the account and the container server, whose indexes differ only in what opens them.
 */
import { join } from 'node:path'
import type { Environment, KvStore } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { Drive } from './drive-state.ts'
import { type NewDevice, ReplicaStates } from './replica-state.ts'
import { timestampNow } from './timestamp-header.ts'

/** An index that was opened, or that another process has. */
export type Opened<Index> =
  | {
      readonly kind: 'opened'
      readonly store: KvStore
      readonly index: Index
      /** `quarantined`: what was there could not be read and was moved away; the index is empty. */
      readonly damage: 'none' | 'quarantined'
    }
  | { readonly kind: 'locked' }

export interface OwnDeviceOptions<Index> {
  readonly environment: Environment
  readonly log: Logger
  readonly drive: Drive
  readonly newDevice: NewDevice
  /** Directory of the index below the device, named as Swift names its own: `accounts`, `containers`. */
  readonly directory: string
  /** Keys of replica states in the store begin so. */
  readonly replicaStatePrefix: Buffer
  readonly open: (place: IndexPlace) => Promise<Opened<Index>>
}

export interface IndexPlace {
  readonly path: string
  readonly quarantinePath: string
  /** To be told when the store fails: takes the device out of service. */
  readonly onFailure: (error: unknown) => void
}

export interface OwnedDevice<Index> {
  readonly kind: 'opened'
  readonly store: KvStore
  readonly index: Index
  readonly replicaStates: ReplicaStates
  /** Waits for what is under way, notes that the device was alive, and gives up the lock. */
  close(): Promise<void>
}

interface Closable {
  close(): Promise<void>
}

/** Rejects when the disk fails. `locked`: another process owns the device. */
export async function ownDevice<Index extends Closable>(
  options: OwnDeviceOptions<Index>,
): Promise<OwnedDevice<Index> | { readonly kind: 'locked' }> {
  const { environment, drive, directory, log } = options
  const stamp = timestampNow(environment.clock)
  const opened = await options.open({
    path: join(drive.path, directory),
    quarantinePath: join(drive.path, 'quarantined', directory, stamp),
    onFailure: (error) => {
      log.error({ err: error, device: drive.device, directory }, 'index failed: the device is out of service')
      drive.fail(String(error))
    },
  })
  if (opened.kind === 'locked') return { kind: 'locked' }
  const { store, index, damage } = opened
  if (damage === 'quarantined') {
    log.error(
      { device: drive.device, directory, stamp },
      'index was damaged: quarantined whole, device is joining',
    )
  }
  const replicaStates = await ReplicaStates.open(store, {
    clock: environment.clock,
    keyPrefix: options.replicaStatePrefix,
    newDevice: damage === 'quarantined' ? 'may_have_held_data' : options.newDevice,
  })
  return { kind: 'opened', store, index, replicaStates, close: () => giveUp(store, index, replicaStates) }
}

async function giveUp(store: KvStore, index: Closable, states: ReplicaStates): Promise<void> {
  await index.close()
  await states.stampAlive()
  await store.close()
}

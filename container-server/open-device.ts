/**
 * The containers of one device: opened, which takes ownership of the device, and closed. A new device and one whose
 * index had to be quarantined start as the rules of `replica-state.ts` say; a quarantined one is always joining.
 */
import { join } from 'node:path'
import type { Drive } from '#backend/drive-state.ts'
import { type NewDevice, ReplicaStates } from '#backend/replica-state.ts'
import { timestampNow } from '#backend/timestamp-header.ts'
import type { Environment, KvStore } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { HashPathSalt } from '#base/names.ts'
import type { Index } from '#db/contract.ts'
import { devicePrefix } from '#db/keys.ts'
import { type ObjectRow, objectRows } from '#db/object-row.ts'
import { openIndex } from '#db/open-index.ts'

export interface OpenDeviceOptions {
  readonly environment: Environment
  readonly log: Logger
  readonly drive: Drive
  readonly salt: HashPathSalt
  readonly newDevice: NewDevice
}

export interface ContainerDevice {
  readonly kind: 'opened'
  readonly store: KvStore
  readonly index: Index<ObjectRow>
  readonly replicaStates: ReplicaStates
  close(): Promise<void>
}

/** Directory of the index below the device, named as Swift names its own (`containers`). */
const DIRECTORY = 'containers'

/** Rejects when the disk fails. `locked`: another process owns the device. */
export async function openContainerDevice(
  options: OpenDeviceOptions,
): Promise<ContainerDevice | { readonly kind: 'locked' }> {
  const { environment, drive, log } = options
  const stamp = timestampNow(environment.clock)
  const opened = await openIndex({
    engine: environment.kv,
    path: join(drive.path, DIRECTORY),
    quarantinePath: join(drive.path, 'quarantined', DIRECTORY, stamp),
    kind: objectRows,
    salt: options.salt,
    onFailure: (error) => {
      log.error({ err: error, device: drive.device }, 'container index failed; the device is out of service')
      drive.fail(String(error))
    },
  })
  if (opened.kind === 'locked') return { kind: 'locked' }
  const { store, index, damage } = opened
  if (damage === 'quarantined') {
    log.error(
      { device: drive.device, stamp },
      'the container index was damaged: quarantined whole, the device is joining',
    )
  }
  const replicaStates = await ReplicaStates.open(store, {
    clock: environment.clock,
    keyPrefix: devicePrefix('replicaState'),
    newDevice: damage === 'quarantined' ? 'may_have_held_data' : options.newDevice,
  })
  const close = async (): Promise<void> => {
    await index.close()
    await store.close()
  }
  return { kind: 'opened', store, index, replicaStates, close }
}

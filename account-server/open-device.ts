/** The accounts of one device: opening them takes ownership of the device (`backend/own-device.ts`). */

import type { Drive } from '#backend/drive-state.ts'
import { type OwnedDevice, ownDevice } from '#backend/own-device.ts'
import type { NewDevice } from '#backend/replica-state.ts'
import type { Environment } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { HashPathSalt } from '#base/names.ts'
import { type ContainerRow, containerRows } from '#db/container-row.ts'
import type { Index } from '#db/contract.ts'
import { devicePrefix } from '#db/keys.ts'
import { openIndex } from '#db/open-index.ts'

export interface OpenDeviceOptions {
  readonly environment: Environment
  readonly log: Logger
  readonly drive: Drive
  readonly salt: HashPathSalt
  /** What a device without any index is. */
  readonly newDevice: NewDevice
}

export type AccountDevice = OwnedDevice<Index<ContainerRow>>

/** Rejects when the disk fails. `locked`: another process owns the device. */
export async function openAccountDevice(
  options: OpenDeviceOptions,
): Promise<AccountDevice | { readonly kind: 'locked' }> {
  const { environment, log, drive, salt, newDevice } = options
  return ownDevice<Index<ContainerRow>>({
    environment,
    log,
    drive,
    newDevice,
    salt,
    directory: 'accounts',
    replicaStatePrefix: devicePrefix('replicaState'),
    open: (place) => openIndex({ engine: environment.kv, kind: containerRows, salt, ...place }),
  })
}

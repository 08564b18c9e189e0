/** The containers of one device: opening them takes ownership of the device (`backend/own-device.ts`). */

import type { Drive } from '#backend/drive-state.ts'
import { type OwnedDevice, ownDevice } from '#backend/own-device.ts'
import type { NewDevice } from '#backend/replica-state.ts'
import type { Environment } from '#base/environment.ts'
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
  /** What a device without any index is. */
  readonly newDevice: NewDevice
}

export type ContainerDevice = OwnedDevice<Index<ObjectRow>>

/** Rejects when the disk fails. `locked`: another process owns the device. */
export async function openContainerDevice(
  options: OpenDeviceOptions,
): Promise<ContainerDevice | { readonly kind: 'locked' }> {
  const { environment, log, drive, salt, newDevice } = options
  return ownDevice<Index<ObjectRow>>({
    environment,
    log,
    drive,
    newDevice,
    salt,
    directory: 'containers',
    replicaStatePrefix: devicePrefix('replicaState'),
    open: (place) => openIndex({ engine: environment.kv, kind: objectRows, salt, ...place }),
  })
}

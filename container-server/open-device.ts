/** The containers of one device: opening them takes ownership of the device (`backend/own-device.ts`). */
import { type IndexDeviceOptions, type OwnedDevice, ownDevice } from '#backend/own-device.ts'
import type { Index } from '#db/contract.ts'
import { devicePrefix } from '#db/keys.ts'
import { type ObjectRow, objectRows } from '#db/object-row.ts'
import { openIndex } from '#db/open-index.ts'

export type ContainerDevice = OwnedDevice<Index<ObjectRow>>

/** Rejects when the disk fails. `locked`: another process owns the device. */
export function openContainerDevice(
  options: IndexDeviceOptions,
): Promise<ContainerDevice | { readonly kind: 'locked' }> {
  const { environment, salt } = options
  const { kv: engine, random } = environment
  return ownDevice<Index<ObjectRow>>({
    ...options,
    directory: 'containers',
    replicaStatePrefix: devicePrefix('replicaState'),
    ledgerPrefix: devicePrefix('syncLedger'),
    open: (place) => openIndex({ engine, random, kind: objectRows, salt, ...place }),
  })
}

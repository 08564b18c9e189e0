/** The accounts of one device: opening them takes ownership of the device (`backend/own-device.ts`). */
import { type IndexDeviceOptions, type OwnedDevice, ownDevice } from '#backend/own-device.ts'
import { type ContainerRow, containerRowsBy } from '#db/container-row.ts'
import type { Index } from '#db/contract.ts'
import { devicePrefix } from '#db/keys.ts'
import { openIndex } from '#db/open-index.ts'

export type AccountDevice = OwnedDevice<Index<ContainerRow>>

/** Rejects when the disk fails. `locked`: another process owns the device. */
export function openAccountDevice(
  options: IndexDeviceOptions,
): Promise<AccountDevice | { readonly kind: 'locked' }> {
  const { environment, salt } = options
  const { kv: engine, random, clock } = environment
  const kind = containerRowsBy(clock)
  return ownDevice<Index<ContainerRow>>({
    ...options,
    directory: 'accounts',
    replicaStatePrefix: devicePrefix('replicaState'),
    ledgerPrefix: devicePrefix('syncLedger'),
    open: (place) => openIndex({ engine, random, kind, salt, ...place }),
  })
}

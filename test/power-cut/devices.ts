/** A device of each kind in a directory of this machine, opened as a server opens it. */
import { type AccountDevice, openAccountDevice } from '#account-server/open-device.ts'
import { Drive } from '#backend/drive-state.ts'
import { parsePolicies, type StoragePolicies } from '#backend/policies.ts'
import type { NewDevice } from '#backend/replica-state.ts'
import { silentLogger } from '#base/log.ts'
import { type ContainerDevice, openContainerDevice } from '#container-server/open-device.ts'
import { realEnvironment } from '#node/environment.ts'
import { ObjectDevice } from '#object-server/device.ts'

/** Directory of the device, below the one that is given. */
export const DEVICE = 'd1'
const MOUNT_CHECK = 'any_directory'
export const SALT = { prefix: 'power', suffix: 'cut' }

/** `directory` holds the device. */
export function openObjects(directory: string, newDevice: NewDevice): Promise<ObjectDevice> {
  return ObjectDevice.open({
    environment: realEnvironment(),
    devicesPath: directory,
    device: DEVICE,
    mountCheck: MOUNT_CHECK,
    policies: parsePolicies([{ index: 0, name: 'gold', default: true }]) as StoragePolicies,
    salt: SALT,
    log: silentLogger,
    newDevice,
    operationsMax: 3,
  })
}

export function openContainers(directory: string, newDevice: NewDevice): Promise<ContainerDevice> {
  return owned(openContainerDevice(indexOptions(directory, newDevice)))
}

export function openAccounts(directory: string, newDevice: NewDevice): Promise<AccountDevice> {
  return owned(openAccountDevice(indexOptions(directory, newDevice)))
}

function indexOptions(directory: string, newDevice: NewDevice): Parameters<typeof openContainerDevice>[0] {
  const environment = realEnvironment()
  const place = { devicesPath: directory, device: DEVICE, mountCheck: MOUNT_CHECK } as const
  return {
    environment,
    log: silentLogger,
    drive: new Drive({ ...environment, ...place }),
    salt: SALT,
    newDevice,
  }
}

async function owned<Device>(opening: Promise<Device | { readonly kind: 'locked' }>): Promise<Device> {
  const device = await opening
  if (typeof device === 'object' && device !== null && 'kind' in device && device.kind === 'locked')
    throw new Error('another process has the device')
  return device as Device
}

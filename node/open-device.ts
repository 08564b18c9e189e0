/** A process takes its device: opens the engines, and gives the workers what they are made from. */

import { join } from 'node:path'
import type { ClockWatch } from '#backend/clock-watch.ts'
import type { NewDevice } from '#backend/replica-state.ts'
import type { PeerAddress } from '#object-server/replication/messages.ts'
import type { Worker } from '#worker/contract.ts'
import { Foreground } from '#worker/foreground.ts'
import { recordKeysOf } from './cluster-file.ts'
import { openDeviceClock } from './device-clock.ts'
import { makeWorkers } from './device-workers.ts'
import { codeOf } from './durable-file.ts'
import { openProcess, type ProcessAssignment, type ProcessParts } from './process-parts.ts'
import { ringTargets } from './ring-targets.ts'
import { StorageDevice } from './storage-device.ts'
import type { WorkerContext } from './worker-context.ts'

/** Which device, of which host. */
export interface OwnedDeviceAssignment extends ProcessAssignment {
  readonly device: string
  /** Address of this host in the rings. */
  readonly host: string
  readonly devicesPath: string
  readonly newDevice: NewDevice
}

/** Rejects with what `StorageDevice.open` rejects with. */
export function openDevice(
  told: OwnedDeviceAssignment,
  parts: ProcessParts,
  watch: ClockWatch,
): Promise<StorageDevice> {
  const { salt } = told.cluster
  const targets = ringTargets(parts.rings, salt)
  return StorageDevice.open({
    ...parts,
    ...told,
    log: parts.log.child({ device: told.device }),
    salt,
    isClockInDoubt: watch.isInDoubt,
    dating: watch.dating,
    accountTargets: targets.account,
    containerPlacement: targets.container,
    objectPlacement: targets.object,
    isObjectPeer: (policyIndex, peer) => isInRings(parts, policyIndex, peer),
  })
}

/** In the object ring of the policy, or in the one before: a device that was taken out still hands over what it has. */
function isInRings(
  { rings }: ProcessParts,
  policyIndex: number,
  { host, port, device }: PeerAddress,
): boolean {
  const watcher = rings.object(policyIndex)
  return [watcher?.ring, watcher?.previous].some((ring) =>
    ring?.devices.some((one) => one?.ip === host && one.port === port && one.device === device),
  )
}

/** What the workers of the device are made from. */
export function workerContext(
  told: OwnedDeviceAssignment,
  parts: ProcessParts,
  device: StorageDevice,
  foreground: Foreground,
): WorkerContext {
  const { host, devicesPath, settings, cluster } = told
  const log = parts.log.child({ device: told.device })
  const clusterSecrets = recordKeysOf(cluster)
  return {
    ...parts,
    log,
    device,
    host,
    devicesPath,
    settings,
    salt: cluster.salt,
    clusterSecrets,
    foreground,
  }
}

/** A device that no process has in service, taken for the time of a command. */
export interface DeviceOutOfService {
  /** None of them runs by itself. */
  readonly workers: readonly Worker[]
  /** Makes everything durable and lets the device go. */
  readonly close: () => Promise<void>
}

/** Takes the lock of a device; a sentence when it cannot be had. */
export async function takeDevice(
  program: string,
  told: OwnedDeviceAssignment,
): Promise<DeviceOutOfService | { readonly failed: string }> {
  try {
    const parts = await openProcess(program, told)
    const watch = await openDeviceClock(told, parts)
    const dated = { ...parts, environment: { ...parts.environment, clock: watch.clock } }
    const device = await openDevice(told, dated, watch)
    const foreground = new Foreground(parts.environment.clock)
    const workers = makeWorkers(workerContext(told, dated, device, foreground))
    return {
      workers,
      close: async () => {
        await device.close()
        parts.rings.close()
        await parts.transport.close()
      },
    }
  } catch (error) {
    return { failed: deviceSentence(error, told) }
  }
}

/** Why a device could not be opened, for a person. */
export function deviceSentence(error: unknown, { device, devicesPath }: OwnedDeviceAssignment): string {
  const path = join(devicesPath, device)
  const code = codeOf(error)
  if (code === 'LEVEL_LOCKED') return `another process has the device ${path}`
  if (code === 'ENOENT') return `there is no device ${path}`
  if (code === 'ENEWERFORMAT')
    return `the device ${path} was written by a newer version of Martlet; start that one`
  if (code !== '') return `the device ${path} cannot be used (${code})`
  return error instanceof Error ? error.message : String(error)
}

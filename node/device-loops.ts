/** What a device does without being asked, besides its workers. */
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import { Loop } from './loop.ts'
import type { StorageDevice } from './storage-device.ts'

export interface DeviceLoopsOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly device: StorageDevice
}

/** A device notes now and then that it is in service (`backend/replica-state.ts`). */
const STAMP_ALIVE_PAUSE_MS = 3_600_000

/** Begins to note that the device is alive. To be stopped before the device is closed. */
export function startDeviceLoops({ clock, log, device }: DeviceLoopsOptions): readonly Loop[] {
  return [
    new Loop({
      clock,
      log,
      name: 'alive',
      pauseMs: () => STAMP_ALIVE_PAUSE_MS,
      pass: () => device.stampAlive(),
    }),
  ]
}

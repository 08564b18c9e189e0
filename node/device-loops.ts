/** What a device does without being asked, besides its workers. */
import { BACK_MAX_MS } from '#backend/clock-standing.ts'
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import { Loop } from './loop.ts'
import type { StorageDevice } from './storage-device.ts'

export interface DeviceLoopsOptions {
  /** By which the device dates what it stores (`backend/clock-watch.ts`). */
  readonly clock: Clock
  readonly log: Logger
  readonly device: Pick<StorageDevice, 'stampAlive'>
}

/** A device notes so often that it is in service (`backend/replica-state.ts`), milliseconds. */
const STAMP_ALIVE_EVERY_MS = 3_600_000
/** As often as the clock is looked at, milliseconds. */
const LOOK_EVERY_MS = 30_000

/**
 * Begins to note that the device is alive: every hour, and when its clock was set back, because then what it noted before
 * lies in the future. To be stopped before the device is closed.
 */
export function startDeviceLoops({ clock, log, device }: DeviceLoopsOptions): readonly Loop[] {
  let stampedMs = clock.monotonicMs()
  let seen = { wallMs: clock.wallMs(), atMs: clock.monotonicMs() }
  const alive = async (): Promise<void> => {
    const now = { wallMs: clock.wallMs(), atMs: clock.monotonicMs() }
    const wasSetBack = now.wallMs - seen.wallMs < now.atMs - seen.atMs - BACK_MAX_MS
    if (wasSetBack || now.atMs - stampedMs >= STAMP_ALIVE_EVERY_MS) {
      await device.stampAlive()
      stampedMs = now.atMs
    }
    seen = now
  }
  return [new Loop({ clock, log, name: 'alive', pauseMs: () => LOOK_EVERY_MS, pass: alive })]
}

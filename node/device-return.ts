/**
 * A device whose failure passes (`disk/passing-failure.ts`) comes back by itself: it answers 507 until its filesystem takes
 * writes again, then its process is started anew, which opens every store and recovers what was cut short. So a device that
 * got `ENOSPC` for its LevelDB, or was read-only for a while, waits for nobody to look at it.
 */
import { join } from 'node:path'
import type { Clock, Disk } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { DeviceHealth } from '#disk/device-health.ts'
import { Loop } from './loop.ts'

export interface DeviceReturnOptions {
  /** The machine's own: on the device's nothing is started any more. */
  readonly disk: Disk
  readonly clock: Clock
  readonly log: Logger
  /** Directory of the device. */
  readonly path: string
  readonly health: DeviceHealth
  /** The process is to be started anew. Called once. */
  readonly startAnew: () => void
}

/** Milliseconds. The first look is no earlier, so that a device that fails again and again does not spin. */
const LOOK_EVERY_MS = 5_000
/** What the stores of a device may need to be opened: each writes what is in its log to a table of 4 MiB at most. */
const TRIAL_BYTES = 16 * 1024 * 1024
const PIECE_BYTES = 1024 * 1024
/** Below `tmp/`, which is emptied at each start. */
const TRIAL_FILE = 'tmp/trial'

/** Begins to look at a device that failed, as long as that may pass. To be stopped before the device is closed. */
export function startDeviceReturn(options: DeviceReturnOptions): Loop {
  const { clock, log, health, startAnew } = options
  let isAsked = false
  const look = async (): Promise<void> => {
    if (isAsked || health.failure?.kind !== 'passing' || !(await takesWrites(options))) return
    isAsked = true
    log.info({ reason: health.failure.reason }, 'the device takes writes again: its process is started anew')
    startAnew()
  }
  return new Loop({ clock, log, name: 'return', pauseMs: () => LOOK_EVERY_MS, pass: look })
}

/** Puts as much on the filesystem as the stores may need, synced, and takes it away again. */
async function takesWrites({ disk, path }: DeviceReturnOptions): Promise<boolean> {
  const trial = join(path, TRIAL_FILE)
  await disk.unlink(trial).catch(() => {})
  try {
    await writeTrial(disk, trial)
    return true
  } catch {
    return false
  } finally {
    await disk.unlink(trial).catch(() => {})
  }
}

async function writeTrial(disk: Disk, trial: string): Promise<void> {
  const file = await disk.createExclusive(trial)
  try {
    const piece = Buffer.alloc(PIECE_BYTES, 1)
    for (let at = 0; at < TRIAL_BYTES; at += PIECE_BYTES) await file.write(piece, at)
    await file.sync()
  } finally {
    await file.close()
  }
}

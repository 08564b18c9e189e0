/**
 * The realms of container sync from their file, read at the start and looked at again every few minutes. A file that has
 * become unreadable changes nothing but the log.
 */
import { NO_REALMS, parseRealms, type Realms } from '#auth/container-sync/realms.ts'
import type { Clock, Disk } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import { codeOf } from './durable-file.ts'

/** OpenStack Swift's `mtime_check_interval`. */
const LOOK_EVERY_MS = 300_000

export interface RealmsFileOptions {
  readonly clock: Clock
  readonly disk: Disk
  readonly log: Logger
  /** `undefined`: there are no realms. */
  readonly path: string | undefined
}

/** Rejects with an `Error` that says what is wrong with the file, without its keys. Gives the realms of the moment. */
export async function openRealms(options: RealmsFileOptions): Promise<() => Realms> {
  const { clock, disk, log, path } = options
  if (path === undefined) return () => NO_REALMS
  let realms = await readRealms(disk, path)
  let lookAtMs = clock.monotonicMs() + LOOK_EVERY_MS
  return () => {
    if (clock.monotonicMs() >= lookAtMs) {
      lookAtMs = clock.monotonicMs() + LOOK_EVERY_MS
      void readRealms(disk, path).then(
        (read) => {
          realms = read
        },
        (error: unknown) => log.error({ err: error }, 'the realms of container sync stay as they were'),
      )
    }
    return realms
  }
}

async function readRealms(disk: Disk, path: string): Promise<Realms> {
  const text = await disk.readFile(path).catch((error: unknown) => {
    throw new Error(`container_sync: ${path} cannot be read (${codeOf(error)})`, { cause: error })
  })
  try {
    return parseRealms(text.toString('utf8'))
  } catch (error) {
    throw new Error(`container_sync: ${path}: ${(error as Error).message}`, { cause: error })
  }
}

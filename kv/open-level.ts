/**
 * The real key-value engine: LevelDB in a directory, keys and values as bytes. Its lock file is what makes a device
 * belong to one process.
 *
 * LevelDB's paranoid checks cannot be switched on: `classic-level` 3.0 does not hand the option through. What they would
 * see is looked at by others: a write behind a torn record cannot happen (`fail-stop.ts`). A log whose end was damaged after
 * it was synced is cut short in silence. Nor are the checksums of blocks verified when they are read or merged into new
 * tables: a bit that flips on the disk is read as it is, unless it breaks the form of what is stored. Rows are held against
 * their digests once a day (`db/database-audit.ts`), object entries against their files (`auditor/object-auditor.ts`).
 */
import { dirname } from 'node:path'
import { Level } from 'level'
import type { Clock, Disk, KvEngine, KvStore } from '#base/environment.ts'
import { failStop } from './fail-stop.ts'

/** Bytes of recent writes LevelDB keeps in memory before it writes a table file, and once more while it does. */
const WRITE_BUFFER_BYTES = 4 * 1024 * 1024

/** The engine over LevelDB. `disk` makes directories durable and moves them, the clock notices a write that hangs. */
export function levelEngine(disk: Disk, clock: Clock): KvEngine {
  return {
    async open(path) {
      const level = await openLevel(path)
      try {
        await syncEntries(disk, path)
      } catch (error) {
        await level.close()
        throw error
      }
      return failStop(level, clock)
    },
    async move(path, target) {
      await disk.mkdir(dirname(target), { recursive: true })
      await disk.rename(path, target)
      await syncMoved(disk, dirname(path), dirname(target))
    },
  }
}

/** A store that may have been created just now: its first files, of which LevelDB syncs not all, and its directory. */
async function syncEntries(disk: Disk, path: string): Promise<void> {
  await disk.syncDirectory(path)
  await disk.syncDirectory(dirname(path))
}

/** Where it was and where it is; directories made for it on the way there are below the one where it was. */
async function syncMoved(disk: Disk, source: string, target: string): Promise<void> {
  await disk.syncDirectory(target)
  for (let above = dirname(target); above.startsWith(`${source}/`); above = dirname(above)) {
    await disk.syncDirectory(above)
  }
  if (source !== target) await disk.syncDirectory(source)
}

async function openLevel(path: string): Promise<KvStore> {
  const level = new Level<Buffer, Buffer>(path, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    writeBufferSize: WRITE_BUFFER_BYTES,
  })
  try {
    await level.open()
  } catch (error) {
    throw causeOf(error)
  }
  return level as unknown as KvStore
}

/** `level` wraps every failure to open in one general error; the code that says why is on its cause. */
function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause instanceof Error ? error.cause : error
}

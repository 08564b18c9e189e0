/**
 * The real key-value engine: LevelDB in a directory, keys and values as bytes. Its lock file is what makes a device
 * belong to one process.
 *
 * LevelDB's paranoid checks cannot be switched on: `classic-level` 3.0 does not hand the option through. What they would
 * see is looked at by others: a write behind a torn record cannot happen (`fail-stop.ts`), and blocks that are read are
 * verified by their checksums anyway. A log whose end was damaged after it was synced is cut short in silence.
 */
import { dirname } from 'node:path'
import { Level } from 'level'
import type { Clock, Disk, KvEngine, KvStore } from '#base/environment.ts'
import { failStop } from './fail-stop.ts'

/** Bytes of recent writes LevelDB keeps in memory before it writes a table file; LevelDB's own default is 4 MiB. */
const WRITE_BUFFER_BYTES = 8 * 1024 * 1024

/** The engine over LevelDB. `disk` is used only to move a store away, the clock to notice a write that hangs. */
export function levelEngine(disk: Disk, clock: Clock): KvEngine {
  return {
    open: async (path) => failStop(await openLevel(path), clock),
    async move(path, target) {
      await disk.mkdir(dirname(target), { recursive: true })
      await disk.rename(path, target)
      await disk.syncDirectory(dirname(target))
    },
  }
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

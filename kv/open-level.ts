/**
 * The real key-value engine: LevelDB in a directory, keys and values as bytes. Its lock file is what makes a device
 * belong to one process.
 */
import { dirname } from 'node:path'
import { Level } from 'level'
import type { Disk, KvEngine, KvStore } from '#base/environment.ts'

/** Bytes of recent writes LevelDB keeps in memory before it writes a table file; LevelDB's own default is 4 MiB. */
const WRITE_BUFFER_BYTES = 8 * 1024 * 1024

/** The engine over LevelDB. `disk` is used only to move a store away. */
export function levelEngine(disk: Disk): KvEngine {
  return {
    open: openLevel,
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

/** Keeps the high-water mark of a process's hybrid clock in a small file, so that no restart gives a timestamp twice. */
import type { Disk } from '#base/environment.ts'
import { parseTimestamp, type Timestamp } from '#base/timestamp.ts'
import type { HighWaterStore } from '#cluster/hybrid-clock.ts'
import { readIfThere, writeDurably } from './durable-file.ts'

/** A mark in the file; one that cannot be read is as good as none, because the wall clock has gone on since. */
export function markInFile(disk: Disk, path: string): HighWaterStore {
  return {
    load: async () => {
      const written = await readIfThere(disk, path)
      return written === undefined ? undefined : parseTimestamp(written.toString())
    },
    save: (mark: Timestamp) => writeDurably(disk, path, Buffer.from(`${mark}\n`)),
  }
}

/** For a process that has no place of its own on a disk: after a restart it relies on the wall clock. */
export function markInMemory(): HighWaterStore {
  return { load: async () => undefined, save: async () => {} }
}

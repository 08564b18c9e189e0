/**
 * What a machine may have lost, or may take out of service, and no more than that: of each object what it had when something
 * befell its disk. What it is given afterwards it must keep, as everybody must.
 */
import { posix } from 'node:path'
import { type Timestamp, ZERO_TIMESTAMP } from '#base/timestamp.ts'
import { type ObjectFile, parseFileName } from '#object-server/layout.ts'
import type { StorageNode } from './storage-node.ts'

export class Damage {
  /** By hash, the latest time of a file that may be gone, and of all before it. */
  readonly #latest = new Map<string, Timestamp>()

  /** Everything that the machine has at this moment, out of service or not. */
  noteAll({ machine }: StorageNode): void {
    for (const path of machine.disk.files()) this.noteFile(path)
  }

  noteFile(path: string): void {
    const file = objectFileAt(path)
    if (file === undefined) return
    const known = this.#latest.get(file.hash)
    if (known === undefined || file.timestamp > known) this.#latest.set(file.hash, file.timestamp)
  }

  /** May the machine be without what it had of the object at that time? */
  excuses(hash: string, timestamp: Timestamp): boolean {
    return timestamp <= (this.#latest.get(hash) ?? ZERO_TIMESTAMP)
  }

  /** May a file be out of service? */
  excusesFile(path: string): boolean {
    const file = objectFileAt(path)
    return file !== undefined && this.excuses(file.hash, file.timestamp)
  }
}

/** What was taken out of service has a number behind its name where there was one already. */
function objectFileAt(path: string): ObjectFile | undefined {
  return parseFileName(posix.basename(path).replace(/\.\d+$/, ''))
}

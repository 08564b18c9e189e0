/**
 * Syncs of directories, shared: who asks while a sync of the same directory is under way waits for the next one, which
 * then serves everybody who asked meanwhile. Directories that are synced again and again stay open, which saves two of
 * three operations. One that cannot be kept open (too many files, too many reads that wait) is synced all the same: what
 * was renamed into it must not stay half done.
 */
import type { Disk, DiskFile } from '#base/environment.ts'

/** The 256 leaves of one policy and what lies above them. */
const OPEN_MAX = 300

interface Syncing {
  current: Promise<void>
  next: Promise<void> | undefined
}

export class DirectorySyncs {
  readonly #disk: Disk
  readonly #underWay = new Map<string, Syncing>()
  readonly #open = new Map<string, Promise<DiskFile>>()

  constructor(disk: Disk) {
    this.#disk = disk
  }

  /**
   * Resolves when every change made to the directory before the call is durable. The directory must not be removed or
   * replaced while the device is in use.
   */
  sync(path: string): Promise<void> {
    const syncing = this.#underWay.get(path)
    if (syncing === undefined) return this.#start(path)
    syncing.next ??= syncing.current.then(
      () => this.#start(path),
      () => this.#start(path),
    )
    return syncing.next
  }

  /** Closes what stayed open. Call it when no sync is under way. */
  async close(): Promise<void> {
    const directories = [...this.#open.values()]
    this.#open.clear()
    await Promise.allSettled(directories.map(async (directory) => await (await directory).close()))
  }

  #start(path: string): Promise<void> {
    const syncing: Syncing = { current: this.#sync(path), next: undefined }
    this.#underWay.set(path, syncing)
    const forget = (): void => {
      if (syncing.next === undefined) this.#underWay.delete(path)
    }
    syncing.current.then(forget, forget)
    return syncing.current
  }

  async #sync(path: string): Promise<void> {
    const directory = await this.#opened(path)
    if (directory === undefined) await this.#disk.syncDirectory(path)
    else await directory.sync()
  }

  async #opened(path: string): Promise<DiskFile | undefined> {
    const known = this.#open.get(path)
    if (known !== undefined) return await known
    if (this.#open.size >= OPEN_MAX) return undefined
    const opening = this.#disk.openRead(path)
    this.#open.set(path, opening)
    try {
      return await opening
    } catch {
      this.#open.delete(path)
      return undefined
    }
  }
}

/**
 * Syncs of directories, shared: who asks while a sync of the same directory is under way waits for the next one, which
 * then serves everybody who asked meanwhile.
 */
import type { Disk } from '#base/environment.ts'

interface Syncing {
  current: Promise<void>
  next: Promise<void> | undefined
}

export class DirectorySyncs {
  readonly #disk: Disk
  readonly #underWay = new Map<string, Syncing>()

  constructor(disk: Disk) {
    this.#disk = disk
  }

  /** Resolves when every change made to the directory before the call is durable. */
  sync(path: string): Promise<void> {
    const syncing = this.#underWay.get(path)
    if (syncing === undefined) return this.#start(path)
    syncing.next ??= syncing.current.then(
      () => this.#start(path),
      () => this.#start(path),
    )
    return syncing.next
  }

  #start(path: string): Promise<void> {
    const syncing: Syncing = { current: this.#disk.syncDirectory(path), next: undefined }
    this.#underWay.set(path, syncing)
    const forget = (): void => {
      if (syncing.next === undefined) this.#underWay.delete(path)
    }
    syncing.current.then(forget, forget)
    return syncing.current
  }
}

/**
 * Remembers across a restart that the object index could not be read: LevelDB opens a store whose tables are damaged, and
 * the damage shows only where it is read. A file beside the index, because the index itself cannot be trusted.
 */
import type { Disk } from '#base/environment.ts'
import { codeOf } from '#disk/disk-error.ts'

export class DamageMark {
  readonly #disk: Disk
  readonly #devicePath: string
  readonly #path: string

  constructor(disk: Disk, devicePath: string, indexPath: string) {
    this.#disk = disk
    this.#devicePath = devicePath
    this.#path = `${indexPath}.damaged`
  }

  async isSet(): Promise<boolean> {
    try {
      await this.#disk.stat(this.#path)
      return true
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return false
      throw error
    }
  }

  async set(): Promise<void> {
    try {
      await (await this.#disk.createExclusive(this.#path)).close()
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
    }
    await this.#disk.syncDirectory(this.#devicePath)
  }

  async clear(): Promise<void> {
    if (!(await this.isSet())) return
    await this.#disk.unlink(this.#path)
    await this.#disk.syncDirectory(this.#devicePath)
  }
}

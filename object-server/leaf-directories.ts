/**
 * Makes a leaf directory ready to be written to: it exists durably, and the index notes durably that it is in use. Both
 * happen once per leaf, while the first body still arrives. After an unclean stop only noted leaves can differ from the
 * index, and only they are looked at; a clean stop takes all notes back.
 */
import type { Disk } from '#base/environment.ts'
import { codeOf } from '#disk/disk-error.ts'
import type { DirectorySyncs } from './directory-syncs.ts'
import { type Leaf, leafPath } from './layout.ts'
import type { ObjectIndex } from './object-index.ts'

export class LeafDirectories {
  readonly #disk: Disk
  readonly #objects: string
  readonly #index: ObjectIndex
  readonly #syncs: DirectorySyncs
  readonly #ready = new Map<Leaf, Promise<void>>()

  constructor(disk: Disk, objects: string, index: ObjectIndex, syncs: DirectorySyncs) {
    this.#disk = disk
    this.#objects = objects
    this.#index = index
    this.#syncs = syncs
  }

  path(leaf: Leaf): string {
    return leafPath(this.#objects, leaf)
  }

  /** Resolves when files may be renamed into the leaf, or be moved out of it. */
  ready(leaf: Leaf): Promise<void> {
    const known = this.#ready.get(leaf)
    if (known !== undefined) return known
    const ready = this.#prepare(leaf)
    // Whoever awaits it hears of the failure; the next write tries again.
    ready.catch(() => this.#ready.delete(leaf))
    this.#ready.set(leaf, ready)
    return ready
  }

  async #prepare(leaf: Leaf): Promise<void> {
    await Promise.all([this.#index.markLeaf(leaf), this.#make(leaf)])
  }

  /** A leaf that is there already may be the work of a process that was killed before it synced: so it is synced too. */
  async #make(leaf: Leaf): Promise<void> {
    await this.#disk.mkdir(this.path(leaf)).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error
    })
    await this.#syncs.sync(this.#objects)
  }
}

/**
 * Makes a leaf directory ready to be written to: it exists durably, and the index notes durably that it is in use. Both
 * happen while the body still arrives. After an unclean stop only noted leaves can differ from the index, and only they
 * are looked at.
 *
 * The notes are bounded: beyond `NOTED_LEAVES_MAX` the oldest leaf in which nothing is under way is let go; every write
 * in it is in the index by then.
 */
import type { Disk } from '#base/environment.ts'
import { codeOf } from '#disk/disk-error.ts'
import type { DirectorySyncs } from './directory-syncs.ts'
import { type Leaf, leafPath } from './layout.ts'
import type { ObjectIndex } from './object-index.ts'

/** How many leaves a start after an unclean stop may have to look at; each costs about 0.1 ms. */
export const NOTED_LEAVES_MAX = 8192

interface Note {
  durable: Promise<void>
  /** Writes under way. */
  users: number
}

export class LeafDirectories {
  readonly #disk: Disk
  readonly #objects: string
  readonly #index: ObjectIndex
  readonly #syncs: DirectorySyncs
  readonly #notedMax: number
  readonly #notes = new Map<Leaf, Note>()
  /** Leaves that exist durably, by the two digits of their parent. */
  readonly #existing = new Map<string, Promise<Set<Leaf>>>()
  readonly #making = new Map<Leaf, Promise<void>>()

  constructor(
    disk: Disk,
    objects: string,
    index: ObjectIndex,
    syncs: DirectorySyncs,
    notedMax = NOTED_LEAVES_MAX,
  ) {
    this.#disk = disk
    this.#objects = objects
    this.#index = index
    this.#syncs = syncs
    this.#notedMax = notedMax
  }

  path(leaf: Leaf): string {
    return leafPath(this.#objects, leaf)
  }

  get noted(): number {
    return this.#notes.size
  }

  /** Resolves when files may be renamed into the leaf. Every call is followed by one `release`, also if it rejects. */
  async acquire(leaf: Leaf): Promise<void> {
    const note = this.#note(leaf)
    note.users += 1
    await Promise.all([note.durable, this.#exists(leaf)])
  }

  /** The write is in the index, or did not happen. */
  release(leaf: Leaf): void {
    const note = this.#notes.get(leaf)
    if (note !== undefined) note.users -= 1
    if (this.#notes.size > this.#notedMax) this.#letGo()
  }

  #note(leaf: Leaf): Note {
    const known = this.#notes.get(leaf)
    if (known !== undefined) return known
    const note: Note = { durable: this.#index.markLeaf(leaf), users: 0 }
    note.durable.catch(() => this.#notes.delete(leaf))
    this.#notes.set(leaf, note)
    return note
  }

  /** A sixteenth at a time, so that it is one batch and not one per write. */
  #letGo(): void {
    const leaves: Leaf[] = []
    for (const [leaf, note] of this.#notes) {
      if (leaves.length >= this.#notedMax / 16) break
      if (note.users > 0) continue
      this.#notes.delete(leaf)
      leaves.push(leaf)
    }
    this.#index.unmarkLeaves(leaves).catch(() => {})
  }

  async #exists(leaf: Leaf): Promise<void> {
    const existing = await this.#existingBelow(leaf.slice(0, 2))
    if (existing.has(leaf)) return
    const underWay = this.#making.get(leaf)
    if (underWay !== undefined) return await underWay
    const making = this.#make(leaf, existing).finally(() => this.#making.delete(leaf))
    this.#making.set(leaf, making)
    await making
  }

  async #make(leaf: Leaf, existing: Set<Leaf>): Promise<void> {
    await this.#disk.mkdir(this.path(leaf), { recursive: true })
    await this.#syncs.sync(`${this.#objects}/${leaf.slice(0, 2)}`)
    existing.add(leaf)
  }

  #existingBelow(parent: string): Promise<Set<Leaf>> {
    let existing = this.#existing.get(parent)
    if (existing === undefined) {
      existing = this.#readParent(parent)
      existing.catch(() => this.#existing.delete(parent))
      this.#existing.set(parent, existing)
    }
    return existing
  }

  /** What is in the parent may have been made by a process that was killed before it synced: so it is synced here. */
  async #readParent(parent: string): Promise<Set<Leaf>> {
    const path = `${this.#objects}/${parent}`
    const names = await this.#readOrMake(path)
    await this.#syncs.sync(path)
    await this.#syncs.sync(this.#objects)
    return new Set(names.map((name) => `${parent}${name}`))
  }

  async #readOrMake(path: string): Promise<readonly string[]> {
    try {
      return await this.#disk.readdir(path)
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
      await this.#disk.mkdir(path, { recursive: true })
      return []
    }
  }
}

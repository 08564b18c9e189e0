/**
 * The files and directories of the disk in memory, with what a machine that loses power may forget.
 *
 * Every file has contents as programs see them and contents that were synced. Every directory has the entries programs
 * see, the entries that are durable, and the changes made since its last sync, in order. `afterCrash` picks one legal
 * outcome:
 *  - of the changes to one name in one directory, a prefix survives; in a directory whose changes are journalled in
 *    order, a prefix of all of them;
 *  - a rename across directories never loses the file: the old name goes only if the new one stays;
 *  - unsynced contents are the synced ones, the new ones, cut short, or new in some blocks only; what was synced and not
 *    written again stays.
 *
 * After a sync that failed the kernel takes for written what may not be, as Linux does: later syncs succeed, and make
 * durable only what is written from then on.
 */
import type { Random } from '#base/environment.ts'

/** Contents tear at this granularity, bytes: the block of ext4 and XFS. */
const BLOCK_BYTES = 4096

export class MemoryContents {
  bytes: Buffer = Buffer.alloc(0)
  xattrs = new Map<string, Buffer>()
  mtimeMs = 0
  synced: { readonly bytes: Buffer; readonly xattrs: ReadonlyMap<string, Buffer> } = {
    bytes: Buffer.alloc(0),
    xattrs: new Map(),
  }
  /** Blocks that were written since a sync failed; `undefined` while none has. */
  #writtenAgain: Set<number> | undefined

  write(source: Buffer, position: number): void {
    for (let start = blockOf(position); start < position + source.length; start += BLOCK_BYTES) {
      this.#writtenAgain?.add(start)
    }
    const end = position + source.length
    const grown = Buffer.alloc(Math.max(end, this.bytes.length))
    this.bytes.copy(grown)
    source.copy(grown, position)
    this.bytes = grown
  }

  sync(): void {
    this.beginSync()()
  }

  /** A sync that takes time: what is returned makes durable what was there now, and nothing written since. */
  beginSync(): () => void {
    const synced = { bytes: this.#reachable(), xattrs: new Map(this.xattrs) }
    return () => {
      this.synced = synced
    }
  }

  /** Contents can still be read, but nothing brings them to the disk any more. */
  failSync(): void {
    this.#writtenAgain = new Set()
  }

  /** What a sync brings to the disk. */
  #reachable(): Buffer {
    if (this.#writtenAgain === undefined) return Buffer.from(this.bytes)
    const onDisk = Buffer.alloc(this.bytes.length)
    this.synced.bytes.copy(onDisk)
    for (const start of this.#writtenAgain) {
      this.bytes.copy(onDisk, start, start, Math.min(this.bytes.length, start + BLOCK_BYTES))
    }
    this.#writtenAgain.clear()
    return onDisk
  }

  get isSynced(): boolean {
    return this.synced.bytes.equals(this.bytes) && sameXattrs(this.synced.xattrs, this.xattrs)
  }
}

/** Where the block begins. */
function blockOf(position: number): number {
  return position - (position % BLOCK_BYTES)
}

function sameXattrs(left: ReadonlyMap<string, Buffer>, right: ReadonlyMap<string, Buffer>): boolean {
  if (left.size !== right.size) return false
  return [...left].every(([name, value]) => right.get(name)?.equals(value) === true)
}

export type MemoryNode = MemoryContents | MemoryDirectory

interface EntryChange {
  readonly name: string
  /** `undefined`: the name is removed. */
  readonly node: MemoryNode | undefined
  /** For the removal half of a rename: the change that puts the file in its new place. */
  readonly needs: EntryChange | undefined
  survives: boolean
}

/** Whether changes of different names may survive in another order than they were made. ext4 and XFS keep the order. */
export type EntryOrder = 'any' | 'journalled'

export class MemoryDirectory {
  readonly #order: EntryOrder
  readonly entries = new Map<string, MemoryNode>()
  #durable = new Map<string, MemoryNode>()
  #changes: EntryChange[] = []
  #version = 0
  mtimeMs = 0

  constructor(order: EntryOrder = 'any') {
    this.#order = order
  }

  /** Another number after every change of an entry. */
  get version(): number {
    return this.#version
  }

  set(name: string, node: MemoryNode | undefined, needs?: EntryChange): EntryChange {
    this.#version += 1
    if (node === undefined) this.entries.delete(name)
    else this.entries.set(name, node)
    const change: EntryChange = { name, node, needs, survives: false }
    this.#changes.push(change)
    return change
  }

  sync(): void {
    this.beginSync()()
  }

  /** A sync that takes time: what is returned makes durable what was changed so far, and nothing changed since. */
  beginSync(): () => void {
    const synced = new Set(this.#changes)
    return () => {
      for (const change of this.#changes.filter((one) => synced.has(one))) {
        change.survives = true
        applyTo(this.#durable, change)
      }
      this.#changes = this.#changes.filter((one) => !synced.has(one))
    }
  }

  /** First step of a crash: which of the changes to each name survive, before renames are made consistent. */
  chooseSurvivors(random: Random): void {
    for (const changes of this.#ordered()) {
      const kept = random.below(changes.length + 1)
      changes.forEach((change, at) => {
        change.survives = at < kept
      })
    }
  }

  /** Second step, repeated until nothing changes: a removal that would lose a renamed file did not happen. */
  keepRenamedFiles(): boolean {
    let changed = false
    for (const changes of this.#ordered()) {
      const at = changes.findIndex((one) => one.survives && one.needs !== undefined && !one.needs.survives)
      if (at < 0) continue
      for (const change of changes.slice(at)) change.survives = false
      changed = true
    }
    return changed
  }

  /** Changes of which a prefix survives. */
  #ordered(): Iterable<readonly EntryChange[]> {
    return this.#order === 'journalled' ? [this.#changes] : byName(this.#changes).values()
  }

  /** Last step: what was durable, and the surviving changes on top. */
  afterCrash(copyOf: (node: MemoryNode) => MemoryNode): MemoryDirectory {
    const after = new MemoryDirectory(this.#order)
    const entries = new Map(this.#durable)
    for (const change of this.#changes) if (change.survives) applyTo(entries, change)
    for (const [name, node] of entries) after.entries.set(name, copyOf(node))
    after.mtimeMs = this.mtimeMs
    after.#durable = new Map(after.entries)
    return after
  }

  /** Every directory that programs or the durable state can see below this one, itself included. */
  *directories(): Generator<MemoryDirectory> {
    yield this
    const seen = new Set<MemoryNode>([...this.entries.values(), ...this.#durable.values()])
    for (const change of this.#changes) if (change.node !== undefined) seen.add(change.node)
    for (const node of seen) if (node instanceof MemoryDirectory) yield* node.directories()
  }
}

function applyTo(entries: Map<string, MemoryNode>, change: EntryChange): void {
  if (change.node === undefined) entries.delete(change.name)
  else entries.set(change.name, change.node)
}

function byName(changes: readonly EntryChange[]): Map<string, EntryChange[]> {
  const groups = new Map<string, EntryChange[]>()
  for (const change of changes) {
    const group = groups.get(change.name)
    if (group === undefined) groups.set(change.name, [change])
    else group.push(change)
  }
  return groups
}

/** The tree as a machine finds it after it lost power: one of the legal outcomes, chosen by `random`. */
export function treeAfterCrash(root: MemoryDirectory, random: Random): MemoryDirectory {
  const directories = new Set(root.directories())
  for (const directory of directories) directory.chooseSurvivors(random)
  for (let settled = false; !settled; ) {
    settled = true
    for (const directory of directories) if (directory.keepRenamedFiles()) settled = false
  }
  const copies = new Map<MemoryNode, MemoryNode>()
  const copyOf = (node: MemoryNode): MemoryNode => {
    const known = copies.get(node)
    if (known !== undefined) return known
    const copy = node instanceof MemoryDirectory ? node.afterCrash(copyOf) : contentsAfterCrash(node, random)
    copies.set(node, copy)
    return copy
  }
  return copyOf(root) as MemoryDirectory
}

function contentsAfterCrash(before: MemoryContents, random: Random): MemoryContents {
  const after = new MemoryContents()
  after.mtimeMs = before.mtimeMs
  after.bytes = before.isSynced ? Buffer.from(before.bytes) : tornBytes(before, random)
  const newXattrs = before.isSynced || random.below(2) === 0
  after.xattrs = new Map(newXattrs ? before.xattrs : before.synced.xattrs)
  after.sync()
  return after
}

function tornBytes(before: MemoryContents, random: Random): Buffer {
  switch (random.below(4)) {
    case 0:
      return Buffer.from(before.synced.bytes)
    case 1:
      return Buffer.from(before.bytes)
    case 2:
      return cutShort(before, random)
    default:
      return withHoles(before, random)
  }
}

/** The file did not grow to its whole length. */
function cutShort(before: MemoryContents, random: Random): Buffer {
  const certain = Math.min(before.synced.bytes.length, before.bytes.length)
  return Buffer.from(before.bytes.subarray(0, certain + random.below(before.bytes.length - certain + 1)))
}

/** Some blocks are as they were when the file was synced: zeros where it was shorter. */
function withHoles({ bytes, synced }: MemoryContents, random: Random): Buffer {
  const torn = Buffer.from(bytes)
  for (let start = 0; start < torn.length; start += BLOCK_BYTES) {
    if (random.below(2) !== 0) continue
    const end = Math.min(torn.length, start + BLOCK_BYTES)
    torn.fill(0, start, end)
    torn.set(synced.bytes.subarray(start, end), start)
  }
  return torn
}

/**
 * A disk in memory: the twin of `real-disk.ts` that forgets what was not synced when the machine loses power, and that
 * fails on demand. Faults it injects, because the servers claim to survive them: `ENOSPC`, `EIO`, `EROFS` and any other
 * code on any operation, an operation that never ends, a bit that flips, and a crash after any number of operations.
 *
 * A machine that crashed is dead: a `Disk` handed out before fails every call with `ECRASHED`. `remount()` gives the
 * disk of the next start.
 */
import { posix } from 'node:path'
import type { Disk, DiskFile, FileStat, FilesystemSpace, Random } from '#base/environment.ts'
import { codeOf, diskError } from './disk-error.ts'
import { MemoryContents, MemoryDirectory, type MemoryNode, treeAfterCrash } from './memory-tree.ts'

export type DiskOperation = Exclude<keyof Disk | keyof DiskFile, never>

export interface DiskFault {
  readonly operation: DiskOperation
  /** Only paths that contain this. */
  readonly path?: string
  /** `hang`: the operation never ends. Anything else is the error's code. */
  readonly effect: 'hang' | 'ENOSPC' | 'EIO' | 'EROFS' | 'ENOTSUP' | 'E2BIG' | 'EMFILE'
  /** How many operations it hits; all that match when left out. */
  times?: number
}

export interface MemoryDiskOptions {
  /** Largest value of one attribute, bytes; 0 for a filesystem without any. ext4 has about 4,000. */
  readonly xattrBytesMax?: number
  readonly totalBytes?: number
  /** Room that a full disk still has for small things, bytes. */
  readonly reserveBytes?: number
  /** Wall clock for modification times, milliseconds. */
  readonly wallMs?: () => number
}

const DEFAULT_XATTR_BYTES_MAX = 4000
const DEFAULT_TOTAL_BYTES = 2 ** 40
/** Operations that change the disk; a crash can be set to come after any of them. */
const CHANGING: ReadonlySet<DiskOperation> = new Set([
  'createExclusive',
  'mkdir',
  'rename',
  'unlink',
  'rmdir',
  'syncDirectory',
  'setXattr',
  'write',
  'writeAll',
  'sync',
])

export class MemoryDisk {
  readonly #options: MemoryDiskOptions
  #root = new MemoryDirectory()
  /** Directories that were looked up, by path; empty after any of them was moved or removed. */
  readonly #directories = new Map<string, MemoryDirectory>()
  #generation = 0
  #faults: DiskFault[] = []
  #changesLeft = Number.POSITIVE_INFINITY
  #changes = 0
  #onStop: () => void = () => {}
  #full = false
  #readOnly = false

  constructor(options: MemoryDiskOptions = {}) {
    this.#options = options
  }

  /** How many changing operations there were since the start; the crash points of a test. */
  get changes(): number {
    return this.#changes
  }

  /** The disk as the machine sees it from now until its next crash. */
  remount(): Disk {
    return new MountedDisk(this, this.#generation)
  }

  /** The machine loses power. What was not synced survives in part, as `random` decides. */
  crash(random: Random): void {
    this.#root = treeAfterCrash(this.#root, random)
    this.#directories.clear()
    this.#generation += 1
    this.#changesLeft = Number.POSITIVE_INFINITY
  }

  /** The process is killed: nothing is lost, but nobody who ran before does anything more. */
  kill(): void {
    this.#generation += 1
    this.#changesLeft = Number.POSITIVE_INFINITY
  }

  /**
   * After `count` more changing operations every operation fails as on a dead machine, until `crash()` or `kill()`.
   * `onStop` is called right after the last one, to stop other parts of the machine with it.
   */
  stopAfter(count: number, onStop: () => void = () => {}): void {
    this.#changesLeft = count
    this.#onStop = onStop
    if (count === 0) onStop()
  }

  /** What lies on the disk besides its files, as stores do, was changed: `stopAfter` counts that too. */
  countStoreWrite(): void {
    this.#changesLeft -= 1
    if (this.#changesLeft === 0) this.#onStop()
  }

  addFault(fault: DiskFault): void {
    this.#faults.push({ ...fault })
  }

  clearFaults(): void {
    this.#faults = []
  }

  /** Statfs figures as of a full or a read-only filesystem; writes fail accordingly. */
  setSpace(state: 'normal' | 'full' | 'read_only'): void {
    this.#full = state === 'full'
    this.#readOnly = state === 'read_only'
  }

  /** Turns one bit of a file's contents, on disk and in the page cache. */
  flipBit(path: string, byteAt: number, bit = 0): void {
    const contents = this.contentsAt(path, 'read')
    const bytes = Buffer.from(contents.bytes)
    bytes[byteAt] = (bytes[byteAt] ?? 0) ^ (1 << bit)
    contents.bytes = bytes
    contents.sync()
  }

  /** Removes a file behind the servers' back. */
  lose(path: string): void {
    this.directoryAt(posix.dirname(path), 'unlink').set(posix.basename(path), undefined)
    this.directoryAt(posix.dirname(path), 'unlink').sync()
  }

  /** All files, for assertions. */
  files(): readonly string[] {
    return [...filesBelow(this.#root, '')].toSorted()
  }

  /** @internal Counts and judges one operation; throws what it fails with. What it gives, if anything, never ends. */
  admit(generation: number, operation: DiskOperation, path: string): Promise<never> | undefined {
    this.mustBeUp(generation, operation, path)
    if (this.#changesLeft <= 0) throw diskError('ECRASHED', operation, path)
    if (CHANGING.has(operation)) this.#countChange(operation, path)
    // What was called then may have crashed the machine: nothing happens to the disk of its next start.
    this.mustBeUp(generation, operation, path)
    if (this.#faults.length === 0) return undefined
    const fault = this.#faults.find((one) => one.operation === operation && path.includes(one.path ?? ''))
    if (fault === undefined) return undefined
    if (fault.times !== undefined) {
      fault.times -= 1
      if (fault.times <= 0) this.#faults = this.#faults.filter((one) => one !== fault)
    }
    if (fault.effect === 'hang') return new Promise<never>(() => {})
    throw diskError(fault.effect, operation, path)
  }

  /** @internal Throws when the machine of before has crashed, or its process was killed. */
  mustBeUp(generation: number, operation: DiskOperation, path: string): void {
    if (generation !== this.#generation) throw diskError('ECRASHED', operation, path)
  }

  #countChange(operation: DiskOperation, path: string): void {
    if (this.#readOnly) throw diskError('EROFS', operation, path)
    const growing = operation === 'write' || operation === 'writeAll' || operation === 'createExclusive'
    if (this.#full && growing && this.#options.reserveBytes === undefined)
      throw diskError('ENOSPC', operation, path)
    this.#changesLeft -= 1
    this.#changes += 1
    if (this.#changesLeft === 0) this.#onStop()
  }

  /** @internal */
  nodeAt(path: string): MemoryNode | undefined {
    const slash = path.lastIndexOf('/')
    const name = path.slice(slash + 1)
    if (slash <= 0 || name === '') return this.#walkTo(path)
    const above = path.slice(0, slash)
    const known = this.#directories.get(above)
    if (known !== undefined) return known.entries.get(name)
    const directory = this.#walkTo(above)
    if (!(directory instanceof MemoryDirectory)) return undefined
    this.#directories.set(above, directory)
    return directory.entries.get(name)
  }

  /** @internal To be called before a node is moved or removed. */
  noteLeaving(node: MemoryNode | undefined): void {
    if (node instanceof MemoryDirectory) this.#directories.clear()
  }

  #walkTo(path: string): MemoryNode | undefined {
    let node: MemoryNode | undefined = this.#root
    for (const part of path.split('/')) {
      if (part === '') continue
      if (!(node instanceof MemoryDirectory)) return undefined
      node = node.entries.get(part)
    }
    return node
  }

  /** @internal */
  directoryAt(path: string, operation: DiskOperation): MemoryDirectory {
    const node = this.nodeAt(path)
    if (node === undefined) throw diskError('ENOENT', operation, path)
    if (!(node instanceof MemoryDirectory)) throw diskError('ENOTDIR', operation, path)
    return node
  }

  /** @internal */
  contentsAt(path: string, operation: DiskOperation): MemoryContents {
    const node = this.nodeAt(path)
    if (node === undefined) throw diskError('ENOENT', operation, path)
    if (node instanceof MemoryDirectory) throw diskError('EISDIR', operation, path)
    return node
  }

  /** @internal */
  wallMs(): number {
    return this.#options.wallMs?.() ?? 0
  }

  /** @internal */
  get xattrBytesMax(): number {
    return this.#options.xattrBytesMax ?? DEFAULT_XATTR_BYTES_MAX
  }

  /** @internal */
  space(): FilesystemSpace {
    const totalBytes = this.#options.totalBytes ?? DEFAULT_TOTAL_BYTES
    return {
      totalBytes,
      freeBytes: this.#full ? (this.#options.reserveBytes ?? 0) : totalBytes,
      freeInodes: this.#full ? 0 : 2 ** 31,
      readOnly: this.#readOnly,
    }
  }
}

function* filesBelow(directory: MemoryDirectory, path: string): Generator<string> {
  for (const [name, node] of directory.entries) {
    if (node instanceof MemoryDirectory) yield* filesBelow(node, `${path}/${name}`)
    else yield `${path}/${name}`
  }
}

class MountedDisk implements Disk {
  readonly #disk: MemoryDisk
  readonly #generation: number

  constructor(disk: MemoryDisk, generation: number) {
    this.#disk = disk
    this.#generation = generation
  }

  #admit(operation: DiskOperation, path: string): Promise<never> | undefined {
    return this.#disk.admit(this.#generation, operation, path)
  }

  /** The machine may have crashed since: what was called before does nothing to the disk of its next start. */
  #mustBeUp(operation: DiskOperation, path: string): void {
    this.#disk.mustBeUp(this.#generation, operation, path)
  }

  #parentOf(path: string, operation: DiskOperation): MemoryDirectory {
    const parent = this.#disk.directoryAt(posix.dirname(path), operation)
    parent.mtimeMs = this.#disk.wallMs()
    return parent
  }

  async openRead(path: string): Promise<DiskFile> {
    await this.#admit('openRead', path)
    const node = this.#disk.nodeAt(path)
    if (node instanceof MemoryDirectory) {
      return new MemoryOpenDirectory(node, () => this.#admit('syncDirectory', path))
    }
    const contents = this.#disk.contentsAt(path, 'openRead')
    return new MemoryFile(this.#disk, (operation) => this.#admit(operation, path), contents)
  }

  async createExclusive(path: string): Promise<DiskFile> {
    await this.#admit('createExclusive', path)
    this.#mustBeUp('createExclusive', path)
    if (this.#disk.nodeAt(path) !== undefined) throw diskError('EEXIST', 'createExclusive', path)
    const contents = new MemoryContents()
    this.#parentOf(path, 'createExclusive').set(posix.basename(path), contents)
    return new MemoryFile(this.#disk, (operation) => this.#admit(operation, path), contents)
  }

  async mkdir(path: string, options?: { readonly recursive?: boolean }): Promise<void> {
    await this.#admit('mkdir', path)
    this.#mustBeUp('mkdir', path)
    const existing = this.#disk.nodeAt(path)
    if (existing instanceof MemoryDirectory && options?.recursive === true) return
    if (existing !== undefined) throw diskError('EEXIST', 'mkdir', path)
    if (options?.recursive === true && this.#disk.nodeAt(posix.dirname(path)) === undefined) {
      await this.mkdir(posix.dirname(path), options)
    }
    this.#parentOf(path, 'mkdir').set(posix.basename(path), new MemoryDirectory())
  }

  async readdir(path: string): Promise<string[]> {
    await this.#admit('readdir', path)
    return [...this.#disk.directoryAt(path, 'readdir').entries.keys()]
  }

  async rename(source: string, target: string): Promise<void> {
    await this.#admit('rename', source)
    this.#mustBeUp('rename', source)
    const node = this.#disk.nodeAt(source)
    if (node === undefined) throw diskError('ENOENT', 'rename', source)
    this.#disk.noteLeaving(node)
    this.#disk.noteLeaving(this.#disk.nodeAt(target))
    const arrival = this.#parentOf(target, 'rename').set(posix.basename(target), node)
    this.#parentOf(source, 'rename').set(posix.basename(source), undefined, arrival)
  }

  async unlink(path: string): Promise<void> {
    await this.#admit('unlink', path)
    this.#mustBeUp('unlink', path)
    this.#disk.contentsAt(path, 'unlink')
    this.#parentOf(path, 'unlink').set(posix.basename(path), undefined)
  }

  async rmdir(path: string): Promise<void> {
    await this.#admit('rmdir', path)
    this.#mustBeUp('rmdir', path)
    const directory = this.#disk.directoryAt(path, 'rmdir')
    if (directory.entries.size > 0) throw diskError('ENOTEMPTY', 'rmdir', path)
    this.#disk.noteLeaving(directory)
    this.#parentOf(path, 'rmdir').set(posix.basename(path), undefined)
  }

  async stat(path: string): Promise<FileStat> {
    await this.#admit('stat', path)
    const node = this.#disk.nodeAt(path)
    if (node === undefined) throw diskError('ENOENT', 'stat', path)
    const sizeBytes = node instanceof MemoryDirectory ? 0 : node.bytes.length
    return { sizeBytes, mtimeMs: node.mtimeMs, isDirectory: node instanceof MemoryDirectory }
  }

  async syncDirectory(path: string): Promise<void> {
    await this.#admit('syncDirectory', path)
    this.#mustBeUp('syncDirectory', path)
    this.#disk.directoryAt(path, 'syncDirectory').sync()
  }

  async space(path: string): Promise<FilesystemSpace> {
    await this.#admit('space', path)
    this.#disk.directoryAt(path, 'space')
    return this.#disk.space()
  }

  async getXattr(path: string, name: string): Promise<Buffer | undefined> {
    await this.#admit('getXattr', path)
    const contents = this.#disk.contentsAt(path, 'getXattr')
    if (this.#disk.xattrBytesMax === 0) throw diskError('ENOTSUP', 'getXattr', path)
    return contents.xattrs.get(name)
  }

  async setXattr(path: string, name: string, value: Buffer): Promise<void> {
    await this.#admit('setXattr', path)
    this.#mustBeUp('setXattr', path)
    const contents = this.#disk.contentsAt(path, 'setXattr')
    if (this.#disk.xattrBytesMax === 0) throw diskError('ENOTSUP', 'setXattr', path)
    if (value.length > this.#disk.xattrBytesMax) throw diskError('ENOSPC', 'setXattr', path)
    contents.xattrs.set(name, Buffer.from(value))
  }

  async readFile(path: string): Promise<Buffer> {
    await this.#admit('readFile', path)
    return Buffer.from(this.#disk.contentsAt(path, 'readFile').bytes)
  }
}

/** A directory that was opened: all that can be done with it is to sync it. */
class MemoryOpenDirectory implements DiskFile {
  readonly #directory: MemoryDirectory
  readonly #admit: () => Promise<never> | undefined

  constructor(directory: MemoryDirectory, admit: () => Promise<never> | undefined) {
    this.#directory = directory
    this.#admit = admit
  }

  async sync(): Promise<void> {
    await this.#admit()
    this.#directory.sync()
  }

  stat(): Promise<FileStat> {
    return Promise.resolve({ sizeBytes: 0, mtimeMs: this.#directory.mtimeMs, isDirectory: true })
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  read(): Promise<number> {
    return Promise.reject(diskError('EISDIR', 'read', ''))
  }

  write(): Promise<void> {
    return Promise.reject(diskError('EISDIR', 'write', ''))
  }

  writeAll(): Promise<void> {
    return Promise.reject(diskError('EISDIR', 'writeAll', ''))
  }
}

class MemoryFile implements DiskFile {
  readonly #disk: MemoryDisk
  readonly #admit: (operation: DiskOperation) => Promise<never> | undefined
  readonly #contents: MemoryContents

  constructor(
    disk: MemoryDisk,
    admit: (operation: DiskOperation) => Promise<never> | undefined,
    contents: MemoryContents,
  ) {
    this.#disk = disk
    this.#admit = admit
    this.#contents = contents
  }

  async read(target: Buffer, position: number): Promise<number> {
    await this.#admit('read')
    return this.#contents.bytes.copy(target, 0, Math.min(position, this.#contents.bytes.length))
  }

  async write(source: Buffer, position: number): Promise<void> {
    await this.#admit('write')
    this.#contents.write(source, position)
    this.#contents.mtimeMs = this.#disk.wallMs()
  }

  async writeAll(sources: readonly Buffer[], position: number): Promise<void> {
    await this.#admit('writeAll')
    this.#contents.write(Buffer.concat(sources), position)
    this.#contents.mtimeMs = this.#disk.wallMs()
  }

  async sync(): Promise<void> {
    try {
      await this.#admit('sync')
    } catch (error) {
      if (codeOf(error) === 'EIO') this.#contents.failSync()
      throw error
    }
    this.#contents.sync()
  }

  async stat(): Promise<FileStat> {
    await this.#admit('stat')
    return { sizeBytes: this.#contents.bytes.length, mtimeMs: this.#contents.mtimeMs, isDirectory: false }
  }

  async close(): Promise<void> {
    await this.#admit('close')
  }
}

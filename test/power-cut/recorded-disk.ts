/**
 * A directory as its recorded system calls made it, with what was synced and what was not: after each call it can say
 * what a machine that loses power at that moment may find (`disk/memory-tree.ts` has the rules).
 *
 * A sync counts for what had been done when it began, from when it ended on. A call of a kind that is not known here and
 * names the directory is an error, so that nothing is overlooked.
 *
 * Our own files get the hardest rules: names that were not synced survive in any mixture, and a synced file may lack its
 * name. LevelDB relies on a filesystem that journals: in its directories, names survive in the order in which they were
 * changed, and whoever syncs a file syncs what was done to names before, as on ext4 and XFS.
 */
import { basename, dirname, join } from 'node:path'
import type { Random } from '#base/environment.ts'
import { MemoryContents, MemoryDirectory, type MemoryNode, treeAfterCrash } from '#disk/memory-tree.ts'
import { bytesOf, type CallEvent, gatheredBytes, type SystemCall } from './system-calls.ts'

interface OpenFile {
  readonly node: MemoryNode
  /** For a file of LevelDB's: the directory that is synced with it. */
  readonly journal: MemoryDirectory | undefined
  position: number
  readonly appends: boolean
}

const STANDARD_OUTPUT = '1'
/** Directories of a device that are LevelDB's. */
const OF_LEVELDB: ReadonlySet<string> = new Set(['state', 'index', 'containers', 'accounts'])

export class RecordedDisk {
  readonly #root: string
  readonly #tree = new MemoryDirectory()
  readonly #open = new Map<string, OpenFile>()
  readonly #syncs = new Map<string, () => void>()
  readonly #lines: string[] = []

  /** `root`: the directory that was recorded, empty at the beginning. */
  constructor(root: string) {
    this.#root = root
  }

  /** What the recorded process printed so far: its acknowledgements. */
  get printed(): readonly string[] {
    return this.#lines
  }

  /** What is there while the machine runs. */
  get tree(): MemoryDirectory {
    return this.#tree
  }

  /** One legal outcome of a loss of power now. */
  afterPowerCut(random: Random): MemoryDirectory {
    return treeAfterCrash(this.#tree, random)
  }

  /** True when something changed: on the disk, in what is durable, or in what was printed. */
  apply(event: CallEvent): boolean {
    const { call, thread } = event
    if (event.kind === 'begins') {
      if (isSync(call)) this.#beginSync(thread, call)
      return false
    }
    return event.result >= 0 && this.#end(thread, call, event.result)
  }

  #beginSync(thread: string, { arguments: [descriptor = ''] }: SystemCall): void {
    const file = this.#open.get(descriptor)
    if (file === undefined) return
    const finishes = [file.node.beginSync(), file.journal?.beginSync()]
    this.#syncs.set(thread, () => {
      for (const finish of finishes) finish?.()
    })
  }

  #end(thread: string, call: SystemCall, result: number): boolean {
    const [first, second, third, fourth] = call.arguments
    switch (call.name) {
      case 'open':
        return this.#opened(this.#below(first), second ?? '', result)
      case 'openat':
        return this.#opened(this.#below(second), third ?? '', result)
      case 'close':
        this.#open.delete(first ?? '')
        return false
      case 'write':
        return first === STANDARD_OUTPUT
          ? this.#print(bytesOf(second))
          : this.#written(first, second, undefined)
      case 'pwrite64':
        return this.#written(first, second, Number(fourth))
      case 'writev':
        return this.#wrote(first, () => gatheredBytes(second), undefined)
      case 'pwritev':
        return this.#wrote(first, () => gatheredBytes(second), Number(fourth))
      case 'ftruncate':
        return this.#truncated(first, Number(second))
      case 'fsync':
      case 'fdatasync':
        return this.#synced(thread)
      case 'rename':
        return this.#renamed(this.#below(first), this.#below(second))
      case 'renameat':
      case 'renameat2':
        return this.#renamed(this.#below(second), this.#below(fourth))
      case 'mkdir':
        return this.#made(this.#below(first))
      case 'unlink':
      case 'rmdir':
        return this.#removed(this.#below(first))
      case 'unlinkat':
        return this.#removed(this.#below(second))
      case 'setxattr':
        return this.#attribute(this.#below(first), bytesOf(second).toString(), bytesOf(third))
      default:
        return this.#unknown(call)
    }
  }

  /** The path below the recorded directory, `.` for itself, `undefined` for one elsewhere. */
  #below(argument: string | undefined): string | undefined {
    const path = bytesOf(argument).toString()
    if (path === this.#root) return '.'
    return path.startsWith(`${this.#root}/`) ? path.slice(this.#root.length + 1) : undefined
  }

  #nodeAt(path: string): MemoryNode | undefined {
    let node: MemoryNode | undefined = this.#tree
    for (const part of path.split('/')) {
      if (part === '.') continue
      node = node instanceof MemoryDirectory ? node.entries.get(part) : undefined
    }
    return node
  }

  #parentOf(path: string): MemoryDirectory {
    const node = this.#nodeAt(dirname(path))
    if (node instanceof MemoryDirectory) return node
    throw new Error(`the record lacks what made ${join(this.#root, dirname(path))}`)
  }

  #opened(path: string | undefined, flags: string, descriptor: number): boolean {
    if (path === undefined) return false
    let node = this.#nodeAt(path)
    const isNew = node === undefined
    if (node === undefined) {
      node = new MemoryContents()
      this.#parentOf(path).set(basename(path), node)
    }
    const cut = flags.includes('O_TRUNC') && node instanceof MemoryContents ? node : undefined
    const isCut = cut !== undefined && cut.bytes.length > 0
    if (isCut) cut.bytes = Buffer.alloc(0)
    const journal = OF_LEVELDB.has(dirname(path)) ? this.#parentOf(path) : undefined
    this.#open.set(String(descriptor), { node, journal, position: 0, appends: flags.includes('O_APPEND') })
    return isNew || isCut
  }

  #print(bytes: Buffer): boolean {
    this.#lines.push(...bytes.toString().split('\n').filter(Boolean))
    return true
  }

  #written(descriptor: string | undefined, text: string | undefined, position: number | undefined): boolean {
    return this.#wrote(descriptor, () => bytesOf(text), position)
  }

  #wrote(descriptor: string | undefined, bytes: () => Buffer, position: number | undefined): boolean {
    const file = this.#open.get(descriptor ?? '')
    if (file === undefined || !(file.node instanceof MemoryContents)) return false
    const written = bytes()
    const at = position ?? (file.appends ? file.node.bytes.length : file.position)
    file.node.write(written, at)
    if (position === undefined) file.position = at + written.length
    return true
  }

  #truncated(descriptor: string | undefined, length: number): boolean {
    const node = this.#open.get(descriptor ?? '')?.node
    if (!(node instanceof MemoryContents)) return false
    node.bytes = Buffer.concat([node.bytes, Buffer.alloc(length)]).subarray(0, length)
    return true
  }

  #synced(thread: string): boolean {
    const finish = this.#syncs.get(thread)
    this.#syncs.delete(thread)
    finish?.()
    return finish !== undefined
  }

  #renamed(source: string | undefined, target: string | undefined): boolean {
    if (source === undefined && target === undefined) return false
    if (source === undefined || target === undefined) throw new Error('a file left the recorded directory')
    const arrival = this.#parentOf(target).set(basename(target), this.#nodeAt(source))
    this.#parentOf(source).set(basename(source), undefined, arrival)
    return true
  }

  #made(path: string | undefined): boolean {
    if (path === undefined) return false
    const order = OF_LEVELDB.has(path) ? 'journalled' : 'any'
    this.#parentOf(path).set(basename(path), new MemoryDirectory(order))
    return true
  }

  #removed(path: string | undefined): boolean {
    if (path !== undefined) this.#parentOf(path).set(basename(path), undefined)
    return path !== undefined
  }

  #attribute(path: string | undefined, name: string, value: Buffer): boolean {
    if (path === undefined) return false
    const node = this.#nodeAt(path)
    if (!(node instanceof MemoryContents)) throw new Error(`an attribute of ${path}, which is no file`)
    node.xattrs.set(name, value)
    return true
  }

  #unknown({ name, arguments: given }: SystemCall): boolean {
    const isOurs = given.some((one) =>
      one.startsWith('"') ? this.#below(one) !== undefined : this.#open.has(one),
    )
    if (isOurs) throw new Error(`${name} is not understood`)
    return false
  }
}

function isSync({ name }: SystemCall): boolean {
  return name === 'fsync' || name === 'fdatasync'
}

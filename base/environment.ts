/**
 * The seams through which every server and worker reaches time, chance and the disk (`docs/architecture.md`,
 * "Seams"). No other production file may use the clock, timers, random numbers, `fs` or sockets; a test
 * (`tools/seams.test.ts`) names the files that may. That lets a whole cluster run in one process, on virtual
 * time, from one seed.
 *
 * The network's seam is `http/transport.ts`: servers are plain `Handler`s, clients go through a `Transport`.
 */
import type { AbstractLevel } from 'abstract-level'

/** A scheduled call that can be called off. Cancelling twice, or after it ran, does nothing. */
export interface Timer {
  cancel(): void
}

export interface Clock {
  /** Wall clock, milliseconds since the epoch, with fractions. May jump. */
  wallMs(): number
  /** Milliseconds since some fixed point; never goes backwards. For durations and deadlines. */
  monotonicMs(): number
  /** Calls `callback` once after `delayMs`. Does not keep the process alive. */
  setTimer(delayMs: number, callback: () => void): Timer
  /** Resolves after `delayMs`; rejects with the signal's reason when it aborts first. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>
}

export interface Random {
  /** Unpredictable bytes (from the kernel in production, from the seed in a simulation). */
  bytes(count: number): Buffer
  /** A whole number, 0 <= n < limit. */
  below(limit: number): number
}

export interface FileStat {
  readonly sizeBytes: number
  readonly mtimeMs: number
  readonly isDirectory: boolean
  /** Which filesystem it is on (`st_dev`): a mount point has another than its parent. `undefined` where it cannot be told. */
  readonly filesystemId?: number | undefined
}

export interface FilesystemSpace {
  readonly totalBytes: number
  readonly freeBytes: number
  readonly freeInodes: number
  readonly readOnly: boolean
}

/** An open file. Positions and lengths are bytes. Every method may reject with a Node-style error (`code`). */
export interface DiskFile {
  /** Fills `target` from `position`; returns the bytes read, fewer only at the end of the file. */
  read(target: Buffer, position: number): Promise<number>
  /** Writes all of `source` at `position`. */
  write(source: Buffer, position: number): Promise<void>
  /** Writes all buffers one after the other, starting at `position`. */
  writeAll(sources: readonly Buffer[], position: number): Promise<void>
  /** Makes contents and size durable (fsync). Never retry a failed sync: discard the file instead. */
  sync(): Promise<void>
  stat(): Promise<FileStat>
  close(): Promise<void>
}

/** A file that is made whole: its contents, and what is kept with them. */
export interface NewFile {
  readonly path: string
  readonly contents: readonly Buffer[]
  readonly attribute: {
    readonly name: string
    readonly value: Buffer
    /** Stands behind the contents where the filesystem has no room for the attribute, or has none at all. */
    readonly otherwise: Buffer
  }
}

/** What became of one of them. Of one that failed something may be there. */
export type MadeFile =
  | { readonly kind: 'made'; readonly file: DiskFile; readonly attribute: 'kept' | 'behind' }
  | { readonly kind: 'failed'; readonly error: Error }

/**
 * Operations on many small files at a time, which some disks do in one go: for each file what the single operations do,
 * in their order, with an outcome of its own. Nothing is durable before it is synced. `disk/many-files.ts` does them on
 * every disk.
 */
export interface ManyFiles {
  /** `createExclusive`, `writeAll` and `setXattr`. */
  create(files: readonly NewFile[]): Promise<readonly MadeFile[]>
  rename(moves: readonly FileMove[]): Promise<readonly (Error | undefined)[]>
  /** The first `bytesMax` bytes of each, or all there are. */
  read(
    files: readonly { readonly path: string; readonly bytesMax: number }[],
  ): Promise<readonly (Buffer | Error)[]>
}

export interface FileMove {
  readonly source: string
  readonly target: string
}

/**
 * What the storage servers need of a filesystem. Paths are absolute. Errors are Node's (`ENOENT`, `ENOSPC`,
 * `EROFS`, `EIO`, `ENOTSUP`…), in the in-memory twin too.
 */
export interface Disk {
  /** A directory may be opened too; all that can be done with it is `sync`, which is `syncDirectory`. */
  openRead(path: string): Promise<DiskFile>
  /** Creates a new file for reading and writing; `EEXIST` if the name is taken. */
  createExclusive(path: string): Promise<DiskFile>
  mkdir(path: string, options?: { readonly recursive?: boolean }): Promise<void>
  readdir(path: string): Promise<string[]>
  /** Atomically replaces `target`. Durable only after `syncDirectory` of the target's directory. */
  rename(source: string, target: string): Promise<void>
  unlink(path: string): Promise<void>
  rmdir(path: string): Promise<void>
  stat(path: string): Promise<FileStat>
  /** Makes the entries of a directory (creations, renames, removals) durable. */
  syncDirectory(path: string): Promise<void>
  space(path: string): Promise<FilesystemSpace>
  /** `undefined` when the file has no such attribute. `ENOTSUP` when the filesystem has none at all. */
  getXattr(path: string, name: string): Promise<Buffer | undefined>
  /** `ENOSPC` or `E2BIG` when the value does not fit, `ENOTSUP` when the filesystem has no user attributes. */
  setXattr(path: string, name: string, value: Buffer): Promise<void>
  /** The whole file; for small files only (configuration, rings, marks). */
  readFile(path: string): Promise<Buffer>
  /** Left out by a disk that does one operation at a time. */
  readonly many?: ManyFiles | undefined
}

/** An ordered key-value store with binary keys and values: LevelDB, or its twin in memory. */
export type KvStore = AbstractLevel<string | Buffer | Uint8Array, Buffer, Buffer>

export interface KvEngine {
  /**
   * Opens (creating if missing) the store at `path` and takes its lock.
   * Rejects with code `LEVEL_LOCKED` while another process has it, `LEVEL_CORRUPTION` when it cannot be read.
   */
  open(path: string): Promise<KvStore>
  /** Moves a store that nobody has open, with all it holds, to a new path (quarantine). `ENOENT` when there is none. */
  move(path: string, target: string): Promise<void>
}

export interface Environment {
  readonly clock: Clock
  readonly random: Random
  readonly disk: Disk
  readonly kv: KvEngine
}

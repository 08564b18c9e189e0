/**
 * The machine's own filesystem behind the `Disk` contract. One of the few files that may use `fs`, and the only one
 * that knows `fs-xattr` (`tools/seams.test.ts`).
 *
 * Raw file descriptors and the callback API: on small files they cost a fifth less CPU than `FileHandle`s.
 */
import fs from 'node:fs'
import { getAttribute, setAttribute } from 'fs-xattr'
import type { Disk, DiskFile, FileStat, FilesystemSpace } from '#base/environment.ts'
import { ThreadedFiles } from './threaded-files.ts'

/** Files hold users' data: nobody but the server's own user reads them. */
const FILE_MODE = 0o600
const DIRECTORY_MODE = 0o700

type Callback<Result> = (error: NodeJS.ErrnoException | null, result: Result) => void

/** Turns one call with a Node callback into a promise. */
function call<Result>(start: (callback: Callback<Result>) => void): Promise<Result> {
  return new Promise((resolve, reject) => {
    start((error, result) => {
      if (error === null || error === undefined) resolve(result)
      else reject(error)
    })
  })
}

/** The same for calls without a result. */
function run(start: (callback: (error: NodeJS.ErrnoException | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => {
      if (error === null || error === undefined) resolve()
      else reject(error)
    })
  })
}

const openFile = (path: string, flags: string | number): Promise<number> =>
  call((done) => fs.open(path, flags, FILE_MODE, done))

function statOf(stats: fs.Stats): FileStat {
  return {
    sizeBytes: stats.size,
    mtimeMs: stats.mtimeMs,
    isDirectory: stats.isDirectory(),
    filesystemId: stats.dev,
  }
}

class RealFile implements DiskFile {
  readonly #descriptor: number
  /** Nothing was written since the last sync: closing has nothing to do and is not worth a thread. */
  #isSynced = false

  constructor(descriptor: number) {
    this.#descriptor = descriptor
  }

  async read(target: Buffer, position: number): Promise<number> {
    let filled = 0
    while (filled < target.length) {
      const wanted = target.length - filled
      const count = await call<number>((done) =>
        fs.read(this.#descriptor, target, filled, wanted, position + filled, done),
      )
      filled += count
      if (count === 0) break
    }
    return filled
  }

  async write(source: Buffer, position: number): Promise<void> {
    this.#isSynced = false
    let written = 0
    while (written < source.length) {
      const rest = source.length - written
      written += await call<number>((done) =>
        fs.write(this.#descriptor, source, written, rest, position + written, done),
      )
    }
  }

  async writeAll(sources: readonly Buffer[], position: number): Promise<void> {
    this.#isSynced = false
    const [only] = sources
    if (sources.length === 1 && only !== undefined) return await this.write(only, position)
    const total = sources.reduce((sum, source) => sum + source.length, 0)
    const written = await call<number>((done) =>
      fs.writev(this.#descriptor, sources as Buffer[], position, done),
    )
    if (written < total) await this.write(Buffer.concat(sources).subarray(written), position + written)
  }

  async sync(): Promise<void> {
    await run((done) => fs.fsync(this.#descriptor, done))
    this.#isSynced = true
  }

  async stat(): Promise<FileStat> {
    return statOf(await call<fs.Stats>((done) => fs.fstat(this.#descriptor, done)))
  }

  /** A file that was only read may be the last trace of a removed one, whose blocks are freed here: in a thread. */
  async close(): Promise<void> {
    if (this.#isSynced) fs.closeSync(this.#descriptor)
    else await run((done) => fs.close(this.#descriptor, done))
  }
}

async function space(path: string): Promise<FilesystemSpace> {
  const figures = await call<fs.StatsFs>((done) => fs.statfs(path, done))
  return {
    totalBytes: figures.blocks * figures.bsize,
    freeBytes: figures.bavail * figures.bsize,
    freeInodes: figures.ffree,
    readOnly: await isReadOnly(path),
  }
}

/** Even root is refused write access on a filesystem mounted read-only, with `EROFS`. */
async function isReadOnly(path: string): Promise<boolean> {
  try {
    await run((done) => fs.access(path, fs.constants.W_OK, done))
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EROFS'
  }
}

async function syncDirectory(path: string): Promise<void> {
  const descriptor = await openFile(path, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY)
  try {
    await run((done) => fs.fsync(descriptor, done))
  } finally {
    fs.closeSync(descriptor)
  }
}

async function getXattr(path: string, name: string): Promise<Buffer | undefined> {
  try {
    return await getAttribute(path, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENODATA') return undefined
    throw named(error)
  }
}

async function setXattr(path: string, name: string, value: Buffer): Promise<void> {
  try {
    await setAttribute(path, name, value)
  } catch (error) {
    throw named(error)
  }
}

/** Linux has two names for one error, `EOPNOTSUPP` and `ENOTSUP`; the contract knows the second. */
function named(error: unknown): unknown {
  if (error instanceof Error && (error as NodeJS.ErrnoException).code === 'EOPNOTSUPP') {
    return Object.assign(error, { code: 'ENOTSUP' })
  }
  return error
}

/** The filesystem of this machine. */
export const realDisk: Disk = {
  openRead: async (path) => new RealFile(await openFile(path, 'r')),
  createExclusive: async (path) => new RealFile(await openFile(path, 'wx+')),
  mkdir: (path, options) =>
    run((done) =>
      fs.mkdir(path, { recursive: options?.recursive === true, mode: DIRECTORY_MODE }, (error) =>
        done(error),
      ),
    ),
  readdir: (path) => call<string[]>((done) => fs.readdir(path, done)),
  rename: (source, target) => run((done) => fs.rename(source, target, done)),
  unlink: (path) => run((done) => fs.unlink(path, done)),
  rmdir: (path) => run((done) => fs.rmdir(path, done)),
  stat: async (path) => statOf(await call<fs.Stats>((done) => fs.stat(path, done))),
  syncDirectory,
  space,
  getXattr,
  setXattr,
  readFile: (path) => call<Buffer>((done) => fs.readFile(path, done)),
  many: new ThreadedFiles({ fileMode: FILE_MODE, fileOf: (descriptor) => new RealFile(descriptor) }),
}

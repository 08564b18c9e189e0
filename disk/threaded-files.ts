/**
 * Many small files in one go: a thread makes, renames or reads all of a job, so that the event loop is woken once and not
 * for every step of every file. The thread starts with the first job and ends when there were none for a while. It never
 * syncs: that waits for the disk, and is done where many wait at a time.
 */
import { Piscina } from 'piscina'
import type { DiskFile, FileMove, MadeFile, ManyFiles, NewFile } from '#base/environment.ts'
import type { CreateJob, ReadJob, RenameJob, ToldCreated, ToldError, ToldRead } from './many-files-task.ts'

/** Jobs under way at a time. A disk that hangs holds a thread for each of its jobs. */
const THREADS = 2
const IDLE_MS = 5_000
/** A job holds the bytes of its files, outside of this. */
const HEAP_MIB = 32

export interface ThreadedFilesOptions {
  readonly fileMode: number
  /** What stands for an open descriptor, of which everything is written and nothing synced. */
  readonly fileOf: (descriptor: number) => DiskFile
}

export class ThreadedFiles implements ManyFiles {
  readonly #options: ThreadedFilesOptions
  #pool: Piscina | undefined

  constructor(options: ThreadedFilesOptions) {
    this.#options = options
  }

  async create(files: readonly NewFile[]): Promise<readonly MadeFile[]> {
    const bytes = packed(files)
    const job: CreateJob = {
      kind: 'create',
      files: files.map(({ path, contents, attribute: { name, value, otherwise } }) => ({
        path,
        attribute: name,
        lengths: [lengthOf(contents), value.length, otherwise.length],
      })),
      bytes,
      mode: this.#options.fileMode,
    }
    const told = (await this.#run(job, [bytes.buffer as ArrayBuffer])) as readonly ToldCreated[]
    return told.map((one) => {
      if ('code' in one) return { kind: 'failed', error: errorOf(one) }
      return { kind: 'made', file: this.#options.fileOf(one.descriptor), attribute: one.attribute }
    })
  }

  async rename(moves: readonly FileMove[]): Promise<readonly (Error | undefined)[]> {
    const job: RenameJob = { kind: 'rename', moves }
    const told = (await this.#run(job)) as readonly (ToldError | undefined)[]
    return told.map((one) => (one === undefined ? undefined : errorOf(one)))
  }

  async read(files: ReadJob['files']): Promise<readonly (Buffer | Error)[]> {
    const { lengths, bytes } = (await this.#run({ kind: 'read', files })) as ToldRead
    const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    let at = 0
    return lengths.map((length) => {
      if (typeof length !== 'number') return errorOf(length)
      at += length
      return all.subarray(at - length, at)
    })
  }

  /** A thread that breaks down is an error of the disk: nobody knows what it did. */
  async #run(job: CreateJob | RenameJob | ReadJob, transferList: ArrayBuffer[] = []): Promise<unknown> {
    this.#pool ??= new Piscina({
      filename: new URL('./many-files-task.ts', import.meta.url).href,
      minThreads: 0,
      maxThreads: THREADS,
      idleTimeout: IDLE_MS,
      execArgv: [],
      // Descriptors are handed out: who gets them closes them.
      trackUnmanagedFds: false,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
    })
    try {
      return await this.#pool.run(job, { transferList })
    } catch (error) {
      throw Object.assign(new Error(`a thread for files broke down: ${String(error)}`), { code: 'EIO' })
    }
  }
}

/** The bytes of all files, in memory of their own that can be given away. */
function packed(files: readonly NewFile[]): Uint8Array {
  const pieces = files.flatMap(({ contents, attribute: { value, otherwise } }) => [
    ...contents,
    value,
    otherwise,
  ])
  const bytes = new Uint8Array(lengthOf(pieces))
  let at = 0
  for (const piece of pieces) {
    bytes.set(piece, at)
    at += piece.length
  }
  return bytes
}

function lengthOf(pieces: readonly Buffer[]): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0)
}

function errorOf({ code, message }: ToldError): Error {
  return Object.assign(new Error(message), { code })
}

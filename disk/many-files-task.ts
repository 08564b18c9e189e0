/**
 * The thread of `threaded-files.ts`: many small files one after the other, with calls that wait. It allocates nothing
 * for longer than a job and holds no file open that it does not hand out.
 */
import fs from 'node:fs'
import { setAttributeSync } from 'fs-xattr'
import { move, transferableSymbol, valueSymbol } from 'piscina'
import { isNoRoomForXattr } from './many-files.ts'

/** Bytes of all files of a job stand one after the other in `bytes`: contents, value of the attribute, what is otherwise behind. */
export interface CreateJob {
  readonly kind: 'create'
  readonly files: readonly {
    readonly path: string
    readonly attribute: string
    readonly lengths: readonly [contents: number, value: number, otherwise: number]
  }[]
  readonly bytes: Uint8Array
  readonly mode: number
}

export interface RenameJob {
  readonly kind: 'rename'
  readonly moves: readonly { readonly source: string; readonly target: string }[]
}

export interface ReadJob {
  readonly kind: 'read'
  readonly files: readonly { readonly path: string; readonly bytesMax: number }[]
}

/** An error as it travels between threads. */
export interface ToldError {
  readonly code: string
  readonly message: string
}

export type ToldCreated = ToldError | { readonly descriptor: number; readonly attribute: 'kept' | 'behind' }

/** What was read stands in `bytes` one after the other. */
export interface ToldRead {
  readonly lengths: readonly (number | ToldError)[]
  readonly bytes: Uint8Array
}

/** The task. */
export default function run(job: CreateJob | RenameJob | ReadJob): unknown {
  switch (job.kind) {
    case 'create':
      return createAll(job)
    case 'rename':
      return job.moves.map(({ source, target }) => told(() => fs.renameSync(source, target)))
    case 'read':
      return readAll(job)
  }
}

function createAll({ files, bytes, mode }: CreateJob): readonly ToldCreated[] {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  let at = 0
  const next = (length: number): Buffer => {
    at += length
    return all.subarray(at - length, at)
  }
  return files.map(({ path, attribute, lengths: [contents, value, otherwise] }) => {
    const parts = { contents: next(contents), value: next(value), otherwise: next(otherwise) }
    return told(() => create(path, attribute, parts, mode))
  })
}

function create(
  path: string,
  name: string,
  { contents, value, otherwise }: Readonly<Record<'contents' | 'value' | 'otherwise', Buffer>>,
  mode: number,
): ToldCreated {
  const descriptor = fs.openSync(path, 'wx+', mode)
  try {
    writeWhole(descriptor, contents, 0)
    try {
      setAttributeSync(path, name, value)
      return { descriptor, attribute: 'kept' }
    } catch (error) {
      if (!isNoRoomForXattr(named(error))) throw error
    }
    writeWhole(descriptor, otherwise, contents.length)
    return { descriptor, attribute: 'behind' }
  } catch (error) {
    fs.closeSync(descriptor)
    throw error
  }
}

function writeWhole(descriptor: number, bytes: Buffer, position: number): void {
  let written = 0
  while (written < bytes.length)
    written += fs.writeSync(descriptor, bytes, written, bytes.length - written, position + written)
}

function readAll({ files }: ReadJob): unknown {
  const bytes = Buffer.allocUnsafeSlow(files.reduce((sum, { bytesMax }) => sum + bytesMax, 0))
  let filled = 0
  const lengths = files.map(({ path, bytesMax }) => {
    const length = told(() => readInto(bytes.subarray(filled, filled + bytesMax), path))
    if (typeof length === 'number') filled += length
    return length
  })
  const result: ToldRead = { lengths, bytes: new Uint8Array(bytes.buffer, 0, filled) }
  return move({ [transferableSymbol]: bytes.buffer, [valueSymbol]: result })
}

/** What the work gives, or its error. */
function told<Result>(work: () => Result): Result | ToldError {
  try {
    return work()
  } catch (error) {
    const { code, message } = named(error)
    return { code, message }
  }
}

/** Linux has two names for one error, `EOPNOTSUPP` and `ENOTSUP`; the contract of `Disk` knows the second. */
function named(error: unknown): ToldError {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === undefined) throw error
  return { code: code === 'EOPNOTSUPP' ? 'ENOTSUP' : code, message }
}

function readInto(target: Buffer, path: string): number {
  const descriptor = fs.openSync(path, 'r')
  try {
    let filled = 0
    while (filled < target.length) {
      const count = fs.readSync(descriptor, target, filled, target.length - filled, filled)
      if (count === 0) break
      filled += count
    }
    return filled
  } finally {
    fs.closeSync(descriptor)
  }
}

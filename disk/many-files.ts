/**
 * Operations on many small files, on every disk: in one go where the disk can (`ManyFiles`), else by its single
 * operations, so that a test that cuts the power between two of those does so here as well.
 */
import type { Disk, FileMove, MadeFile, ManyFiles, NewFile } from '#base/environment.ts'
import { codeOf } from './disk-error.ts'

/** With fewer a thread of its own is not worth waking. */
const MANY = 4
/** What a filesystem answers when an attribute does not fit or is not possible (ext4, XFS, tmpfs, NFS). */
const NO_ROOM_FOR_XATTR: ReadonlySet<string> = new Set(['ENOSPC', 'E2BIG', 'ENOTSUP', 'ERANGE', 'EDQUOT'])

/** Must what was to be an attribute be kept elsewhere? */
export function isNoRoomForXattr(error: unknown): boolean {
  return NO_ROOM_FOR_XATTR.has(codeOf(error) ?? '')
}

/** Rejects when the disk refuses all of them. */
export function createFiles(disk: Disk, files: readonly NewFile[]): Promise<readonly MadeFile[]> {
  const many = manyOf(disk, files)
  return many === undefined
    ? Promise.all(files.map((file) => outcomeOf(createFile(disk, file)).then(madeOf)))
    : many.create(files)
}

export function renameFiles(disk: Disk, moves: readonly FileMove[]): Promise<readonly (Error | undefined)[]> {
  const many = manyOf(disk, moves)
  return many === undefined
    ? Promise.all(moves.map(({ source, target }) => outcomeOf(disk.rename(source, target)).then(errorOf)))
    : many.rename(moves)
}

export function readFiles(
  disk: Disk,
  files: Parameters<ManyFiles['read']>[0],
): Promise<readonly (Buffer | Error)[]> {
  const many = manyOf(disk, files)
  return many === undefined
    ? Promise.all(files.map((file) => outcomeOf(readFile(disk, file))))
    : many.read(files)
}

function manyOf(disk: Disk, files: readonly unknown[]): ManyFiles | undefined {
  return files.length < MANY ? undefined : disk.many
}

type Created = Extract<MadeFile, { kind: 'made' }>

async function createFile(disk: Disk, { path, contents, attribute }: NewFile): Promise<Created> {
  const file = await disk.createExclusive(path)
  try {
    const sizeBytes = contents.reduce((sum, piece) => sum + piece.length, 0)
    if (sizeBytes > 0) await file.writeAll(contents, 0)
    try {
      await disk.setXattr(path, attribute.name, attribute.value)
      return { kind: 'made', file, attribute: 'kept' }
    } catch (error) {
      if (!isNoRoomForXattr(error)) throw error
    }
    await file.writeAll([attribute.otherwise], sizeBytes)
    return { kind: 'made', file, attribute: 'behind' }
  } catch (error) {
    await file.close().catch(() => {})
    throw error
  }
}

async function readFile(disk: Disk, { path, bytesMax }: { path: string; bytesMax: number }): Promise<Buffer> {
  const file = await disk.openRead(path)
  try {
    const bytes = Buffer.allocUnsafeSlow(bytesMax)
    return bytes.subarray(0, await file.read(bytes, 0))
  } finally {
    await file.close().catch(() => {})
  }
}

function outcomeOf<Result>(work: Promise<Result>): Promise<Result | Error> {
  return work.catch((error: unknown) => {
    if (error instanceof Error) return error
    throw error
  })
}

function madeOf(outcome: Created | Error): MadeFile {
  return outcome instanceof Error ? { kind: 'failed', error: outcome } : outcome
}

function errorOf(outcome: unknown): Error | undefined {
  return outcome instanceof Error ? outcome : undefined
}

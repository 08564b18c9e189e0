/** Directories and small files that must be whole and on disk before anything is built on them. */
import { dirname } from 'node:path'
import type { Disk } from '#base/environment.ts'

const UNFINISHED = '.unfinished'

/** Replaces the file at once: after a crash there is either the old one or the new one. Durable when resolved. */
export async function writeDurably(disk: Disk, path: string, bytes: Buffer): Promise<void> {
  const unfinished = path + UNFINISHED
  await removeIfThere(disk, unfinished)
  const file = await disk.createExclusive(unfinished)
  try {
    await file.write(bytes, 0)
    await file.sync()
  } finally {
    await file.close()
  }
  await disk.rename(unfinished, path)
  await disk.syncDirectory(dirname(path))
}

/** Creates the directory and what is missing above it. All of it is durable when resolved, if it was there before too. */
export async function makeDirectoryDurably(disk: Disk, path: string): Promise<void> {
  await makeDirectories(disk, path)
  for (let child = path; dirname(child) !== child; child = dirname(child)) {
    if (!(await syncIfAllowed(disk, dirname(child)))) return
  }
}

/** Node's own recursive `mkdir` never ends where a directory exists but takes no entries, as in `/proc`. */
async function makeDirectories(disk: Disk, path: string): Promise<void> {
  const parent = dirname(path)
  try {
    await disk.mkdir(path)
  } catch (error) {
    const code = codeOf(error)
    if (code === 'EEXIST' && (await disk.stat(path)).isDirectory) return
    if (code !== 'ENOENT' || parent === path) throw error
    await makeDirectories(disk, parent)
    await disk.mkdir(path)
  }
}

/** A directory that belongs to somebody else is on disk already, as far as we are concerned. */
async function syncIfAllowed(disk: Disk, path: string): Promise<boolean> {
  try {
    await disk.syncDirectory(path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EACCES' || codeOf(error) === 'EPERM') return false
    throw error
  }
}

/** The whole file, or `undefined` when there is none. */
export async function readIfThere(disk: Disk, path: string): Promise<Buffer | undefined> {
  try {
    return await disk.readFile(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Removes the file; does nothing when there is none. */
export async function removeIfThere(disk: Disk, path: string): Promise<void> {
  try {
    await disk.unlink(path)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
}

/** `ENOENT`, `EADDRINUSE`, `LEVEL_LOCKED`…; empty when the error has no code. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

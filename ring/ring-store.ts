/**
 * The files of a ring: the one in use at its path, and beside it, under `.previous`, the ring before it for as long as
 * some device may still have to fetch from its old places. Each is replaced at once and durably; several processes may do
 * so at the same time.
 */
import { createHash } from 'node:crypto'
import { dirname, join } from 'node:path'
import type { Disk, Environment } from '#base/environment.ts'
import { type BrokenFile, broken } from './raw-ring.ts'
import { parseRing } from './ring-file.ts'
import type { KnownRing } from './ring-succession.ts'

const PREVIOUS = '.previous'
const UNIQUE_BYTES = 6
const LEFTOVER = /\.ring\.gz(?:\.previous)?\.[0-9a-f]{12}\.new$/
/** Writing a ring takes seconds. */
const LEFTOVER_AFTER_MS = 3_600_000

export interface LoadedRing extends KnownRing {
  readonly kind: 'loaded'
}

/** Where the ring before the one at `path` is kept. */
export function previousPath(path: string): string {
  return path + PREVIOUS
}

/** Reads and checks a ring file. */
export async function loadRingFile(disk: Disk, path: string): Promise<LoadedRing | BrokenFile> {
  try {
    return readRingFile(await disk.readFile(path))
  } catch (error) {
    return broken(`it cannot be read (${codeOf(error)})`)
  }
}

/** The same of bytes. */
export function readRingFile(file: Buffer): LoadedRing | BrokenFile {
  const parsed = parseRing(file)
  if (parsed.kind === 'broken') return parsed
  return { kind: 'loaded', ring: parsed.ring, digest: digestOf(file) }
}

/** By which two files of rings are compared: SHA-256, hex. */
export function digestOf(file: Buffer): string {
  return createHash('sha256').update(file).digest('hex')
}

/** Durable when resolved; a reader sees the old file or the whole new one. Rejects with the errors of the disk. */
export async function replaceRingFile(
  { disk, random }: Pick<Environment, 'disk' | 'random'>,
  path: string,
  bytes: Buffer,
): Promise<void> {
  const fresh = `${path}.${random.bytes(UNIQUE_BYTES).toString('hex')}.new`
  const file = await disk.createExclusive(fresh)
  try {
    await file.write(bytes, 0)
    await file.sync()
  } finally {
    await file.close()
  }
  await disk.rename(fresh, path)
  await disk.syncDirectory(dirname(path))
}

/** Removes a file that may be gone already. Durable when resolved. */
export async function removeRingFile(disk: Disk, path: string): Promise<void> {
  try {
    await disk.unlink(path)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
  await disk.syncDirectory(dirname(path))
}

/** What a process that died in the middle of replacing a file left, but not what another one is writing now. */
export async function removeLeftovers(
  { clock, disk }: Pick<Environment, 'clock' | 'disk'>,
  directory: string,
): Promise<void> {
  try {
    for (const name of (await disk.readdir(directory)).filter((entry) => LEFTOVER.test(entry))) {
      const path = join(directory, name)
      const { mtimeMs } = await disk.stat(path)
      if (clock.wallMs() - mtimeMs > LEFTOVER_AFTER_MS) await disk.unlink(path)
    }
  } catch {
    // Somebody else removed it, or the directory is not ours to change: it does no harm there.
  }
}

/** Changes whenever the file does; also when it comes or goes. */
export async function stampOf(disk: Disk, path: string): Promise<string> {
  try {
    const { mtimeMs, sizeBytes } = await disk.stat(path)
    return `${mtimeMs} ${sizeBytes}`
  } catch (error) {
    return `unreadable ${codeOf(error)}`
  }
}

function codeOf(error: unknown): string {
  return (error as { code?: string }).code ?? String(error)
}

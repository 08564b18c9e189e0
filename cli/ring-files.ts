/** Reading and replacing ring and builder files for `martlet ring`, and saying in one sentence why that failed. */
import { dirname, resolve } from 'node:path'
import type { Environment } from '#base/environment.ts'
import type { Builder } from '#ring/builder.ts'
import { parseBuilder, serialiseBuilder } from '#ring/builder-file.ts'
import type { Ring } from '#ring/ring.ts'
import { parseRing, serialiseRing } from '#ring/ring-file.ts'
import { looksLikeSwiftBuilder, parseSwiftBuilder } from '#ring/swift-builder-file.ts'

/** Something the operator has to put right; the message is for them. */
export class OperatorError extends Error {}

type Disk = Environment['disk']

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'access is denied',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of the path is not a directory',
  EROFS: 'the filesystem is read-only',
  ENOSPC: 'the disk is full',
}

/** Loads a builder, or throws an `OperatorError`. */
export async function loadBuilder(disk: Disk, path: string): Promise<Builder> {
  const parsed = parseBuilder(await readWholeFile(disk, path))
  if (parsed.kind === 'broken') throw new OperatorError(`cannot read builder ${path}: ${parsed.reason}`)
  return parsed
}

/** Loads a ring, or throws an `OperatorError`. */
export async function loadRing(disk: Disk, path: string): Promise<Ring> {
  const parsed = parseRing(await readWholeFile(disk, path))
  if (parsed.kind === 'broken') throw new OperatorError(`cannot read ring ${path}: ${parsed.reason}`)
  return parsed.ring
}

/** A builder of `swift-ring-builder`; `undefined` when the file is something else. Throws an `OperatorError`. */
export async function loadSwiftBuilder(disk: Disk, path: string): Promise<Builder | undefined> {
  const file = await readWholeFile(disk, path)
  if (!looksLikeSwiftBuilder(file)) return undefined
  const parsed = parseSwiftBuilder(file)
  if (parsed.kind === 'broken') throw new OperatorError(`cannot read builder ${path}: ${parsed.reason}`)
  return parsed
}

/** The bytes of a file, or throws an `OperatorError`. */
export async function readWholeFile(disk: Disk, path: string): Promise<Buffer> {
  try {
    return await disk.readFile(resolve(path))
  } catch (error) {
    throw new OperatorError(`cannot read ${path}: ${reasonOf(error)}`)
  }
}

/** Whether something is at the path. */
export async function exists(disk: Disk, path: string): Promise<boolean> {
  try {
    await disk.stat(resolve(path))
    return true
  } catch {
    return false
  }
}

/** `object.builder` has its ring in `object.ring.gz`, as with OpenStack Swift. */
export function ringPathOf(builderPath: string): string {
  return `${builderPath.replace(/\.builder$/, '')}.ring.gz`
}

export async function saveBuilder(disk: Disk, path: string, builder: Builder): Promise<void> {
  await replaceFile(disk, path, serialiseBuilder(builder))
}

export async function saveRing(disk: Disk, path: string, ring: Ring): Promise<void> {
  let file: Buffer
  try {
    file = serialiseRing(ring)
  } catch (error) {
    throw new OperatorError(`cannot write ring ${path}: ${(error as Error).message}`)
  }
  await replaceFile(disk, path, file)
}

/** Durable and atomic: whoever reads sees the old file or the whole new one. */
async function replaceFile(disk: Disk, path: string, bytes: Buffer): Promise<void> {
  const target = resolve(path)
  const fresh = `${target}.new`
  try {
    if (await exists(disk, fresh)) await disk.unlink(fresh)
    const file = await disk.createExclusive(fresh)
    try {
      await file.write(bytes, 0)
      await file.sync()
    } finally {
      await file.close()
    }
    await disk.rename(fresh, target)
    await disk.syncDirectory(dirname(target))
  } catch (error) {
    throw new OperatorError(`cannot write ${path}: ${reasonOf(error)}`)
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: string; message: string }
  return REASONS[code ?? ''] ?? message
}

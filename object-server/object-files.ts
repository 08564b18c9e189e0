/** Reads single object files and says what they tell; whatever contradicts itself is damaged. */
import type { Disk } from '#base/environment.ts'
import { type HashPathSalt, hashPath } from '#base/names.ts'
import type { Timestamp } from '#base/timestamp.ts'
import { readRecord } from './data-file.ts'
import { type FileKind, fileName, type ObjectFile } from './layout.ts'
import { EMPTY_STATE, type ObjectState } from './object-state.ts'
import { decodeRecord, encodeRecord, type StoredRecord } from './stored-bytes.ts'

export type FileTold =
  | { readonly kind: 'state'; readonly name: string; readonly state: ObjectState }
  | { readonly kind: 'damaged'; readonly reason: string }

/** Rejects with the disk's errors, `ENOENT` among them. */
export async function readObjectFile(
  disk: Disk,
  directory: string,
  file: ObjectFile,
  salt: HashPathSalt,
): Promise<FileTold> {
  const told = await readNamed(disk, directory, file)
  if (told.kind === 'damaged') return told
  if (hashPath(told.name, salt) !== file.hash) return damaged('the name inside has another hash')
  if (timestampOf(told.state, file.kind) !== file.timestamp) return damaged('the timestamp inside is another')
  return told
}

/** The name in an intact file, whatever its hash; `undefined` when the file is damaged. Rejects as `readObjectFile` does. */
export async function nameInFile(
  disk: Disk,
  directory: string,
  file: ObjectFile,
): Promise<string | undefined> {
  const told = await readNamed(disk, directory, file)
  return told.kind === 'damaged' ? undefined : told.name
}

async function readNamed(disk: Disk, directory: string, file: ObjectFile): Promise<FileTold> {
  const path = `${directory}/${fileName(file)}`
  return file.kind === 'data' ? await readData(disk, path) : await readSmallFile(disk, path, file.kind)
}

async function readData(disk: Disk, path: string): Promise<FileTold> {
  const found = await readRecord(disk, path)
  if (found.kind === 'damaged') return found
  return { kind: 'state', name: found.version.record.name, state: { ...EMPTY_STATE, data: found.version } }
}

async function readSmallFile(disk: Disk, path: string, kind: FileKind): Promise<FileTold> {
  const record = decodeRecord(await disk.readFile(path))
  if (record?.kind === 'meta' && kind === 'meta') {
    return { kind: 'state', name: record.meta.name, state: { ...EMPTY_STATE, meta: record.meta } }
  }
  if (record?.kind === 'tombstone' && kind === 'ts') {
    return { kind: 'state', name: record.name, state: { ...EMPTY_STATE, tombstone: record.timestamp } }
  }
  return damaged('no readable record')
}

function timestampOf(state: ObjectState, kind: FileKind): Timestamp | undefined {
  if (kind === 'data') return state.data?.timestamp
  return kind === 'meta' ? state.meta?.timestamp : state.tombstone
}

function damaged(reason: string): FileTold {
  return { kind: 'damaged', reason }
}

/** Writes a record as a file of its own and makes it durable: metadata of a POST, a tombstone. */
export async function writeSmallFile(disk: Disk, path: string, record: StoredRecord): Promise<void> {
  const file = await disk.createExclusive(path)
  try {
    await file.write(encodeRecord(record), 0)
    await file.sync()
  } finally {
    await file.close()
  }
}

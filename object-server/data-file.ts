/**
 * The format of a `.data` file: the body from byte 0, and its record either in the attribute `user.martlet.metadata` or,
 * where the filesystem has no room for it or no attributes at all, in a trailer behind the body:
 *
 *     body | record | length of the record (4 bytes, big endian) | magic `MARTLET1`
 *
 * The record carries a checksum of its own and the length of the body, so a trailer is known to be whole and to belong
 * to the file it is in.
 */
import type { Disk, DiskFile, NewFile } from '#base/environment.ts'
import { codeOf } from '#disk/disk-error.ts'
import { isNoRoomForXattr } from '#disk/many-files.ts'
import type { DataRecord, DataVersion } from './object-state.ts'
import { decodeRecord, encodeRecord } from './stored-bytes.ts'

export const METADATA_XATTR = 'user.martlet.metadata'
const TRAILER_NAME = Buffer.from('MARTLET')
const TRAILER_MAGIC = Buffer.from('MARTLET1')
const TRAILER_END_BYTES = 4 + TRAILER_MAGIC.length
/** More metadata than this no server accepts (headers of 128 KiB, CRCs of 5 GiB); a longer trailer is damage. Bytes. */
const TRAILER_BYTES_MAX = 1024 * 1024

/**
 * Stores the record with a data file whose body is written but not yet synced.
 * Returns the length of the file, bytes.
 */
export async function storeRecord(
  disk: Disk,
  path: string,
  file: DiskFile,
  record: DataRecord,
): Promise<number> {
  const bytes = encodeRecord({ kind: 'data', data: record })
  try {
    await disk.setXattr(path, METADATA_XATTR, bytes)
    return record.sizeBytes
  } catch (error) {
    if (!isNoRoomForXattr(error)) throw error
  }
  await file.writeAll(trailerOf(bytes), record.sizeBytes)
  return record.sizeBytes + bytes.length + TRAILER_END_BYTES
}

function trailerOf(record: Buffer): readonly Buffer[] {
  const end = Buffer.alloc(4)
  end.writeUInt32BE(record.length)
  return [record, end, TRAILER_MAGIC]
}

/** A data file to be made with others (`createFiles`). */
export function newDataFile(path: string, record: DataRecord, body: readonly Buffer[]): NewFile {
  const value = encodeRecord({ kind: 'data', data: record })
  const attribute = { name: METADATA_XATTR, value, otherwise: Buffer.concat(trailerOf(value)) }
  return { path, contents: body, attribute }
}

/** What it is once it was made. */
export function versionMade(
  record: DataRecord,
  { attribute: { otherwise } }: NewFile,
  kept: 'kept' | 'behind',
): DataVersion {
  const { timestamp, sizeBytes, etag } = record
  return {
    timestamp,
    sizeBytes,
    etag,
    fileBytes: sizeBytes + (kept === 'kept' ? 0 : otherwise.length),
    record,
  }
}

export type RecordFound =
  | { readonly kind: 'data'; readonly version: DataVersion & { readonly record: DataRecord } }
  | { readonly kind: 'damaged'; readonly reason: string }

/** Reads what a data file says about itself. Rejects with the disk's errors, and when a newer version wrote it. */
export async function readRecord(disk: Disk, path: string): Promise<RecordFound> {
  const xattr = await readXattr(disk, path)
  const file = await disk.openRead(path)
  try {
    const { sizeBytes: fileBytes } = await file.stat()
    const bytes = xattr ?? (await readTrailer(file, fileBytes))
    const decoded = bytes === undefined ? undefined : decodeRecord(bytes)
    if (bytes === undefined || decoded?.kind !== 'data') return damaged('no readable metadata')
    const record = decoded.data
    const trailerBytes = xattr === undefined ? bytes.length + TRAILER_END_BYTES : 0
    if (record.sizeBytes + trailerBytes !== fileBytes) return damaged('size differs from the metadata')
    const { timestamp, sizeBytes, etag } = record
    return { kind: 'data', version: { timestamp, sizeBytes, etag, fileBytes, record } }
  } finally {
    await file.close()
  }
}

function damaged(reason: string): RecordFound {
  return { kind: 'damaged', reason }
}

async function readXattr(disk: Disk, path: string): Promise<Buffer | undefined> {
  try {
    return await disk.getXattr(path, METADATA_XATTR)
  } catch (error) {
    if (codeOf(error) === 'ENOTSUP') return undefined
    throw error
  }
}

async function readTrailer(file: DiskFile, fileBytes: number): Promise<Buffer | undefined> {
  if (fileBytes < TRAILER_END_BYTES) return undefined
  const end = Buffer.alloc(TRAILER_END_BYTES)
  await file.read(end, fileBytes - TRAILER_END_BYTES)
  const length = end.readUInt32BE(0)
  const start = fileBytes - TRAILER_END_BYTES - length
  const isTrailer = end.subarray(4, -1).equals(TRAILER_NAME)
  if (!isTrailer || length > TRAILER_BYTES_MAX || start < 0) return undefined
  const bytes = Buffer.alloc(length)
  await file.read(bytes, start)
  if (end.subarray(4).equals(TRAILER_MAGIC)) return bytes
  // The last byte of the magic is the digit of its version. A later trailer holds a record of a later version, which
  // says so itself here; what holds another record has a damaged digit.
  decodeRecord(bytes)
  return undefined
}

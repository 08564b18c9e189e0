/**
 * Reads bodies block by block. No byte leaves here that does not match the CRC of its block; also for a range, the
 * blocks it touches are read whole and verified.
 */
import { crc32 } from 'node:zlib'
import type { DiskFile } from '#base/environment.ts'
import { BLOCK_BYTES } from '#base/limits.ts'
import { ownPiece } from '#http/piece-memory.ts'
import type { DataRecord } from './object-state.ts'

/** The bytes on disk are not those that were written. */
export class BadBlockError extends Error {
  readonly code = 'BAD_BLOCK'
  readonly block: number

  constructor(block: number) {
    super(`block ${block} does not match its checksum`)
    this.name = 'BadBlockError'
    this.block = block
  }
}

/** Reads and verifies one block. Rejects with `BadBlockError`, or with the disk's errors. */
async function readBlock(file: DiskFile, record: DataRecord, block: number): Promise<Buffer> {
  const start = block * BLOCK_BYTES
  const bytes = Buffer.allocUnsafeSlow(Math.min(BLOCK_BYTES, record.sizeBytes - start))
  const count = await file.read(bytes, start)
  if (count !== bytes.length || crc32(bytes) !== record.blockCrcs[block]) throw new BadBlockError(block)
  return bytes
}

/**
 * The whole body of an object of at most one block. One byte more is asked for, so that a file longer than it should be
 * (`fileBytes`) is noticed as well as a shorter one.
 */
export async function readSmallBody(file: DiskFile, record: DataRecord, fileBytes: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(smallReadBytes(record))
  const count = await file.read(bytes, 0)
  const body = smallBodyIn(bytes.subarray(0, count), record, fileBytes)
  if (body === undefined) throw new BadBlockError(0)
  return body
}

/** Bytes to be read of such a file. */
export function smallReadBytes({ sizeBytes }: DataRecord): number {
  return sizeBytes + 1
}

/** The body in what was read of such a file, verified; `undefined` when it is not what was written. */
export function smallBodyIn(read: Buffer, record: DataRecord, fileBytes: number): Buffer | undefined {
  const { sizeBytes } = record
  const body = read.subarray(0, sizeBytes)
  const isWhole = read.length === Math.min(sizeBytes + 1, fileBytes)
  return isWhole && (sizeBytes === 0 || crc32(body) === record.blockCrcs[0]) ? body : undefined
}

/**
 * A block is handed out in slices of this size: what waits for a slow client is a slice and the block behind it. Bytes.
 */
const SLICE_BYTES = 256 * 1024

/** Bytes `start` to `end` (exclusive) of the body. The next block is read while the last slice of one is on its way. */
export async function* readVerified(
  file: DiskFile,
  record: DataRecord,
  start: number,
  end: number,
): AsyncGenerator<Buffer, void, undefined> {
  if (start >= end) return
  const last = Math.floor((end - 1) / BLOCK_BYTES)
  let ahead: Promise<Buffer> | undefined
  try {
    for (let block = Math.floor(start / BLOCK_BYTES); block <= last; block += 1) {
      const bytes = await (ahead ?? readBlock(file, record, block))
      ahead = undefined
      ownPiece(bytes)
      const blockStart = block * BLOCK_BYTES
      const wantedEnd = Math.min(bytes.length, end - blockStart)
      for (let at = Math.max(0, start - blockStart); at < wantedEnd; at += SLICE_BYTES) {
        const sliceEnd = Math.min(wantedEnd, at + SLICE_BYTES)
        if (sliceEnd === wantedEnd && block < last) ahead = readAhead(file, record, block + 1)
        yield bytes.subarray(at, sliceEnd)
      }
    }
  } finally {
    await ahead?.catch(() => {})
  }
}

/** A rejection is seen when the block is awaited; if nobody comes for it, nobody minds. */
function readAhead(file: DiskFile, record: DataRecord, block: number): Promise<Buffer> {
  const reading = readBlock(file, record, block)
  reading.catch(() => {})
  return reading
}

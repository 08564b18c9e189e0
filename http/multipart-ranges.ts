/**
 * The body of a 206 with several ranges, byte for byte as OpenStack Swift writes it (`common/swob.py`:
 * `multi_range_iterator`), so that its length is known before the first byte is read.
 */
import { type ByteRange, contentRange } from './ranges.ts'

export interface MultipartRanges {
  readonly ranges: readonly ByteRange[]
  /** Type and length of the whole that the ranges are parts of. */
  readonly contentType: string
  readonly lengthBytes: number
  /** 32 hex digits. */
  readonly boundary: string
}

/** The response's `Content-Type`. */
export function multipartContentType(boundary: string): string {
  return `multipart/byteranges;boundary=${boundary}`
}

/** A boundary that does not occur in the data but by a miracle: 16 random bytes. */
export function rangesBoundary(chance: Buffer): string {
  return chance.toString('hex')
}

/** Length of the whole body, bytes. */
export function multipartLength(multipart: MultipartRanges): number {
  let sizeBytes = terminator(multipart).length
  for (const range of multipart.ranges) {
    sizeBytes += partHead(multipart, range).length + (range.end - range.start) + PART_END.length
  }
  return sizeBytes
}

/** The body; `read` gives the bytes of one range. */
export async function* renderMultipart(
  multipart: MultipartRanges,
  read: (range: ByteRange) => AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  for (const range of multipart.ranges) {
    yield partHead(multipart, range)
    yield* read(range)
    yield PART_END
  }
  yield terminator(multipart)
}

const PART_END = Buffer.from('\r\n')

function partHead(multipart: MultipartRanges, range: ByteRange): Buffer {
  return Buffer.from(
    `--${multipart.boundary}\r\nContent-Type: ${multipart.contentType}\r\n` +
      `Content-Range: ${contentRange(range, multipart.lengthBytes)}\r\n\r\n`,
    'latin1',
  )
}

function terminator(multipart: MultipartRanges): Buffer {
  return Buffer.from(`--${multipart.boundary}--`, 'latin1')
}

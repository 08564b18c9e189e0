/**
 * The bytes of an archive behind its compression, as they flow. What they may expand to is bounded: a small upload must
 * not keep a proxy busy for hours.
 */
import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { CHUNK_BYTES } from '#base/limits.ts'
import { BodyError } from '#http/message.ts'
import { ArchiveError } from './archive-error.ts'
import { Bzip2Error, bunzip2 } from './bzip2/bunzip2.ts'

export type Compression = 'none' | 'gzip' | 'bzip2'

/** What archives are called in `extract-archive=`. */
export const ARCHIVE_TYPES: ReadonlyMap<string, Compression> = new Map([
  ['tar', 'none'],
  ['tar.gz', 'gzip'],
  ['tar.bz2', 'bzip2'],
])

/** How far an archive may expand. */
export interface ExpansionLimits {
  /** It may have so many bytes whatever its size, … */
  readonly freeBytes: number
  /** … and beyond that so many times its size. */
  readonly ratio: number
}

export const EXPANSION: ExpansionLimits = { freeBytes: 1024 ** 3, ratio: 200 }

/** Rejects with an `ArchiveError`, or with what reading the pieces rejects with. `breathe` lets others work. */
export async function* decompressed(
  pieces: AsyncIterable<Buffer>,
  compression: Compression,
  breathe: () => Promise<void>,
  limits: ExpansionLimits = EXPANSION,
): AsyncGenerator<Buffer> {
  if (compression === 'none') {
    yield* pieces
    return
  }
  const read = { bytes: 0 }
  const counted = countedPieces(pieces, read)
  let expandedBytes = 0
  try {
    for await (const piece of compression === 'gzip' ? gunzip(counted) : bunzip2(counted, breathe)) {
      expandedBytes += piece.length
      if (expandedBytes > limits.freeBytes + limits.ratio * read.bytes) {
        throw new ArchiveError('it expands too far')
      }
      yield piece
    }
  } catch (error) {
    throw asArchiveError(error)
  }
}

async function* countedPieces(
  pieces: AsyncIterable<Buffer>,
  read: { bytes: number },
): AsyncGenerator<Buffer> {
  for await (const piece of pieces) {
    read.bytes += piece.length
    yield piece
  }
}

async function* gunzip(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const stream = createGunzip({ chunkSize: CHUNK_BYTES })
  // Whatever goes wrong, the stream below rejects with it.
  pipeline(Readable.from(pieces, { objectMode: true, highWaterMark: 1 }), stream, () => {})
  for await (const piece of stream) yield piece as Buffer
}

/** Errors of zlib have a code that begins with `Z_`. */
function asArchiveError(error: unknown): unknown {
  if (error instanceof BodyError || error instanceof ArchiveError) return error
  if (error instanceof Bzip2Error) return new ArchiveError(error.message, error)
  const { code, message } = error as NodeJS.ErrnoException
  if (code?.startsWith('Z_') !== true) return error
  return new ArchiveError(message === 'incorrect header check' ? 'not a gzip file' : message, error)
}

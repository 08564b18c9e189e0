/**
 * Where the bytes of one image are among its pieces: objects named after the offset of their first byte. What lies between
 * two pieces was zeros and is not stored. Pure.
 */
import type { ByteRange } from '#http/ranges.ts'
import type { ImageRecord } from '../model/image-record.ts'

/** In order, without overlap; with where it is, if that is not under the key of the image and its offset alone. */
export type Piece = readonly [offset: number, lengthBytes: number, where?: PieceFolder | SharedBlock]

/** A further name under the key, where an upload came in several sessions. */
type PieceFolder = string

/** Bytes that other images have, too: the path among all blocks (`blocks/block-record.ts`). */
export interface SharedBlock {
  readonly block: string
}

export function isShared(where: Piece[2]): where is SharedBlock {
  return typeof where === 'object'
}

export interface PieceMap {
  readonly sizeBytes: number
  readonly pieces: readonly Piece[]
  /** What the bytes were when they came; later changes of the image are in its record alone. */
  readonly image?: ImageRecord | undefined
}

/** The first of them is that of maps without shared blocks, which know nothing of blocks. */
const [PLAIN, SHARED] = [1, 2]

export function encodeMap({ sizeBytes, pieces, image }: PieceMap): Buffer {
  const version = pieces.some(([, , where]) => isShared(where)) ? SHARED : PLAIN
  return Buffer.from(JSON.stringify({ version, sizeBytes, pieces, image }))
}

/** `undefined` when the bytes are no map. */
export function decodeMap(bytes: Buffer): PieceMap | undefined {
  try {
    const stored = JSON.parse(bytes.toString('utf8')) as { version?: unknown } & PieceMap
    const { version, sizeBytes, pieces, image } = stored
    return version === PLAIN || version === SHARED ? { sizeBytes, pieces, image } : undefined
  } catch {
    return undefined
  }
}

/** The name of a piece under the key of its image. */
export function piecePath(offset: number, folder: string | undefined): string {
  return folder === undefined ? pieceName(offset) : `${folder}/${pieceName(offset)}`
}

/** The last part of a piece's name: fixed width, so that names sort as the bytes do. */
export function pieceName(offset: number): string {
  return offset.toString().padStart(16, '0')
}

export type Stretch =
  /** `range` counts within the piece. */
  | {
      readonly kind: 'piece'
      readonly offset: number
      readonly lengthBytes: number
      readonly where: Piece[2]
      readonly range: ByteRange
    }
  | { readonly kind: 'zeros'; readonly lengthBytes: number }

/** What a range of the image is made of, in order. */
export function* stretchesOf({ pieces, sizeBytes }: PieceMap, wanted: ByteRange): Generator<Stretch> {
  const end = Math.min(wanted.end, sizeBytes)
  let at = wanted.start
  for (const [offset, lengthBytes, where] of pieces) {
    if (offset + lengthBytes <= at) continue
    if (offset >= end) break
    if (offset > at) yield { kind: 'zeros', lengthBytes: offset - at }
    const start = Math.max(at, offset)
    const stop = Math.min(end, offset + lengthBytes)
    yield {
      kind: 'piece',
      offset,
      lengthBytes,
      where,
      range: { start: start - offset, end: stop - offset },
    }
    at = stop
  }
  if (at < end) yield { kind: 'zeros', lengthBytes: end - at }
}

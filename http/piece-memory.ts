/**
 * Gives the memory of a body's pieces back as soon as their last holder is done with them, instead of leaving it to the
 * garbage collector. V8 collects its whole heap once so many megabytes of buffers were made since the last time: a body of
 * 64 MiB that passes through a process would cost a dozen full collections of a heap in which nothing changed.
 *
 * Whoever takes a piece off a socket says so with `ownPiece`; whoever hands it to several readers, with `sharePiece`; whoever
 * keeps it, with `keepPiece`; and whoever is done with it, with `releasePiece`. A piece that nobody releases is collected as ever; so releasing
 * may be forgotten, and must never come too early: a released piece has length 0.
 */

/** Smaller ones are not worth the bookkeeping. Bytes. */
const WORTHWHILE_BYTES = 8 * 1024

/** Bytes of each owned piece that are not released yet, counted once per holder. */
const unreleased = new WeakMap<ArrayBufferLike, number>()

/** The piece came off a socket, whole, and nobody else knows its memory. */
export function ownPiece(piece: Buffer): void {
  if (piece.length < WORTHWHILE_BYTES || piece.length !== piece.buffer.byteLength) return
  unreleased.set(piece.buffer, piece.length)
}

/** The piece has so many holders from now on, each of which may release it. */
export function sharePiece(piece: Buffer, holders: number): void {
  const bytes = unreleased.get(piece.buffer)
  if (bytes !== undefined) unreleased.set(piece.buffer, bytes + (holders - 1) * piece.length)
}

/** Somebody keeps the piece for as long as it likes, and others may still be given it. */
export function keepPiece(piece: Buffer): void {
  unreleased.delete(piece.buffer)
}

/** A holder is done with the piece, or with this part of it, and will not look at it again. */
export function releasePiece(piece: Buffer): void {
  const bytes = unreleased.get(piece.buffer)
  if (bytes === undefined) return
  if (bytes > piece.length) {
    unreleased.set(piece.buffer, bytes - piece.length)
    return
  }
  unreleased.delete(piece.buffer)
  ;(piece.buffer as ArrayBuffer).transfer(0)
}

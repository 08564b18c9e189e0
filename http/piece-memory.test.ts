import t from 'tap'
import { keepPiece, ownPiece, releasePiece, sharePiece } from './piece-memory.ts'

const BYTES = 64 * 1024

function pieceOffSocket(): Buffer {
  const piece = Buffer.allocUnsafeSlow(BYTES)
  ownPiece(piece)
  return piece
}

void t.test('the memory of a piece is given back when its holder releases it', async (t) => {
  const piece = pieceOffSocket()
  releasePiece(piece)
  t.equal(piece.length, 0)
})

void t.test('a piece with several holders stays until the last one releases it', async (t) => {
  const piece = pieceOffSocket()
  sharePiece(piece, 3)
  releasePiece(piece)
  releasePiece(piece)
  t.equal(piece.length, BYTES)
  releasePiece(piece)
  t.equal(piece.length, 0)
})

void t.test('a piece that was cut stays until all of its parts are released', async (t) => {
  const piece = pieceOffSocket()
  const head = piece.subarray(0, 100)
  const rest = piece.subarray(100)
  releasePiece(rest)
  t.equal(head.length, 100)
  releasePiece(head)
  t.equal(piece.length, 0)
})

void t.test('what did not come off a socket, or is part of something larger, is left alone', async (t) => {
  const held = Buffer.allocUnsafeSlow(BYTES)
  releasePiece(held)
  t.equal(held.length, BYTES)
  const part = held.subarray(0, BYTES / 2)
  ownPiece(part)
  releasePiece(part)
  t.equal(held.length, BYTES)
})

void t.test('releasing twice does nothing', async (t) => {
  const piece = pieceOffSocket()
  releasePiece(piece)
  releasePiece(piece)
  t.equal(piece.length, 0)
})

void t.test('a piece that somebody keeps is never given back', async (t) => {
  const piece = pieceOffSocket()
  keepPiece(piece)
  releasePiece(piece)
  t.equal(piece.length, BYTES)
})

/**
 * Patterns with `*` (any run of characters) and `?` (one character), as IAM policies have them.
 *
 * Never exponential: a pattern is cut at its stars once, and each piece is looked for once, to the right of the one
 * before it. The time is at most the product of the two lengths, and that only for pieces that hold a `?`.
 */

/** What stands between two stars. */
interface Piece {
  readonly text: string
  /** Of a piece with a `?`: its characters as UTF-16 units, `ANY_ONE` for a `?`. */
  readonly units: readonly number[] | undefined
}

export interface Pattern {
  readonly pieces: readonly Piece[]
  /** UTF-16 units that a text must have at least. */
  readonly lengthMin: number
}

const ANY_ONE = -1

/** In a written pattern: a star, question mark or dollar sign that stands for itself (`${*}`, `${?}`, `${$}`). */
export const LITERALS: ReadonlyMap<string, string> = new Map([
  ['*', '\uE000'],
  ['?', '\uE001'],
  ['$', '\uE002'],
])
const LITERAL_MARKS = /[\uE000-\uE002]/g
const MEANT: ReadonlyMap<string, string> = new Map([...LITERALS].map(([meant, mark]) => [mark, meant]))

export function compilePattern(written: string): Pattern {
  const pieces = written.split('*').map((piece) => pieceOf(piece))
  return { pieces, lengthMin: pieces.reduce((sum, { text }) => sum + text.length, 0) }
}

function pieceOf(written: string): Piece {
  const text = withoutMarks(written)
  if (!written.includes('?')) return { text, units: undefined }
  const units = Array.from({ length: written.length }, (_, index) =>
    written[index] === '?' ? ANY_ONE : text.charCodeAt(index),
  )
  return { text, units }
}

/** The characters that literal marks stand for. */
export function withoutMarks(written: string): string {
  return written.replace(LITERAL_MARKS, (mark) => MEANT.get(mark) ?? mark)
}

/** Whether the whole text fits the pattern. Case counts. */
export function matchesPattern({ pieces, lengthMin }: Pattern, text: string): boolean {
  if (text.length < lengthMin) return false
  const first = pieces[0]
  const last = pieces.at(-1)
  if (first === undefined || last === undefined || !standsAt(first, text, 0)) return false
  if (pieces.length === 1) return text.length === first.text.length
  const end = text.length - last.text.length
  let at = first.text.length
  for (let index = 1; index < pieces.length - 1; index += 1) {
    const piece = pieces[index]
    const found = piece === undefined ? -1 : find(piece, text, at)
    if (piece === undefined || found < 0) return false
    at = found + piece.text.length
  }
  return end >= at && standsAt(last, text, end)
}

/** For patterns used once. */
export function matchesWildcard(pattern: string, text: string): boolean {
  return matchesPattern(compilePattern(pattern), text)
}

function find(piece: Piece, text: string, from: number): number {
  if (piece.units === undefined) return text.indexOf(piece.text, from)
  const last = text.length - piece.text.length
  for (let at = from; at <= last; at += 1) if (standsAt(piece, text, at)) return at
  return -1
}

function standsAt({ text: wanted, units }: Piece, text: string, at: number): boolean {
  if (units === undefined) return text.startsWith(wanted, at)
  if (at + units.length > text.length) return false
  return units.every((unit, index) => unit === ANY_ONE || unit === text.charCodeAt(at + index))
}

/**
 * The body of a bulk delete: names, percent-encoded, a line each. Read to its end before anything is deleted, and
 * refused as soon as it is too long.
 */
import { MAX_CONTAINER_NAME_BYTES, MAX_OBJECT_NAME_BYTES } from '#base/limits.ts'
import type { RequestBody } from '#http/message.ts'
import { type BulkRefusal, refusal } from './report.ts'

/** Longest name with its slashes, bytes (OpenStack Swift `max_path_length`). */
export const MAX_PATH_BYTES = MAX_OBJECT_NAME_BYTES + MAX_CONTAINER_NAME_BYTES + 2
/** Longest line: every byte of a name may be written as three. */
const MAX_LINE_BYTES = 3 * MAX_PATH_BYTES

export type DeleteList =
  /** Bytes of each name, percent-decoded, blanks at the ends removed; empty lines are left out. */
  | { readonly kind: 'names'; readonly names: readonly Buffer[] }
  | { readonly kind: 'refused'; readonly refusal: BulkRefusal }

/** Reads the names. Rejects with a `BodyError` when the body cannot be read. */
export async function readDeleteList(body: RequestBody, namesMax: number): Promise<DeleteList> {
  const names: Buffer[] = []
  let lines = 0
  for await (const line of linesOf(body)) {
    if (line.kind === 'too_long') return refused(refusal(400, 'Invalid File Name'))
    lines += 1
    if (lines > namesMax) return refused(refusal(413, `Maximum Bulk Deletes: ${namesMax} per request`))
    const name = unquoted(line.text.trim())
    if (name.length > 0) names.push(name)
  }
  return { kind: 'names', names }
}

function refused(whole: BulkRefusal): DeleteList {
  return { kind: 'refused', refusal: whole }
}

type Line = { readonly kind: 'line'; readonly text: string } | { readonly kind: 'too_long' }

/** Lines as latin1 text, without their ends. What follows a line that is too long is not read. */
async function* linesOf(body: RequestBody): AsyncGenerator<Line> {
  let begun = ''
  for await (const piece of body) {
    const lines = (begun + piece.toString('latin1')).split('\n')
    begun = lines.pop() ?? ''
    for (const text of [...lines, begun]) if (text.length > MAX_LINE_BYTES) yield { kind: 'too_long' }
    for (const text of lines) yield { kind: 'line', text }
  }
  if (begun !== '') yield { kind: 'line', text: begun }
}

/** The bytes that a percent-encoded text stands for; a lone `%` stays as it is. */
function unquoted(text: string): Buffer {
  const decoded = text.replace(/%([0-9a-f]{2})/gi, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  )
  return Buffer.from(decoded, 'latin1')
}

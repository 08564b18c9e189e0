/**
 * Writes the table of known differences into `docs/swift-compat.md`, between its two marks.
 *
 *     node test/differential/render.ts
 */
import { readFileSync, writeFileSync } from 'node:fs'
import type { KnownDifference } from './differences/known-difference.ts'
import { KNOWN_DIFFERENCES } from './known-differences.ts'

const PAGE = new URL('../../docs/swift-compat.md', import.meta.url)
const BEGIN = '<!-- known differences: written by test/differential/render.ts -->'
const END = '<!-- end of known differences -->'

/** The page with the table in it. Throws when a mark is missing. */
export function rendered(page: string, known: readonly KnownDifference[] = KNOWN_DIFFERENCES): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (begin < 0 || end < begin) throw new Error('docs/swift-compat.md has lost its marks')
  const reasons = new Map(known.map(({ what, reason }) => [what, reason]))
  const rows = [...reasons].map(([what, reason]) => `| ${cell(what)} | ${cell(reason)} |`)
  const table = ['| Martlet | why |', '|---|---|', ...rows].join('\n')
  return `${page.slice(0, begin + BEGIN.length)}\n${table}\n${page.slice(end)}`
}

export function readPage(): string {
  return readFileSync(PAGE, 'utf8')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

if (import.meta.main) writeFileSync(PAGE, rendered(readPage()))

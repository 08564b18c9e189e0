/**
 * Where Martlet answers otherwise than OpenStack Swift 2.30, and why. A difference that is not listed here fails the
 * differential test; an entry that no longer describes a difference fails it too. The table in `docs/swift-compat.md`
 * is written from this one (`node test/differential/render.ts`).
 */
import type { Difference, Statuses } from './comparison.ts'
import { COMBINATION_DIFFERENCES } from './differences/combinations.ts'
import type { KnownDifference } from './differences/known-difference.ts'
import { MORE_SWITCHED_DIFFERENCES } from './differences/more-switched.ts'
import { ODD_DIFFERENCES } from './differences/odd.ts'
import { SWITCHED_DIFFERENCES } from './differences/switched.ts'
import { USUAL_DIFFERENCES } from './differences/usual.ts'

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  ...USUAL_DIFFERENCES,
  ...ODD_DIFFERENCES,
  ...SWITCHED_DIFFERENCES,
  ...MORE_SWITCHED_DIFFERENCES,
  ...COMBINATION_DIFFERENCES,
]

/** The entry that explains a difference, if there is one. */
export function explanationOf(
  difference: Difference,
  known: readonly KnownDifference[] = KNOWN_DIFFERENCES,
): KnownDifference | undefined {
  return known.find(
    ({ step, field, statuses }) =>
      fits(step, difference.step) && fits(field, difference.field) && agree(statuses, difference.statuses),
  )
}

function agree(wanted: Statuses | undefined, [theirs, ours]: Statuses): boolean {
  return wanted === undefined ? theirs === ours : theirs === wanted[0] && ours === wanted[1]
}

/** Entries that explain none of the differences: they should go. */
export function unusedEntries(
  differences: readonly Difference[],
  known: readonly KnownDifference[] = KNOWN_DIFFERENCES,
): readonly KnownDifference[] {
  const used = new Set(differences.map((difference) => explanationOf(difference, known)))
  return known.filter((entry) => !used.has(entry))
}

function fits(wanted: string | RegExp, found: string): boolean {
  return typeof wanted === 'string' ? wanted === found : wanted.test(found)
}

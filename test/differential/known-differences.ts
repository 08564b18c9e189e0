/**
 * Where Martlet answers otherwise than OpenStack Swift 2.30, and why. A difference that is not listed here fails the
 * differential test; an entry that no longer describes a difference fails it too. The table in `docs/swift-compat.md`
 * is written from this one (`node test/differential/render.ts`).
 */
import type { Difference } from './comparison.ts'

export interface KnownDifference {
  /** Name of the step, or a pattern of names. */
  readonly step: string | RegExp
  /** `status`, `body`, `header x`, or a pattern of these. */
  readonly field: string | RegExp
  /** What a person sees. */
  readonly what: string
  readonly reason: string
}

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    step: 'service: capabilities',
    field: /^(body|header content-length)$/,
    what: '`/info` lists other middleware and another version.',
    reason: 'It tells what this cluster can do.',
  },
]

/** The entry that explains a difference, if there is one. */
export function explanationOf(
  difference: Difference,
  known: readonly KnownDifference[] = KNOWN_DIFFERENCES,
): KnownDifference | undefined {
  return known.find(({ step, field }) => fits(step, difference.step) && fits(field, difference.field))
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

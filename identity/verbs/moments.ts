/** Filters of moments: `gt:2026-01-01T00:00:00Z`, or one without an operator (Identity API v3, "List users"). */

const COMPARISONS = {
  lt: (there: number, asked: number) => there < asked,
  lte: (there: number, asked: number) => there <= asked,
  gt: (there: number, asked: number) => there > asked,
  gte: (there: number, asked: number) => there >= asked,
  eq: (there: number, asked: number) => there === asked,
  neq: (there: number, asked: number) => there !== asked,
} as const

export interface MomentFilter {
  readonly comparison: keyof typeof COMPARISONS
  readonly atMs: number
}

/** Keystone's words. */
export const NO_MOMENT =
  'Timestamp not in expected format. The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error.'

const FORM = /^(?:([a-z]+):)?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)Z?$/

/** `undefined` when there is no such filter. */
export function parseMoment(written: string | null): MomentFilter | 'malformed' | undefined {
  if (written === null) return undefined
  const [, operator = 'eq', utc] = FORM.exec(written) ?? []
  const comparison = (Object.keys(COMPARISONS) as (keyof typeof COMPARISONS)[]).find(
    (one) => one === operator,
  )
  const atMs = Date.parse(`${utc}Z`)
  return comparison === undefined || Number.isNaN(atMs) ? 'malformed' : { comparison, atMs }
}

/** What never comes is within nothing. */
export function isWithin(momentMs: number | undefined, filter: MomentFilter | undefined): boolean {
  if (filter === undefined) return true
  return momentMs !== undefined && COMPARISONS[filter.comparison](momentMs, filter.atMs)
}

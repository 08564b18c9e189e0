/** Filters of lists: what a request asks for by name and the like. */
import { DEFAULT_DOMAIN_ID } from '../model/ids.ts'

interface Filtered {
  readonly value: {
    readonly name: string
    readonly enabled?: boolean
    readonly domainId?: string | undefined
  }
}

/** Those that the query asks for; what it names that is not known here is passed over, as Keystone does. */
export function filtered<Item extends Filtered>(
  items: readonly Item[],
  query: URLSearchParams,
): readonly Item[] {
  const enabled = query.get('enabled')
  const domainId = query.get('domain_id')
  return named(items, query).filter(
    ({ value }) =>
      (domainId === null || (value.domainId ?? DEFAULT_DOMAIN_ID) === domainId) &&
      (enabled === null || (value.enabled ?? true) === isTrue(enabled)),
  )
}

/** Keystone: everything but these is true. */
function isTrue(written: string): boolean {
  return !['0', 'false', 'f', 'no', 'n', 'off'].includes(written.toLowerCase())
}

/** Present, and not `0` (Keystone: any other value asks for it). */
export function isAsked(query: URLSearchParams, name: string): boolean {
  return query.has(name) && query.get(name) !== '0'
}

type Comparison = (there: string, asked: string) => boolean

/** What can stand behind `name__`; with an `i` before it, cases are not told apart (Identity API v3, "Filtering"). */
const COMPARISONS: Readonly<Record<string, Comparison>> = {
  contains: (there, asked) => there.includes(asked),
  startswith: (there, asked) => there.startsWith(asked),
  endswith: (there, asked) => there.endsWith(asked),
}

/** Those of the name that the query asks for. */
export function named<Item extends Filtered>(
  items: readonly Item[],
  query: URLSearchParams,
): readonly Item[] {
  const name = query.get('name')
  return items.filter(
    ({ value }) =>
      (name === null || value.name.toLowerCase() === name.toLowerCase()) && isNamedLike(value.name, query),
  )
}

function isNamedLike(name: string, query: URLSearchParams): boolean {
  return Object.entries(COMPARISONS).every(([comparison, holds]) => {
    const [exact, caseless] = [query.get(`name__${comparison}`), query.get(`name__i${comparison}`)]
    return (
      (exact === null || holds(name, exact)) &&
      (caseless === null || holds(name.toLowerCase(), caseless.toLowerCase()))
    )
  })
}

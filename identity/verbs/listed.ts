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
      (enabled === null || (value.enabled ?? true) === (enabled.toLowerCase() === 'true')),
  )
}

/** Those of the name that the query asks for. */
export function named<Item extends Filtered>(
  items: readonly Item[],
  query: URLSearchParams,
): readonly Item[] {
  const name = query.get('name')
  return items.filter(({ value }) => name === null || value.name.toLowerCase() === name.toLowerCase())
}

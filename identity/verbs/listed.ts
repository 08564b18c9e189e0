/** Filters of lists: what a request asks for by name and the like. */
import { isDefaultDomain } from '../model/domain.ts'

interface Filtered {
  readonly value: { readonly name: string; readonly enabled?: boolean }
}

/** Those that the query asks for; what it names that is not known here is passed over, as Keystone does. */
export function filtered<Item extends Filtered>(
  items: readonly Item[],
  query: URLSearchParams,
): readonly Item[] {
  const name = query.get('name')
  const enabled = query.get('enabled')
  const domainId = query.get('domain_id')
  if (domainId !== null && !isDefaultDomain({ id: domainId })) return []
  return items.filter(
    ({ value }) =>
      (name === null || value.name.toLowerCase() === name.toLowerCase()) &&
      (enabled === null || (value.enabled ?? true) === (enabled.toLowerCase() === 'true')),
  )
}

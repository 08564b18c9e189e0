/** Members that no change may give another value: the id, and the domain (Keystone's schemas and words). */
import { type Members } from '../model/written.ts'

/** What is wrong with a change, if anything: it must say something, and leave those as they are. */
export function whyNotKept(
  given: Members,
  { id, domainId }: { readonly id: string; readonly domainId: string | undefined },
): string | undefined {
  if (Object.keys(given).length === 0) return 'Nothing is to be changed: at least one property is needed'
  if ((given['id'] ?? id) !== id) return 'Cannot change ID'
  if (given['domain_id'] !== undefined && given['domain_id'] !== (domainId ?? null))
    return 'Cannot change Domain ID'
  return undefined
}

/** Whether the domain is named by an id, if at all. */
export function whyNoDomain({ domain_id: id }: Members): string | undefined {
  const isGood = id === undefined || (typeof id === 'string' && id !== '')
  return isGood ? undefined : `Invalid input for field 'domain_id': an id is needed`
}

/**
 * Names are unique within a domain. The key of a name is the name itself in the default domain, as it was when there was no
 * other, and for what is in no domain; elsewhere the domain stands before it.
 */
import { DEFAULT_DOMAIN_ID } from './ids.ts'

export interface PlacedName {
  readonly name: string
  readonly domainId?: string | undefined
}

/** No name that is its own key begins with it. */
const MARK = '\u0001'

/** Users, groups, projects. */
export function exactName({ name, domainId = DEFAULT_DOMAIN_ID }: PlacedName): string {
  const standsAlone = domainId === DEFAULT_DOMAIN_ID && !name.startsWith(MARK)
  return standsAlone ? name : `${MARK}${domainId}/${name}`
}

/** Roles and domains, whose names do not tell cases apart. */
export function caselessName({ name, domainId }: PlacedName): string {
  return exactName({ name: name.toLowerCase(), domainId })
}

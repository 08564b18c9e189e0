/** The one domain that there is: it has every user and project (OpenStack Identity API v3, "Domains"). */

export const DEFAULT_DOMAIN = { id: 'default', name: 'Default' } as const

/** How a request names a domain. */
export interface DomainReference {
  readonly id?: string | undefined
  readonly name?: string | undefined
}

/** Whether this is the one; names of domains do not tell cases apart. */
export function isDefaultDomain({ id, name }: DomainReference): boolean {
  if (id !== undefined) return id === DEFAULT_DOMAIN.id
  return name === undefined || name.toLowerCase() === DEFAULT_DOMAIN.name.toLowerCase()
}

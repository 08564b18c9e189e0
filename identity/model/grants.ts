/** The roles of a user or a group on something: looked up, added, taken away. Pure. */
import { itemsIn, type Members, textsIn } from './written.ts'

/**
 * Roles on a project, on a domain, or on the whole system; or on whatever projects are under a project or in a domain, now
 * and later, and not on that itself (Identity API v3, "OS-INHERIT").
 */
export interface Grant {
  readonly scope: 'project' | 'domain' | 'system' | 'under_project' | 'under_domain'
  /** Of the project or domain; `all` of the system. */
  readonly id: string
  readonly roleIds: readonly string[]
}

export type GrantScope = Pick<Grant, 'scope' | 'id'>

export const SYSTEM_SCOPE: GrantScope = { scope: 'system', id: 'all' }

export function projectScope(id: string): GrantScope {
  return { scope: 'project', id }
}

export function domainScope(id: string): GrantScope {
  return { scope: 'domain', id }
}

/** What is given there reaches the projects under it alone; `undefined`: nothing is under it. */
export function underneath({ scope, id }: GrantScope): GrantScope | undefined {
  switch (scope) {
    case 'project':
      return { scope: 'under_project', id }
    case 'domain':
      return { scope: 'under_domain', id }
    case 'system':
    case 'under_project':
    case 'under_domain':
      return undefined
  }
}

/** Whether it reaches what is under something, and not that itself. */
export function isInherited({ scope }: Pick<Grant, 'scope'>): boolean {
  return scope === 'under_project' || scope === 'under_domain'
}

export function rolesOn(grants: readonly Grant[], on: GrantScope): readonly string[] {
  return [...new Set(grants.filter((grant) => isOn(grant, on)).flatMap(({ roleIds }) => roleIds))]
}

export function withRole(grants: readonly Grant[], on: GrantScope, roleId: string): readonly Grant[] {
  const roleIds = rolesOn(grants, on)
  if (roleIds.includes(roleId)) return grants
  return [...withoutScope(grants, on), { ...on, roleIds: [...roleIds, roleId] }]
}

export function withoutRole(grants: readonly Grant[], on: GrantScope, roleId: string): readonly Grant[] {
  const roleIds = rolesOn(grants, on).filter((one) => one !== roleId)
  const others = withoutScope(grants, on)
  return roleIds.length === 0 ? others : [...others, { ...on, roleIds }]
}

/** Without all roles on that and on what is under it. */
export function withoutWhole(grants: readonly Grant[], on: GrantScope): readonly Grant[] {
  const under = underneath(on)
  const rest = withoutScope(grants, on)
  return under === undefined ? rest : withoutScope(rest, under)
}

/** Without all roles on just that. */
export function withoutScope(grants: readonly Grant[], on: GrantScope): readonly Grant[] {
  return grants.filter((grant) => !isOn(grant, on))
}

/** Without a role, on whatever it was. */
export function withoutRoleAnywhere(grants: readonly Grant[], roleId: string): readonly Grant[] {
  return grants.reduce((rest, grant) => withoutRole(rest, grant, roleId), grants)
}

/** What a record has written. */
export function grantsIn(written: unknown): readonly Grant[] {
  return itemsIn(written).flatMap(grantIn)
}

function grantIn({ scope: written, id, roleIds }: Members): readonly Grant[] {
  const scope = SCOPES.find((one) => one === written)
  return scope !== undefined && typeof id === 'string' ? [{ scope, id, roleIds: textsIn(roleIds) }] : []
}

const SCOPES: readonly Grant['scope'][] = ['project', 'domain', 'system', 'under_project', 'under_domain']

function isOn(grant: Grant, { scope, id }: GrantScope): boolean {
  return grant.scope === scope && grant.id === id
}

/** The roles of a user or a group on something: looked up, added, taken away. Pure. */
import { itemsIn, type Members, textsIn } from './written.ts'

/** Roles on a project, on a domain, or on the whole system. */
export interface Grant {
  readonly scope: 'project' | 'domain' | 'system'
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

/** Without all roles on that. */
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

function grantIn({ scope, id, roleIds }: Members): readonly Grant[] {
  const isKnown = scope === 'project' || scope === 'domain' || scope === 'system'
  return isKnown && typeof id === 'string' ? [{ scope, id, roleIds: textsIn(roleIds) }] : []
}

function isOn(grant: Grant, { scope, id }: GrantScope): boolean {
  return grant.scope === scope && grant.id === id
}

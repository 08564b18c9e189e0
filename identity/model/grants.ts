/** The roles of a user: looked up, added, taken away. Pure. */
import type { Grant } from './user.ts'

export type GrantScope = Pick<Grant, 'scope' | 'id'>

export const SYSTEM_SCOPE: GrantScope = { scope: 'system', id: 'all' }

export function projectScope(id: string): GrantScope {
  return { scope: 'project', id }
}

export function rolesOn(grants: readonly Grant[], { scope, id }: GrantScope): readonly string[] {
  return grants.find((grant) => grant.scope === scope && grant.id === id)?.roleIds ?? []
}

export function withRole(grants: readonly Grant[], on: GrantScope, roleId: string): readonly Grant[] {
  const roleIds = rolesOn(grants, on)
  if (roleIds.includes(roleId)) return grants
  return [...others(grants, on), { ...on, roleIds: [...roleIds, roleId] }]
}

export function withoutRole(grants: readonly Grant[], on: GrantScope, roleId: string): readonly Grant[] {
  const roleIds = rolesOn(grants, on).filter((one) => one !== roleId)
  return roleIds.length === 0 ? others(grants, on) : [...others(grants, on), { ...on, roleIds }]
}

function others(grants: readonly Grant[], { scope, id }: GrantScope): readonly Grant[] {
  return grants.filter((grant) => grant.scope !== scope || grant.id !== id)
}

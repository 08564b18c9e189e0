/**
 * Who asks, in the terms of the Images API: a project and roles. Someone with a token of Keystone brings both. Of our own
 * users the tenant is the project; who owns the account is a member of it, others of the tenant read, and who administers
 * all accounts has the role admin.
 */
import { type Principal, ROLES } from '#auth/principal.ts'

export interface Caller {
  /** `undefined` for a token without a project. */
  readonly projectId: string | undefined
  readonly userId: string
  /** Lower case. */
  readonly roles: readonly string[]
  readonly isAdmin: boolean
  /** Names of the accounts whose objects are the project's own. */
  readonly accounts: readonly string[]
}

/** `prefixes`: what the names of accounts begin with, before the tenant. */
export function callerOf(principal: Principal, prefixes: readonly string[]): Caller {
  const { keystone, tenant, groups } = principal
  const names = prefixes.map((prefix) => prefix + tenant)
  const owned = keystone?.ownedAccounts ?? groups.filter((group) => names.includes(group))
  const roles = rolesOf(principal, owned)
  return {
    projectId: keystone === undefined ? principal.tenant : keystone.projectId,
    userId: principal.user.slice(principal.user.indexOf(':') + 1),
    roles,
    isAdmin: roles.includes('admin'),
    accounts: owned,
  }
}

function rolesOf({ keystone, groups }: Principal, owned: readonly string[]): readonly string[] {
  if (keystone !== undefined) return withImplied(keystone.roles)
  if (groups.includes(ROLES.resellerAdmin)) return ['admin', 'member', 'reader']
  return owned.length > 0 ? ['member', 'reader'] : ['reader']
}

/** Keystone's implied roles: admin is a member, a member reads. Old sites call members otherwise. */
function withImplied(roles: readonly string[]): readonly string[] {
  const all = new Set(roles)
  if (all.has('admin')) all.add('member')
  if (all.has('_member_') || all.has('manager')) all.add('member')
  if (all.has('member')) all.add('reader')
  return [...all]
}

/**
 * Roles that somebody may take on for a while (AssumeRole): those that they are assigned in their account. In a role they may
 * do what the role's assignment says and what is granted to the role, and nothing that is theirs as a person: lists and
 * policies that name them do not count. Pure.
 *
 * With Keystone and the identity service these are the roles on the project; in the configuration the groups of a user, of
 * which `admin`, `reseller_admin` and `reseller_reader` are Swift's roles without their dot.
 */
import type { KeystoneIdentity } from './keystone/keystone-rules.ts'
import { type Principal, ROLES } from './principal.ts'

/** Whom somebody is while they have taken on a role. */
export interface AssumedRole {
  readonly name: string
  /** What the holder calls the session. */
  readonly session: string
}

/** The principal in that role, whose own account is that one; `undefined` for whom it is not assigned to. */
export function inRole(principal: Principal, account: string, role: AssumedRole): Principal | undefined {
  const { keystone, tenant } = principal
  const groups = groupsOf(principal, account, role.name)
  const isAssigned = groups.length > 0 || keystone?.roles.includes(role.name.toLowerCase()) === true
  if (!isAssigned || tenant === '') return undefined
  return {
    user: `${tenant}:role/${role.name}`,
    tenant,
    groups: keystone === undefined ? [tenant, ...groups] : groups,
    keystone: keystone && identityIn(keystone, role.name.toLowerCase()),
    role,
  }
}

/** The groups that the role brings. An administrator's account is one's own by its name (`users.ts`). */
function groupsOf(
  { user, tenant, groups, keystone }: Principal,
  account: string,
  role: string,
): readonly string[] {
  if (keystone !== undefined) return []
  if (role === 'admin') return groups.filter((group) => group === account)
  const personal = [user, tenant, account]
  const named = [role, ...Object.values(ROLES).filter((name) => name === `.${role}`)]
  return groups.filter((group) => named.includes(group) && !personal.includes(group))
}

/** What lists say of everybody in the project still counts. */
function identityIn(identity: KeystoneIdentity, role: string): KeystoneIdentity {
  const { owningRoles = [], readingRoles = [] } = identity
  const ofEverybody = (names: readonly string[]): readonly string[] =>
    names.filter((name) => name.endsWith(':*'))
  return {
    ...identity,
    roles: [role],
    ownedAccounts: owningRoles.includes(role) ? identity.ownedAccounts : [],
    readableAccounts: readingRoles.includes(role) ? identity.readableAccounts : [],
    granteeIds: ofEverybody(identity.granteeIds),
    granteeNames: ofEverybody(identity.granteeNames),
  }
}

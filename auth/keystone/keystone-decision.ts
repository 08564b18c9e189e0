/**
 * What someone with a token of Keystone may do, in the order of OpenStack Swift's keystoneauth. Part of
 * `auth/decision.ts`, which has settled by then that the account is one of ours and that no role is above all accounts.
 */
import { LISTINGS_GROUP, referrerAllowed } from '../container-acl.ts'
import {
  type Action,
  ALLOW,
  ALLOW_OWNER,
  DENY_KNOWN,
  type Decision,
  type Grants,
  isRead,
} from '../decision-terms.ts'
import type { KeystoneIdentity } from './keystone-rules.ts'

/** What the roles in the account of the project settle; `undefined` leaves it to the lists. */
export function decideByKeystoneRole(identity: KeystoneIdentity, action: Action): Decision | undefined {
  const { account, container, method } = action
  // Nobody deletes the own account; that is for resellers.
  if (container === undefined && method === 'DELETE') return DENY_KNOWN
  if (identity.ownedAccounts.includes(account)) return ALLOW_OWNER
  if (isRead(method) && identity.readableAccounts.includes(account)) return ALLOW
  return method === 'OPTIONS' ? ALLOW : undefined
}

/** What the container's list settles: pairs of project and user, then referrers, then roles of the own project. */
export function decideByKeystoneLists(identity: KeystoneIdentity, action: Action, grants: Grants): Decision {
  const { containerAcl: acl, referer } = grants
  if (acl === undefined) return DENY_KNOWN
  const designations = grants.names === 'count' ? identity.granteeNames : identity.granteeIds
  if (designations.some((designation) => acl.groups.includes(designation))) return ALLOW
  if (referrerAllowed(referer, acl.referrers)) {
    const mayList = action.object !== undefined || acl.groups.includes(LISTINGS_GROUP)
    return mayList ? ALLOW : DENY_KNOWN
  }
  if (!identity.projectAccounts.includes(action.account)) return DENY_KNOWN
  const named = acl.groups.map((group) => group.toLowerCase())
  return identity.roles.some((role) => named.includes(role)) ? ALLOW : DENY_KNOWN
}

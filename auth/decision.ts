/**
 * One pure function says who may do what. Doors translate their notation into an `Action` and act on the `Decision`;
 * none of them decides by itself. The rules and their order are those of OpenStack Swift's tempauth; for those who come
 * with a token of Keystone, those of its keystoneauth (`keystone/keystone-decision.ts`).
 *
 * `decideByRole` needs nothing but the principal and the name; most requests end there. What it leaves open is decided
 * by `decideByLists`, for which the door fetches the container's and the account's access lists.
 */
import type { AccountAcl } from './account-acl.ts'
import { type ContainerAcl, LISTINGS_GROUP, referrerAllowed } from './container-acl.ts'
import {
  type Action,
  ALLOW,
  ALLOW_OWNER,
  DENY_ANONYMOUS,
  DENY_KNOWN,
  type Decision,
  type Grants,
  isRead,
} from './decision-terms.ts'
import { decideByKeystoneLists, decideByKeystoneRole } from './keystone/keystone-decision.ts'
import { type Principal, type ResellerPrefix, ROLES, resellerOf } from './principal.ts'

export type { Action, Decision, Grants } from './decision-terms.ts'

/** The decision with everything at hand; doors that fetch the lists only on demand call the two halves. */
export function decide(
  principal: Principal | undefined,
  action: Action,
  grants: Grants,
  resellers: readonly ResellerPrefix[],
): Decision {
  return decideByRole(principal, action, resellers) ?? decideByLists(principal, action, grants)
}

/** Allow or deny as far as the principal's roles and the account's name settle it; `undefined` leaves it to the lists. */
export function decideByRole(
  principal: Principal | undefined,
  action: Action,
  resellers: readonly ResellerPrefix[],
): Decision | undefined {
  const reseller = resellerOf(action.account, resellers)
  if (reseller === undefined) return denial(principal)
  if (principal === undefined) return action.method === 'OPTIONS' ? ALLOW : undefined
  if (ownsAccount(principal, action, reseller)) return ALLOW_OWNER
  const reachable = isOpenToResellers(action.account, reseller, resellers)
  if (reachable && principal.groups.includes(ROLES.resellerAdmin)) return ALLOW_OWNER
  if (reachable && isRead(action.method) && principal.groups.includes(ROLES.resellerReader)) return ALLOW
  if (principal.keystone !== undefined) return decideByKeystoneRole(principal.keystone, action)
  return action.method === 'OPTIONS' ? ALLOW : undefined
}

/** Administrators own their account, but creating and deleting the account itself is for resellers. */
function ownsAccount(principal: Principal, action: Action, reseller: ResellerPrefix): boolean {
  if (!principal.groups.includes(action.account)) return false
  const changesAccount =
    action.container === undefined && (action.method === 'PUT' || action.method === 'DELETE')
  if (changesAccount) return false
  return reseller.requireGroup === '' || principal.groups.includes(reseller.requireGroup)
}

/** Hidden accounts (`AUTH_.name`) and the bare prefix are for nobody. */
function isOpenToResellers(
  account: string,
  reseller: ResellerPrefix,
  resellers: readonly ResellerPrefix[],
): boolean {
  if (resellers.some(({ prefix }) => prefix === account)) return false
  return account[reseller.prefix.length] !== '.'
}

/** Allow or deny by access lists, once roles settled nothing. */
export function decideByLists(principal: Principal | undefined, action: Action, grants: Grants): Decision {
  if (grants.syncKeyMatches === true || action.method === 'OPTIONS') return ALLOW
  if (principal?.keystone !== undefined) return decideByKeystoneLists(principal.keystone, action, grants)
  const { containerAcl } = grants
  if (containerAcl !== undefined && admitsByContainer(principal, action, containerAcl, grants.referer)) {
    return ALLOW
  }
  if (principal === undefined || grants.accountAcl === undefined) return denial(principal)
  return decideByAccountAcl(principal, action, grants.accountAcl)
}

function admitsByContainer(
  principal: Principal | undefined,
  action: Action,
  acl: ContainerAcl,
  referer: string | undefined,
): boolean {
  const mayList = action.object !== undefined || acl.groups.includes(LISTINGS_GROUP)
  if (mayList && referrerAllowed(referer, acl.referrers)) return true
  return principal?.groups.some((group) => acl.groups.includes(group)) === true
}

function decideByAccountAcl(principal: Principal, action: Action, acl: AccountAcl): Decision {
  const isMember = (members: readonly string[]): boolean =>
    members.some((member) => principal.groups.includes(member))
  if (isMember(acl.admin)) return ALLOW_OWNER
  const reads = isRead(action.method)
  if ((action.container !== undefined || reads) && isMember(acl.readWrite)) return ALLOW
  if (reads && isMember(acl.readOnly)) return ALLOW
  return denial(principal)
}

function denial(principal: Principal | undefined): Decision {
  return principal === undefined ? DENY_ANONYMOUS : DENY_KNOWN
}

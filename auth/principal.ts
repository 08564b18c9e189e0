/**
 * Who a request comes from, once its token was verified. Nothing here is secret, and nothing is looked up later:
 * whatever a decision needs is in the principal.
 */
import type { AccessRule } from './access-rules.ts'
import type { KeystoneIdentity } from './keystone/keystone-rules.ts'
import type { AssumedRole } from './roles.ts'

/** Rights that a role name in a user's list of groups carries (OpenStack Swift, tempauth). */
export const ROLES = {
  /** May do everything in the user's own account, but not create or delete the account itself. */
  admin: '.admin',
  /** May do everything in every account. */
  resellerAdmin: '.reseller_admin',
  /** May read everything in every account. */
  resellerReader: '.reseller_reader',
} as const

export interface Principal {
  /** `account:user`, the unique name. */
  readonly user: string
  /** The part before the colon: the name of the tenant, without reseller prefix. */
  readonly tenant: string
  /**
   * What access lists are matched against: the tenant, the user, its roles, and, for an administrator, the names of
   * the accounts it owns (`AUTH_test`) in place of `.admin`.
   */
  readonly groups: readonly string[]
  /** Of someone with a token of Keystone: other rules apply (`keystone/keystone-decision.ts`). */
  readonly keystone?: KeystoneIdentity | undefined
  /** One of these each request must obey (`access-rules.ts`); `undefined`: every request is let in. */
  readonly accessRules?: readonly AccessRule[] | undefined
  /** Who has taken on a role is nobody else meanwhile (`roles.ts`). */
  readonly role?: AssumedRole | undefined
}

/** The accounts that a front door answers for begin with a prefix; a second one may demand a group. */
export interface ResellerPrefix {
  /** `AUTH_`; with its underscore. */
  readonly prefix: string
  /** Group an administrator needs besides, to own accounts of this prefix; empty for none. */
  readonly requireGroup: string
}

export const DEFAULT_RESELLERS: readonly ResellerPrefix[] = [{ prefix: 'AUTH_', requireGroup: '' }]

/** The reseller an account belongs to; `undefined` when it is none of ours. */
export function resellerOf(
  account: string,
  resellers: readonly ResellerPrefix[],
): ResellerPrefix | undefined {
  for (const reseller of resellers) if (account.startsWith(reseller.prefix)) return reseller
  return undefined
}

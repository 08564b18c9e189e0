/** What a bucket says of access in the notations of S3, and who asks, in the words of its policy. */
import { type Principal, type ResellerPrefix, resellerOf } from './principal.ts'
import type { AccessControlList } from './s3/acl/access-control-list.ts'
import type { ObjectOwnership } from './s3/ownership.ts'
import type { BucketPolicy } from './s3/policy/bucket-policy.ts'
import type { PolicyCaller } from './s3/policy/question.ts'
import type { PublicAccessBlock } from './s3/public-access-block.ts'
import type { SignedGrant } from './signed-grant.ts'

export interface BucketAccess {
  /** `unreadable`: what is stored is no policy; nobody but the owner may do anything until it is replaced. */
  readonly policy: BucketPolicy | 'unreadable' | undefined
  readonly acl: AccessControlList | undefined
  readonly publicAccess: PublicAccessBlock
  readonly ownership: ObjectOwnership
  readonly payer: 'BucketOwner' | 'Requester'
  /** Whether any object has had an access list of its own. */
  readonly objectAcls: 'some' | 'none'
}

/** `AUTH_test` without its prefix; an account of no reseller of ours by its whole name. */
export function tenantOf(account: string, resellers: readonly ResellerPrefix[]): string {
  return account.slice(resellerOf(account, resellers)?.prefix.length ?? 0)
}

/** The sender in the words of policies; a signature stands for the account whose key made it. */
export function policyCaller(
  principal: Principal | undefined,
  grant: SignedGrant | undefined,
  resellers: readonly ResellerPrefix[],
): PolicyCaller {
  if (grant !== undefined) {
    const { account } = grant.name
    return { id: undefined, accounts: accountsOf(tenantOf(account, resellers), resellers), name: undefined }
  }
  if (principal === undefined) return { id: undefined, accounts: [], name: undefined }
  const { user, tenant, role } = principal
  const accounts = accountsOf(tenant, resellers)
  if (role !== undefined) return { id: user, accounts, name: undefined, role }
  return { id: user, accounts, name: user.slice(user.indexOf(':') + 1) }
}

function accountsOf(tenant: string, resellers: readonly ResellerPrefix[]): readonly string[] {
  if (tenant === '') return []
  return [tenant, ...resellers.map(({ prefix }) => prefix + tenant).filter((name) => name !== tenant)]
}

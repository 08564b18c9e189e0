/** What both doors ask of the one decision (`decision.ts`), and where it finds what it needs. */
import type { AccountAcl } from './account-acl.ts'
import type { BucketAccess } from './bucket-access.ts'
import type { ContainerAcl } from './container-acl.ts'
import type { Action } from './decision-terms.ts'
import type { KeystoneIdentity } from './keystone/keystone-rules.ts'
import type { Principal, ResellerPrefix } from './principal.ts'
import type { AccessControlList } from './s3/acl/access-control-list.ts'
import type { S3Action } from './s3/actions.ts'
import type { BucketPolicy } from './s3/policy/bucket-policy.ts'
import type { ConditionValues, PolicyCaller } from './s3/policy/question.ts'
import type { SignedGrant } from './signed-grant.ts'

export interface AccessQuestion {
  readonly principal: Principal | undefined
  /** What a signature allows, in place of everything else that the sender may or may not do. */
  readonly grant?: SignedGrant | undefined
  /** What temporary credentials may do at most. */
  readonly session?: BucketPolicy | undefined
  /** What is to be done, and to what. The method is that of `meaningOf` the action. */
  readonly verb: Action
  /** `undefined`: something that S3 has no word for, and no policy speaks of. */
  readonly action: S3Action | undefined
  /** `kept`: not the object as it lies in its container, but a version by its id. */
  readonly version?: 'kept' | undefined
  readonly caller: PolicyCaller
  readonly referer: string | undefined
  /** The sender knows that they pay (`x-amz-request-payer: requester`). */
  readonly pays?: 'agreed' | undefined
  readonly resellers: readonly ResellerPrefix[]
}

/** What the container grants, read once. */
export interface ContainerGrants {
  readonly read: ContainerAcl
  readonly write: ContainerAcl
  /** `undefined`: nothing but what Swift knows; the common case. */
  readonly bucket: BucketAccess | undefined
}

/** Looks up what only some decisions need; each is asked at most once in a decision. */
export interface GrantSources {
  /**
   * `undefined`: there is no container. `certain`: that must be so, and not only not be known, because then whoever asks
   * would go on.
   */
  container(knowledge: 'certain' | 'remembered'): Promise<ContainerGrants | undefined | 'unavailable'>
  accountAcl(): Promise<AccountAcl | undefined>
  /** The list of the object itself, as it is stored. */
  objectAcl(): Promise<AccessControlList | undefined>
  /** What the request says to the keys of conditions; with the tags of the object where they matter. */
  values(objectTags: BucketPolicy['objectTags']): Promise<ConditionValues>
  /** Whether lists may designate this user of Keystone by names: they mean nothing outside the default domain. */
  namesCount(identity: KeystoneIdentity): Promise<boolean>
}

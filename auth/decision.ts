/**
 * One function says who may do what. Swift's access lists, account lists and signed addresses, S3's access lists, bucket
 * policies, blocks of public access and sessions are notations of what it decides; doors translate a request into a
 * question and act on the decision, and none of them decides by itself.
 *
 * The order: what nobody may pass (a session's limits, a denial in the bucket's policy); then everything that allows, and
 * one allowance is enough: roles, the policy, the bucket's and the object's S3 lists, the container's Swift list, the
 * account's list. What nothing allows is denied.
 *
 * Rules of roles and Swift's lists are those of OpenStack Swift's tempauth; for those who come with a token of Keystone,
 * those of its keystoneauth (`keystone/keystone-decision.ts`). Of a container without settings of S3's only the roles are
 * looked at before an owner goes on.
 */
import type { AccessQuestion, ContainerGrants, GrantSources } from './access-question.ts'
import type { AccountAcl } from './account-acl.ts'
import { type BucketAccess, tenantOf } from './bucket-access.ts'
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
import { aclAdmits } from './s3/acl/access-control-list.ts'
import { type ActionMeaning, meaningOf, OWNERS_ALWAYS, type S3Action } from './s3/actions.ts'
import type { BucketPolicy } from './s3/policy/bucket-policy.ts'
import { evaluatePolicy, type PolicyVerdict } from './s3/policy/evaluate.ts'
import { isPublicPolicy } from './s3/policy/public-policy.ts'
import { LOG_DELIVERY_SERVICE, resourceArn } from './s3/policy/question.ts'
import { decideByGrant } from './signed-grant.ts'

export type { Action, Decision, Grants } from './decision-terms.ts'

/** `unavailable`: what the bucket says of access could not be read, so nothing may be done. */
export type AccessDecision = Decision | { readonly kind: 'unavailable' }

/** Decides a question of either door, by all notations. */
export async function decideAccess(question: AccessQuestion, sources: GrantSources): Promise<AccessDecision> {
  const { verb, principal, session } = question
  const byRole = decisionByRole(question)
  const knowledge = byRole?.kind === 'allow' ? 'certain' : 'remembered'
  const container = verb.container === undefined ? undefined : await sources.container(knowledge)
  if (container === 'unavailable') return { kind: 'unavailable' }
  if (session !== undefined && (await verdictOf(session, question, sources)) !== 'allow') {
    return denial(principal)
  }
  const bucket = container?.bucket
  if (bucket === undefined) return byRole ?? (await decideByAllLists(question, container, sources))
  const verdict = await policyVerdict(question, bucket, sources)
  const owns = byRole?.kind === 'allow' && byRole.owner
  if (verdict === 'deny' && !(owns && isOwnersAlways(question))) return denial(principal)
  if (byRole !== undefined) return byRole
  if (bucket.payer === 'Requester' && (principal === undefined || question.pays === undefined)) {
    return denial(principal)
  }
  if (verdict === 'allow' && !isRestricted(question, bucket)) return ALLOW
  if (await admitsByS3List(question, bucket, sources)) return ALLOW
  return await decideByAllLists(question, container, sources)
}

/**
 * Whether something may be done along with an upload that is allowed: its list, its tags, its lock. Whoever uploads by a role
 * or a list may; where only the bucket's policy lets them upload, it must let them do that, too. What a policy or a session
 * denies is denied to all.
 */
export async function mayComeAlong(
  extra: AccessQuestion,
  upload: AccessQuestion,
  sources: GrantSources,
): Promise<boolean> {
  const container = await sources.container('remembered')
  if (container === 'unavailable') return false
  const { session } = extra
  if (session !== undefined && (await verdictOf(session, extra, sources)) !== 'allow') return false
  const bucket = container?.bucket
  if (bucket === undefined) return true
  const verdict = await policyVerdict(extra, bucket, sources)
  if (verdict !== 'silent') return verdict === 'allow'
  if (decisionByRole(upload)?.kind === 'allow' || (await admitsByS3List(upload, bucket, sources))) return true
  return (await decideByAllLists(upload, container, sources)).kind === 'allow'
}

/** Whether the bucket's policy denies it, whatever else allows it; also while nobody can tell. */
export async function isDeniedByPolicy(question: AccessQuestion, sources: GrantSources): Promise<boolean> {
  const container = await sources.container('remembered')
  if (container === 'unavailable') return true
  const bucket = container?.bucket
  return bucket !== undefined && (await policyVerdict(question, bucket, sources)) === 'deny'
}

/** What a signature or roles settle. */
function decisionByRole({ grant, principal, verb, action, resellers }: AccessQuestion): Decision | undefined {
  if (grant !== undefined) return decideByGrant(grant, verb)
  const decision = decideByRole(principal, verb, resellers)
  return decision?.kind === 'allow' && !decision.owner && isAboutAccess(action) ? undefined : decision
}

/** To see and change who may do what, it takes an owner, or someone who was let do just that. */
function isAboutAccess(action: S3Action | undefined): boolean {
  return action !== undefined && meaningIn(action).about === 'access'
}

function meaningIn(action: S3Action): ActionMeaning {
  return meaningOf(action)
}

function isOwnersAlways({ action }: AccessQuestion): boolean {
  return action !== undefined && OWNERS_ALWAYS.has(action)
}

async function policyVerdict(
  question: AccessQuestion,
  { policy }: BucketAccess,
  sources: GrantSources,
): Promise<PolicyVerdict> {
  if (policy === undefined) return 'silent'
  return policy === 'unreadable' ? 'deny' : await verdictOf(policy, question, sources)
}

async function verdictOf(
  policy: BucketPolicy,
  { action, caller, verb }: AccessQuestion,
  sources: GrantSources,
): Promise<PolicyVerdict> {
  if (action === undefined) return 'silent'
  const resource =
    verb.container === undefined ? resourceArn('*', undefined) : resourceArn(verb.container, verb.object)
  const values = await sources.values(policy.objectTags)
  return evaluatePolicy(policy, { caller, action, resource, values })
}

/** A public policy that is restricted lets in only those of the bucket's own account, and the cluster's own services. */
function isRestricted({ caller, verb, resellers }: AccessQuestion, bucket: BucketAccess): boolean {
  const { policy, publicAccess } = bucket
  if (!publicAccess.restrictPublicBuckets || policy === undefined || policy === 'unreadable') return false
  const isOwn = caller.service !== undefined || caller.accounts.includes(tenantOf(verb.account, resellers))
  return isPublicPolicy(policy) && !isOwn
}

const LOG_DELIVERY = { group: 'LogDelivery' } as const

async function admitsByS3List(
  { action, principal, caller }: AccessQuestion,
  bucket: BucketAccess,
  sources: GrantSources,
): Promise<boolean> {
  const wanted = action === undefined ? undefined : meaningIn(action).acl
  if (wanted === undefined || bucket.ownership === 'BucketOwnerEnforced') return false
  if (wanted.of === 'object' && bucket.objectAcls === 'none') return false
  const acl = wanted.of === 'bucket' ? bucket.acl : await sources.objectAcl()
  const counted = bucket.publicAccess.ignorePublicAcls ? 'not_public' : 'all'
  const user = caller.service?.name === LOG_DELIVERY_SERVICE ? LOG_DELIVERY : principal?.user
  return acl !== undefined && aclAdmits(acl, user, wanted.permission, counted)
}

/** What Swift's lists settle, of which only those that matter are fetched. */
async function decideByAllLists(
  question: AccessQuestion,
  container: ContainerGrants | undefined,
  sources: GrantSources,
): Promise<Decision> {
  const { principal, verb, referer, action } = question
  const containerAcl = container === undefined ? undefined : listFor(question, container)
  const byContainer = decideByLists(principal, verb, { containerAcl, accountAcl: undefined, referer })
  // Only someone known can be on an account's list.
  if (byContainer.kind === 'allow' || principal === undefined) return byContainer
  const { keystone } = principal
  if (keystone !== undefined) {
    const grants = { containerAcl, accountAcl: undefined, referer: undefined, names: 'count' } as const
    const byNames = decideByLists(principal, verb, grants)
    return byNames.kind === 'deny' || (await sources.namesCount(keystone)) ? byNames : DENY_KNOWN
  }
  const byAccount = decideByLists(principal, verb, {
    containerAcl: undefined,
    accountAcl: await sources.accountAcl(),
    referer: undefined,
  })
  const isEnough = byAccount.kind === 'deny' || byAccount.owner || !isAboutAccess(action)
  return isEnough ? byAccount : DENY_KNOWN
}

/** The container's Swift list that can admit to it, without its public part where that is to be ignored. */
function listFor(
  { action, verb, version }: AccessQuestion,
  container: ContainerGrants,
): ContainerAcl | undefined {
  const list = action === undefined ? 'none' : meaningIn(action).list
  if (list === 'none') return undefined
  // As in Swift, lists are about what is there now: what was there before is read and deleted by those who own the account.
  if (version === 'kept' && verb.method !== 'PUT') return undefined
  const acl = container[list]
  return container.bucket?.publicAccess.ignorePublicAcls === true ? { ...acl, referrers: [] } : acl
}

/** The decision with everything at hand, by roles and Swift's lists. */
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

/** Allow or deny by Swift's access lists, once roles settled nothing. */
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

/**
 * The way of both doors to the one decision (`auth/decision.ts`): a door says who asks, for what, and under which
 * circumstances; what the decision needs besides is looked up here, and only when it is needed.
 */
import type { AccessQuestion, GrantSources } from '#auth/access-question.ts'
import { ACCOUNT_ACL_SYSMETA, parseAccountAcl } from '#auth/account-acl.ts'
import { policyCaller, tenantOf } from '#auth/bucket-access.ts'
import { type AccessDecision, decideAccess, isDeniedByPolicy, mayComeAlong } from '#auth/decision.ts'
import { isRead } from '#auth/decision-terms.ts'
import { namesCount, PROJECT_DOMAIN_SYSMETA } from '#auth/keystone/project-domain.ts'
import type { Principal, ResellerPrefix } from '#auth/principal.ts'
import { objectAclIn } from '#auth/s3/acl/stored-acl.ts'
import { meaningOf, type S3Action } from '#auth/s3/actions.ts'
import type { BucketPolicy } from '#auth/s3/policy/bucket-policy.ts'
import type { PolicyCaller, ServiceCaller } from '#auth/s3/policy/question.ts'
import { type RequestFacts, requestValues } from '#auth/s3/policy/request-values.ts'
import type { SignedGrant } from '#auth/signed-grant.ts'
import type { Clock } from '#base/environment.ts'
import type { HeaderMap } from '#http/message.ts'
import type { Store } from '#store/contract.ts'
import { tagsIn } from '#store/object-facts/object-tags.ts'
import { locksObjects } from '#store/object-lock/lock-facts.ts'
import type {
  AccountName,
  ContainerName,
  ObjectName,
  OperationContext,
  Permission,
} from '#store/operation.ts'
import { containerOf } from '#store/versions/written-container.ts'
import { type CountedGrantsDeps, countedGrantsOf } from './account-block.ts'
import { bucketOfPart } from './own-parts.ts'

export interface AccessDeps extends CountedGrantsDeps {
  readonly store: Store
  readonly clock: Clock
  readonly resellers: readonly ResellerPrefix[]
}

/** Who asks, and the circumstances; the same for everything that one request does. */
export interface Asker {
  readonly context: OperationContext
  readonly principal: Principal | undefined
  readonly grant?: SignedGrant | undefined
  readonly session?: BucketPolicy | undefined
  /** The cluster itself, which is nobody's principal. */
  readonly service?: ServiceCaller | undefined
  readonly referer: string | undefined
  readonly pays?: 'agreed' | undefined
  readonly facts: (caller: PolicyCaller) => DoorFacts
}

/** What only the door knows of a request, in the words of S3. */
export type DoorFacts = Omit<RequestFacts, 'caller' | 'nowMs' | 'bucketAccount' | 'objectTags'>

type AnyName = AccountName | ContainerName | ObjectName

export interface AskedFor {
  /** `undefined`: something that S3 has no word for. */
  readonly action: S3Action | undefined
  readonly name: AnyName
  readonly versionId?: string | undefined
  /** The method by which roles judge what has no action. */
  readonly method?: string
}

export async function askAccess(deps: AccessDeps, asker: Asker, asked: AskedFor): Promise<AccessDecision> {
  const question = questionOf(deps, asker, asked)
  if (!isRead(question.verb.method) && (await isKept(deps, asker, asked.name))) {
    return { kind: 'deny', status: 403 }
  }
  return await decideAccess(question, new Sources(deps, asker, asked, question.caller))
}

/** Whether it is a part of objects that a lock may protect; also while nobody can tell. */
export async function isKept({ store }: AccessDeps, { context }: Asker, name: AnyName): Promise<boolean> {
  const bucket = bucketOfPart(name)
  if (bucket === undefined) return false
  const found = await containerOf(store.containers, context, bucket)
  return found.kind === 'unavailable' || (found.kind === 'known' && locksObjects(found.info))
}

/** Whether this may be done along with an upload that is allowed. */
export function askAlong(deps: AccessDeps, asker: Asker, asked: AskedFor): Promise<boolean> {
  const question = questionOf(deps, asker, asked)
  const upload = questionOf(deps, asker, { ...asked, action: 's3:PutObject' })
  return mayComeAlong(question, upload, new Sources(deps, asker, asked, question.caller))
}

/** Whether the bucket's policy denies it, whatever else allows it. */
export function askDenied(deps: AccessDeps, asker: Asker, asked: AskedFor): Promise<boolean> {
  const question = questionOf(deps, asker, asked)
  return isDeniedByPolicy(question, new Sources(deps, asker, asked, question.caller))
}

function questionOf(deps: AccessDeps, asker: Asker, asked: AskedFor): AccessQuestion {
  const { principal, grant, session, service, referer, pays } = asker
  const { action, name } = asked
  const method = asked.method ?? (action === undefined ? 'GET' : meaningOf(action).method)
  return {
    principal,
    grant,
    session,
    verb: { method, account: name.account, container: name.container, object: name.object },
    action,
    version: isKeptVersion(asked.versionId) ? 'kept' : undefined,
    caller: { ...policyCaller(principal, grant, deps.resellers), service },
    referer,
    pays,
    resellers: deps.resellers,
  }
}

/** `null` is the version that lies in the container itself. */
function isKeptVersion(versionId: string | undefined): boolean {
  return versionId !== undefined && versionId !== '' && versionId !== 'null'
}

/** Whether the sender may also read or write something that the operation leads to. */
export async function permissionFor(
  deps: AccessDeps,
  asker: Asker,
  list: 'read' | 'write',
  name: ContainerName | ObjectName,
): Promise<Permission> {
  const reading = name.object === undefined ? 's3:ListBucket' : 's3:GetObject'
  const action = list === 'read' ? reading : 's3:PutObject'
  const decision = await askAccess(deps, asker, { action, name })
  if (decision.kind === 'allow') return { kind: 'allowed' }
  return { kind: 'denied', status: decision.kind === 'deny' ? decision.status : 403 }
}

class Sources implements GrantSources {
  readonly #deps: AccessDeps
  readonly #asker: Asker
  readonly #asked: AskedFor
  readonly #caller: PolicyCaller
  #headers: Promise<HeaderMap | undefined> | undefined

  constructor(deps: AccessDeps, asker: Asker, asked: AskedFor, caller: PolicyCaller) {
    this.#deps = deps
    this.#asker = asker
    this.#asked = asked
    this.#caller = caller
  }

  async container(knowledge: 'certain' | 'remembered'): ReturnType<GrantSources['container']> {
    const { account, container } = this.#asked.name
    if (container === undefined) return undefined
    const { context } = this.#asker
    const { containers } = this.#deps.store
    const name = { account, container }
    const info = await containers.info(context, name)
    if (info !== undefined) return await countedGrantsOf(this.#deps, context, name, info)
    if (knowledge === 'remembered') return undefined
    // No information can also mean that nobody could be asked.
    const read = await containers.read(context, name, {})
    if (read.kind === 'found') return await countedGrantsOf(this.#deps, context, name, read.info)
    return read.kind === 'unavailable' ? 'unavailable' : undefined
  }

  async accountAcl(): ReturnType<GrantSources['accountAcl']> {
    const info = await this.#accountInfo()
    return parseAccountAcl(info?.metadata[ACCOUNT_ACL_SYSMETA])
  }

  async namesCount(identity: Parameters<GrantSources['namesCount']>[0]): Promise<boolean> {
    const info = await this.#accountInfo()
    return namesCount(identity, {
      account: this.#asked.name.account,
      exists: info !== undefined && info.state !== 'not_yet_created',
      domainId: info?.metadata[PROJECT_DOMAIN_SYSMETA],
    })
  }

  #accountInfo(): ReturnType<Store['accounts']['info']> {
    return this.#deps.store.accounts.info(this.#asker.context, { account: this.#asked.name.account })
  }

  async objectAcl(): ReturnType<GrantSources['objectAcl']> {
    const headers = await this.#objectHeaders()
    return headers && objectAclIn(headers)
  }

  async values(objectTags: BucketPolicy['objectTags']): ReturnType<GrantSources['values']> {
    const { clock, resellers } = this.#deps
    const headers = objectTags === 'matter' ? await this.#objectHeaders() : undefined
    return requestValues({
      ...this.#asker.facts(this.#caller),
      caller: this.#caller,
      nowMs: clock.wallMs(),
      bucketAccount: tenantOf(this.#asked.name.account, resellers),
      objectTags: headers && new Map(tagsIn(headers).map(({ key, value }) => [key, value])),
    })
  }

  /** What is stored with the object: the cluster looks, not the sender, who may not know that it is there. */
  #objectHeaders(): Promise<HeaderMap | undefined> {
    this.#headers ??= this.#readHeaders()
    return this.#headers
  }

  async #readHeaders(): Promise<HeaderMap | undefined> {
    const { name, versionId } = this.#asked
    if (name.object === undefined) return undefined
    const { txId, signal, log } = this.#asker.context
    const read = await this.#deps.store.objects.read({ txId, signal, log }, name, {
      method: 'HEAD',
      conditions: {},
      newest: false,
      certainty: 'confirmed',
      versionId,
      nullVersion: 'kept_too',
      keyless: 'allowed',
    })
    return read.kind === 'found' ? read.headers : undefined
  }
}

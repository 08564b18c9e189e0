/** `/v3/auth/tokens`: given out, looked at, revoked. */
import { RULES_HEADER, RULES_VERSION } from '#auth/access-rules.ts'
import type { Response } from '#http/message.ts'
import {
  forbidden,
  json,
  noContent,
  notFound,
  passwordExpired,
  refusal,
  unauthenticated,
  unavailable,
  unsupportedMethod,
} from '../answers.ts'
import {
  type Identification,
  type Identified,
  identifyUser,
  isService,
  type Scope,
  UNSCOPED,
} from '../identified.ts'
import type { Method } from '../identity-tokens.ts'
import type { DomainReference } from '../model/domain.ts'
import { haveProved, type User } from '../model/user.ts'
import { isObject, type Members, membersIn, textOr, textsIn } from '../model/written.ts'
import {
  type CredentialReference,
  type Proven,
  proveApplicationCredential,
  provePassword,
  referredDomain,
  type UserReference,
} from '../sign-in.ts'
import { tokenView } from '../token-view.ts'
import { type Caller, callerOf, type Visit } from '../visit.ts'

/** Who somebody proved to be, and by what. */
type Authenticated =
  | (Extract<Proven, { readonly kind: 'proven' }> & {
      readonly methods: readonly Method[]
      readonly parent?: Caller | undefined
    })
  | Exclude<Proven, { readonly kind: 'proven' }>
  | { readonly kind: 'malformed'; readonly why: string }
  | { readonly kind: 'unsupported' }

export async function issueToken(visit: Visit): Promise<Response> {
  const auth = membersIn(visit.body['auth'])
  const proven = await authenticate(visit, membersIn(auth['identity']))
  if (proven.kind === 'malformed') return refusal(400, proven.why)
  if (proven.kind === 'unsupported') return unsupportedMethod(visit.url, METHODS)
  if (proven.kind === 'refused') return unauthenticated(visit.url)
  if (proven.kind === 'expired') return passwordExpired(visit.url, proven.user.id)
  if (proven.kind === 'unavailable') return unavailable()
  if (!haveProved(proven.user.value, proven.methods)) return unauthenticated(visit.url, MORE_NEEDED)
  const scope = await scopeWanted(visit, auth['scope'], proven)
  if (scope === 'malformed')
    return refusal(400, 'The scope is not one of project, domain, system, OS-TRUST:trust or unscoped')
  if (scope === 'not_allowed') return unauthenticated(visit.url, SCOPE_FIXED)
  if (proven.parent?.identified.trust !== undefined) return refusal(403, NOT_FROM_A_TRUST)
  if (scope === 'unavailable') return unavailable()
  const identification = await identified(visit, proven, scope)
  if (identification.kind === 'nobody') {
    return DENIED.includes(identification.why) && scope.scope.kind === 'trust'
      ? forbidden()
      : unauthenticated(visit.url)
  }
  if (identification.kind !== 'identified') return unavailable(identification)
  const used = await useTrust(visit, identification.identified)
  if (used !== undefined) return used
  const { token, claims } = visit.parts.tokens.issue({
    identified: identification.identified,
    methods: proven.methods,
    parent: proven.parent?.claims,
  })
  const view = await tokenView({ claims, identified: identification.identified }, visit)
  return json(201, view, { 'x-subject-token': token })
}

/** Keystone's words. */
const MORE_NEEDED = 'Additional authentications steps required.'
const SCOPE_FIXED =
  'Error authenticating with application credential: Application credentials cannot request a scope.'
const NOT_FROM_A_TRUST =
  'You are not authorized to perform the requested action: Using trust-scoped token to create another token. Create a new trust-scoped token instead.'

/** The trust is there, and does not let this user in. */
const DENIED: readonly string[] = ['not_trustee', 'no_trustor', 'no_roles']

/** `undefined`: there is no trust, or a use of it was taken away. */
async function useTrust(visit: Visit, { trust }: Identified): Promise<Response | undefined> {
  if (trust === undefined) return undefined
  const { context, parts, url } = visit
  const used = await parts.people.trusts.use(context, trust.id, parts.clock.wallMs())
  if (used.kind === 'used') return undefined
  return used.kind === 'absent' ? unauthenticated(url) : unavailable(used)
}

/** A default project that cannot be signed in to is no reason to refuse: the token has no scope then. */
async function identified(
  { context, parts }: Visit,
  { user, applicationCredential }: Extract<Authenticated, { readonly kind: 'proven' }>,
  { scope, isDefault }: WantedScope,
): Promise<Identification> {
  const options = {
    userId: user.id,
    scope,
    applicationCredentialId: applicationCredential?.id,
    nowMs: parts.clock.wallMs(),
  }
  const found = await identifyUser(context, parts.people, user, options)
  if (found.kind !== 'nobody' || !isDefault) return found
  return await identifyUser(context, parts.people, user, { ...options, scope: UNSCOPED })
}

/** By every method that is named, all of which must be of the same user. */
async function authenticate(visit: Visit, identity: Members): Promise<Authenticated> {
  const methods = [...new Set(textsIn(identity['methods']))]
  const wrong = whyWrongIdentity(identity, methods)
  if (wrong !== undefined) return { kind: 'malformed', why: wrong }
  if (!methods.every((method) => isKnown(method))) return { kind: 'unsupported' }
  let all: Extract<Authenticated, { readonly kind: 'proven' }> | undefined
  for (const method of methods) {
    const one = await authenticateBy(visit, method, membersIn(identity[method]))
    if (one.kind !== 'proven') return one
    if (all !== undefined && all.user.id !== one.user.id) return { kind: 'refused' }
    all = all === undefined ? one : { ...all, ...one, methods: [...all.methods, ...one.methods] }
  }
  return all ?? { kind: 'refused' }
}

const METHODS: readonly Method[] = ['application_credential', 'password', 'token']

function isKnown(method: string): boolean {
  return METHODS.some((one) => one === method)
}

/** Keystone's schema, and words. */
function whyWrongIdentity(identity: Members, methods: readonly string[]): string | undefined {
  if (!Array.isArray(identity['methods'])) return missing('methods', 'identity')
  const left = methods.find((method) => !isObject(identity[method]))
  if (left !== undefined) return missing(left, 'identity')
  if (methods.includes('password')) return whyWrongPassword(membersIn(identity['password']))
  const hasToken = !methods.includes('token') || typeof membersIn(identity['token'])['id'] === 'string'
  return hasToken ? undefined : missing('id', 'token')
}

function whyWrongPassword({ user }: Members): string | undefined {
  if (!isObject(user)) return missing('user', 'password')
  const { id, name, password } = user
  if (typeof id !== 'string' && typeof name !== 'string') return missing('id or name', 'user')
  return password === undefined || typeof password === 'string' ? undefined : missing('password', 'user')
}

function missing(what: string, where: string): string {
  return `Expecting to find ${what} in ${where}. The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error.`
}

async function authenticateBy(visit: Visit, method: string, given: Members): Promise<Authenticated> {
  const { context, parts, request } = visit
  const { remoteAddress } = request
  if (method === 'token') return await byToken(visit, given)
  if (method === 'password') {
    const user = membersIn(given['user'])
    const password = textOr(user['password'], '')
    const proven = await provePassword(parts, context, userReferenceIn(user), password, remoteAddress)
    return proven.kind === 'proven' ? { ...proven, methods: ['password'] } : proven
  }
  const secret = textOr(given['secret'], '')
  const reference = credentialReferenceIn(given)
  const proven = await proveApplicationCredential(parts, context, reference, secret, remoteAddress)
  return proven.kind === 'proven' ? { ...proven, methods: ['application_credential'] } : proven
}

/** A token for another scope. One that an application credential got has only its own. */
async function byToken({ context, parts }: Visit, given: Members): Promise<Authenticated> {
  const opened = await parts.opener.open(context, textOr(given['id'], ''), 'refused')
  if (opened.kind !== 'valid') return opened
  const { user, applicationCredential } = opened.identified
  return { kind: 'proven', user, applicationCredential, methods: ['token'], parent: opened }
}

interface WantedScope {
  readonly scope: Scope
  /** Nobody asked for it. */
  readonly isDefault: boolean
}

async function scopeWanted(
  visit: Visit,
  written: unknown,
  { user, applicationCredential }: Extract<Authenticated, { readonly kind: 'proven' }>,
): Promise<WantedScope | 'malformed' | 'not_allowed' | 'unavailable'> {
  if (applicationCredential !== undefined) {
    const scope: Scope = { kind: 'project', projectId: applicationCredential.projectId }
    return written === undefined ? { scope, isDefault: false } : 'not_allowed'
  }
  if (written === undefined) return defaultScope(user.value)
  if (written === 'unscoped') return { scope: UNSCOPED, isDefault: false }
  if (!isObject(written) || SCOPES.filter((one) => one in written).length !== 1) return 'malformed'
  if (isObject(written['unscoped'])) return { scope: UNSCOPED, isDefault: false }
  if (isObject(written[TRUST_SCOPE])) {
    const { id } = written[TRUST_SCOPE]
    if (typeof id !== 'string') return 'malformed'
    return { scope: { kind: 'trust', trustId: id }, isDefault: false }
  }
  if (isObject(written['system'])) return { scope: { kind: 'system' }, isDefault: false }
  if (isObject(written['domain'])) {
    const domainId = await domainWanted(visit, written['domain'])
    if (domainId === undefined) return 'unavailable'
    return { scope: { kind: 'domain', domainId }, isDefault: false }
  }
  return isObject(written['project']) ? await projectWanted(visit, written['project']) : 'malformed'
}

const TRUST_SCOPE = 'OS-TRUST:trust'
/** Of these, exactly one. */
const SCOPES = ['system', 'project', 'domain', 'unscoped', TRUST_SCOPE]

function defaultScope({ defaultProjectId }: User): WantedScope {
  if (defaultProjectId === undefined) return { scope: UNSCOPED, isDefault: true }
  return { scope: { kind: 'project', projectId: defaultProjectId }, isDefault: true }
}

/** Its id; one that is nobody's where there is no such domain; `undefined` where nobody can tell. */
async function domainWanted(
  { context, parts }: Pick<Visit, 'context' | 'parts'>,
  named: Members,
): Promise<string | undefined> {
  const found = await referredDomain(parts.people, context, domainReferenceIn(named))
  if (found.kind === 'found') return found.id
  return found.kind === 'absent' ? NOWHERE : undefined
}

/** No domain has it. */
const NOWHERE = '-'

async function projectWanted(
  { context, parts }: Visit,
  { id, name, domain }: Members,
): Promise<WantedScope | 'malformed' | 'unavailable'> {
  if (typeof id === 'string') return { scope: { kind: 'project', projectId: id }, isDefault: false }
  if (typeof name !== 'string') return 'malformed'
  const domainId = await domainWanted({ context, parts }, membersIn(domain))
  if (domainId === undefined) return 'unavailable'
  const found = await parts.people.projects.findByName(context, { name, domainId })
  if (found.kind !== 'found' && found.kind !== 'absent') return 'unavailable'
  const projectId = found.kind === 'found' ? found.id : ''
  return { scope: { kind: 'project', projectId }, isDefault: false }
}

function userReferenceIn({ id, name, domain }: Members): UserReference {
  return {
    id: textOr(id, undefined),
    name: textOr(name, undefined),
    domain: domainReferenceIn(membersIn(domain)),
  }
}

function credentialReferenceIn({ id, name, user }: Members): CredentialReference {
  return {
    id: textOr(id, undefined),
    name: textOr(name, undefined),
    user: userReferenceIn(membersIn(user)),
  }
}

function domainReferenceIn({ id, name }: Members): DomainReference {
  return { id: textOr(id, undefined), name: textOr(name, undefined) }
}

/** Whoever may: services and administrators any token, everybody their own user's. */
export async function showToken(visit: Visit): Promise<Response> {
  const subject = await subjectOf(visit)
  if (subject.kind !== 'valid') return subject.response
  if (!obeysRules(visit, subject.caller.identified)) {
    return notFound('token', subject.caller.token.slice(0, 8))
  }
  return json(200, await tokenView(subject.caller, visit), { 'x-subject-token': subject.caller.token })
}

/** To others a token with rules would look like one without. */
function obeysRules({ request }: Visit, { applicationCredential }: Identified): boolean {
  if (applicationCredential?.accessRuleIds === undefined) return true
  return Number.parseFloat(request.headers[RULES_HEADER] ?? '') >= RULES_VERSION
}

export async function revokeToken(visit: Visit): Promise<Response> {
  const subject = await subjectOf(visit)
  if (subject.kind !== 'valid') return subject.response
  const { claims } = subject.caller
  const { context, parts } = visit
  const [auditId = ''] = claims.auditIds
  const nowSeconds = parts.clock.wallMs() / 1000
  const changed = await parts.people.users.change(context, claims.userId, (user) => ({
    kind: 'value',
    value: withRevoked(user, { auditId, expiresAtSeconds: claims.expiresAtSeconds }, nowSeconds),
  }))
  if (changed.kind === 'found' || changed.kind === 'absent') return noContent()
  return unavailable()
}

/** Most tokens of a user that are revoked one by one; beyond, all tokens of the user are. */
const REVOKED_MAX = 500

function withRevoked(user: User, one: User['revoked'][number], nowSeconds: number): User {
  const live = user.revoked.filter(({ expiresAtSeconds }) => expiresAtSeconds > nowSeconds)
  if (live.length >= REVOKED_MAX) return { ...user, revoked: [], generation: user.generation + 1 }
  return { ...user, revoked: [...live, one] }
}

async function subjectOf(
  visit: Visit,
): Promise<
  | { readonly kind: 'valid'; readonly caller: Caller }
  | { readonly kind: 'answered'; readonly response: Response }
> {
  const { request, parts, context, query } = visit
  const asking = callerOf(visit)
  const token = request.headers['x-subject-token'] ?? ''
  const isTrusted = isService(asking.identified)
  const expired = isTrusted && isTrue(query.get('allow_expired')) ? 'accepted' : 'refused'
  const opened = token === asking.token ? asking : await parts.opener.open(context, token, expired)
  if (opened.kind === 'unavailable') return { kind: 'answered', response: unavailable() }
  const isOwn = opened.kind === 'valid' && opened.claims.userId === asking.claims.userId
  if (opened.kind !== 'valid') return { kind: 'answered', response: notFound('token', token.slice(0, 8)) }
  if (!isOwn && !isTrusted) return { kind: 'answered', response: refusal(403, NOT_YOURS) }
  return { kind: 'valid', caller: opened }
}

const NOT_YOURS = 'You are not authorized to perform the requested action: identity:validate_token.'

function isTrue(written: string | null): boolean {
  return written !== null && ['1', 'true', ''].includes(written.toLowerCase())
}

/**
 * Who a token stands for, in the terms of the moment: tokens carry ids, and what those may is looked up when the token is used,
 * so that whatever is taken away from a user is taken away from the tokens, too.
 */

import type { OperationContext } from '#store/operation.ts'
import type { RecordFailure } from '#store/records/contract.ts'
import { actingBy, type UsedTrust } from './acting-by-trust.ts'
import { effectiveGrants, type NamedRole, rolesReaching, withImplied } from './effective-roles.ts'
import type { Entry } from './entries.ts'
import { DEFAULT_DOMAIN } from './model/domain.ts'
import { domainScope, type GrantScope, projectScope, SYSTEM_SCOPE } from './model/grants.ts'
import { DEFAULT_DOMAIN_ID } from './model/ids.ts'
import type { Project } from './model/project.ts'
import type { ApplicationCredential, User } from './model/user.ts'
import type { People } from './people.ts'

/** What a token is good for. */
export type Scope =
  | { readonly kind: 'unscoped' }
  | { readonly kind: 'project'; readonly projectId: string }
  | { readonly kind: 'domain'; readonly domainId: string }
  | { readonly kind: 'system' }
  /** The project of the trust, with the roles that it gives. */
  | { readonly kind: 'trust'; readonly trustId: string }

/** One that somebody has without anybody else. */
type OwnScope = Exclude<Scope, { readonly kind: 'trust' }>

export const UNSCOPED: Scope = { kind: 'unscoped' }

export interface NamedDomain {
  readonly id: string
  readonly name: string
}

export interface Identified {
  /** Who it is for others to see; who signed in is the trustee where there is a trust. */
  readonly user: Entry<User>
  readonly userDomain: NamedDomain
  readonly scope: Scope
  readonly project: Entry<Project> | undefined
  /** That of the project, or the one that the scope is. */
  readonly scopeDomain: NamedDomain | undefined
  readonly roles: readonly NamedRole[]
  readonly applicationCredential: ApplicationCredential | undefined
  readonly trust: UsedTrust | undefined
}

export type Identification =
  | { readonly kind: 'identified'; readonly identified: Identified }
  | {
      readonly kind: 'nobody'
      readonly why:
        | 'no_user'
        | 'no_scope'
        | 'no_roles'
        | 'no_credential'
        | 'no_trust'
        | 'not_trustee'
        | 'no_trustor'
    }
  | RecordFailure

const NO_USER: Identification = { kind: 'nobody', why: 'no_user' }
const NO_SCOPE: Identification = { kind: 'nobody', why: 'no_scope' }
const NO_ROLES: Identification = { kind: 'nobody', why: 'no_roles' }
const NO_CREDENTIAL: Identification = { kind: 'nobody', why: 'no_credential' }

export interface IdentifyOptions {
  readonly userId: string
  readonly scope: Scope
  readonly applicationCredentialId?: string | undefined
  readonly nowMs: number
}

/** Looks up what the user is in the scope now. */
export async function identify(
  context: OperationContext,
  people: People,
  options: IdentifyOptions,
): Promise<Identification> {
  const user = await people.users.find(context, options.userId)
  if (user.kind === 'absent') return NO_USER
  if (user.kind !== 'found') return user
  return user.value.enabled ? await identifyUser(context, people, user, options) : NO_USER
}

/** The same for a user that is known already. */
export async function identifyUser(
  context: OperationContext,
  people: People,
  user: Entry<User>,
  { scope, applicationCredentialId, nowMs }: IdentifyOptions,
): Promise<Identification> {
  if (scope.kind === 'trust') return await identifyByTrust(context, people, user, scope.trustId, nowMs)
  const applicationCredential = user.value.applicationCredentials.find(
    ({ id, expiresAtMs }) => id === applicationCredentialId && (expiresAtMs ?? Infinity) > nowMs,
  )
  if (applicationCredentialId !== undefined && applicationCredential === undefined) return NO_CREDENTIAL
  const userDomain = await liveDomain(context, people, user.value.domainId)
  if (userDomain.kind !== 'live') return userDomain.kind === 'shut' ? NO_USER : userDomain
  const place = await placeOf(context, people, scope)
  if (place.kind !== 'place') return place
  const roles = await rolesIn(context, people, user.value, scope, applicationCredential)
  if ('kind' in roles) return roles
  if (scope.kind !== 'unscoped' && roles.length === 0) return NO_ROLES
  const { project, domain: scopeDomain } = place
  const identified = {
    user,
    userDomain: userDomain.domain,
    scope,
    project,
    scopeDomain,
    roles,
    applicationCredential,
    trust: undefined,
  }
  return { kind: 'identified', identified }
}

async function identifyByTrust(
  context: OperationContext,
  people: People,
  trustee: Entry<User>,
  trustId: string,
  nowMs: number,
): Promise<Identification> {
  const acting = await actingBy(context, people, trustee, { trustId, nowMs })
  if (acting.kind !== 'acting') return acting
  const { trust, projectId, roles } = acting
  const user = trust.impersonation ? trust.trustor : trustee
  for (const { value } of [trust.trustor, trustee]) {
    const domain = await liveDomain(context, people, value.domainId)
    if (domain.kind !== 'live') return domain.kind === 'shut' ? NO_USER : domain
  }
  const userDomain = await liveDomain(context, people, user.value.domainId)
  if (userDomain.kind !== 'live') return userDomain.kind === 'shut' ? NO_USER : userDomain
  const place = await placeOf(context, people, { kind: 'project', projectId })
  if (place.kind !== 'place') return place
  const identified: Identified = {
    user,
    userDomain: userDomain.domain,
    scope: { kind: 'trust', trustId },
    project: place.project,
    scopeDomain: place.domain,
    roles,
    applicationCredential: undefined,
    trust,
  }
  return { kind: 'identified', identified }
}

/** Whose token it is: who signed in. */
export function bearerOf({ user, trust }: Identified): Entry<User> {
  return trust?.trustee ?? user
}

/** Rises whenever somebody is to lose the tokens: with a trust, either of the two. */
export function generationOf({ user, trust }: Identified): number {
  return trust === undefined
    ? user.value.generation
    : trust.trustor.value.generation + trust.trustee.value.generation
}

/** Whether somebody acts with less than all that they are: by an application credential or a trust. */
export function isDelegated({ applicationCredential, trust }: Identified): boolean {
  return applicationCredential !== undefined || trust !== undefined
}

interface Place {
  readonly kind: 'place'
  readonly project: Entry<Project> | undefined
  readonly domain: NamedDomain | undefined
}

/** What the scope is, unless it is gone or shut. */
async function placeOf(
  context: OperationContext,
  people: People,
  scope: OwnScope,
): Promise<Place | Identification> {
  if (scope.kind === 'unscoped' || scope.kind === 'system') {
    return { kind: 'place', project: undefined, domain: undefined }
  }
  const project = scope.kind === 'project' ? await people.projects.find(context, scope.projectId) : undefined
  if (project?.kind === 'absent' || (project?.kind === 'found' && !project.value.enabled)) return NO_SCOPE
  if (project !== undefined && project.kind !== 'found') return project
  const id = scope.kind === 'domain' ? scope.domainId : project?.value.domainId
  const live = await liveDomain(context, people, id ?? DEFAULT_DOMAIN_ID)
  if (live.kind === 'shut') return NO_SCOPE
  return live.kind === 'live' ? { kind: 'place', project, domain: live.domain } : live
}

/** The default domain is always open, and asked for most. */
async function liveDomain(
  context: OperationContext,
  { domains }: People,
  id: string,
): Promise<
  { readonly kind: 'live'; readonly domain: NamedDomain } | { readonly kind: 'shut' } | RecordFailure
> {
  if (id === DEFAULT_DOMAIN_ID) return { kind: 'live', domain: { id, name: DEFAULT_DOMAIN.name } }
  const domain = await domains.find(context, id)
  if (domain.kind === 'absent') return { kind: 'shut' }
  if (domain.kind !== 'found') return domain
  const { name, enabled } = domain.value
  return enabled ? { kind: 'live', domain: { id, name } } : { kind: 'shut' }
}

async function rolesIn(
  context: OperationContext,
  people: People,
  user: User,
  scope: OwnScope,
  credential: ApplicationCredential | undefined,
): Promise<readonly NamedRole[] | RecordFailure> {
  const on = grantScopeOf(scope)
  if (on === undefined) return []
  const grants = await effectiveGrants(context, people, user)
  if ('kind' in grants) return grants
  const reaching = await rolesReaching(context, people, grants, on)
  if ('kind' in reaching) return reaching
  const roles = await withImplied(context, people, reaching)
  if ('kind' in roles || credential === undefined) return roles
  return roles.filter(({ id }) => credential.roleIds.includes(id))
}

function grantScopeOf(scope: OwnScope): GrantScope | undefined {
  switch (scope.kind) {
    case 'unscoped':
      return undefined
    case 'project':
      return projectScope(scope.projectId)
    case 'domain':
      return domainScope(scope.domainId)
    case 'system':
      return SYSTEM_SCOPE
  }
}

export function hasRole({ roles }: Identified, name: string): boolean {
  return roles.some((role) => role.name.toLowerCase() === name)
}

/** Trusted with what others have signed and whose their tokens are. */
export function isService(identified: Identified): boolean {
  return hasRole(identified, 'service') || hasRole(identified, 'admin')
}

/** Sees what there is beyond a project: services, administrators, and readers of the system. */
export function isOverseer(identified: Identified): boolean {
  return isService(identified) || (identified.scope.kind === 'system' && identified.roles.length > 0)
}

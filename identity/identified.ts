/**
 * Who a token stands for, in the terms of the moment: tokens carry ids, and what those may is looked up when the token is used,
 * so that whatever is taken away from a user is taken away from the tokens, too.
 */

import type { OperationContext } from '#store/contract.ts'
import type { RecordFailure } from '#store/records/contract.ts'
import type { Entry } from './entries.ts'
import { DEFAULT_DOMAIN } from './model/domain.ts'
import { type GrantScope, projectScope, rolesOn, SYSTEM_SCOPE } from './model/grants.ts'
import type { Project } from './model/project.ts'
import type { ApplicationCredential, User } from './model/user.ts'
import type { People } from './people.ts'

/** What a token is good for. */
export type Scope =
  | { readonly kind: 'unscoped' }
  | { readonly kind: 'project'; readonly projectId: string }
  | { readonly kind: 'domain' }
  | { readonly kind: 'system' }

export const UNSCOPED: Scope = { kind: 'unscoped' }

export interface NamedRole {
  readonly id: string
  readonly name: string
}

export interface Identified {
  readonly user: Entry<User>
  readonly scope: Scope
  readonly project: Entry<Project> | undefined
  readonly roles: readonly NamedRole[]
  readonly applicationCredential: ApplicationCredential | undefined
}

export type Identification =
  | { readonly kind: 'identified'; readonly identified: Identified }
  | { readonly kind: 'nobody'; readonly why: 'no_user' | 'no_project' | 'no_roles' | 'no_credential' }
  | RecordFailure

const NO_USER: Identification = { kind: 'nobody', why: 'no_user' }
const NO_PROJECT: Identification = { kind: 'nobody', why: 'no_project' }
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
  const applicationCredential = user.value.applicationCredentials.find(
    ({ id, expiresAtMs }) => id === applicationCredentialId && (expiresAtMs ?? Infinity) > nowMs,
  )
  if (applicationCredentialId !== undefined && applicationCredential === undefined) return NO_CREDENTIAL
  const project = scope.kind === 'project' ? await people.projects.find(context, scope.projectId) : undefined
  if (project?.kind === 'absent' || (project?.kind === 'found' && !project.value.enabled)) return NO_PROJECT
  if (project !== undefined && project.kind !== 'found') return project
  const roles = await rolesIn(context, people, user.value, scope, applicationCredential)
  if ('kind' in roles) return roles
  if (scope.kind !== 'unscoped' && roles.length === 0) return NO_ROLES
  return { kind: 'identified', identified: { user, scope, project, roles, applicationCredential } }
}

async function rolesIn(
  context: OperationContext,
  people: People,
  user: User,
  scope: Scope,
  credential: ApplicationCredential | undefined,
): Promise<readonly NamedRole[] | RecordFailure> {
  const on = grantScopeOf(scope)
  if (on === undefined) return []
  const roles: NamedRole[] = []
  for (const id of rolesOn(user.grants, on)) {
    if (credential !== undefined && !credential.roleIds.includes(id)) continue
    const role = await people.roles.find(context, id)
    if (role.kind === 'found') roles.push({ id, name: role.value.name })
    else if (role.kind !== 'absent') return role
  }
  return roles
}

function grantScopeOf(scope: Scope): GrantScope | undefined {
  switch (scope.kind) {
    case 'unscoped':
      return undefined
    case 'project':
      return projectScope(scope.projectId)
    case 'domain':
      return { scope: 'domain', id: DEFAULT_DOMAIN.id }
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

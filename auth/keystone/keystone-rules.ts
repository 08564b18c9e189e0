/**
 * Which roles of Keystone may do what, and the identity that follows for one request (OpenStack Swift,
 * `common/middleware/keystoneauth.py`). Everything that the configuration decides is settled here, so that decisions need
 * nothing but the identity.
 */
import type { Principal } from '../principal.ts'
import { ROLES } from '../principal.ts'
import type { KeystoneToken } from './token-answer.ts'

/** Role names in lower case. */
export interface AccountRoles {
  /** Own the account of their project. */
  readonly operatorRoles: readonly string[]
  /** Where there are some, an operator owns the account only together with a service that has one of them. */
  readonly serviceRoles: readonly string[]
  /** Read everything in the account of their project. */
  readonly projectReaderRoles: readonly string[]
}

export interface KeystoneRules {
  /** Roles by the prefix of accounts (`AUTH_`). The account of a project is the prefix and the project's id. */
  readonly accounts: ReadonlyMap<string, AccountRoles>
  /** Own every account; lower case. */
  readonly resellerAdminRoles: readonly string[]
  /** Read every account; lower case. */
  readonly systemReaderRoles: readonly string[]
  /** A service with one of these roles may bring a user's token that has expired; lower case. */
  readonly serviceTokenRoles: readonly string[]
  /** Names mean something only in this domain: elsewhere they are not unique. */
  readonly defaultDomainId: string
  readonly namesInAcls: 'allowed' | 'ignored'
}

/** Who a token of Keystone stands for, as far as decisions go. */
export interface KeystoneIdentity {
  readonly projectId: string | undefined
  readonly projectDomainId: string | undefined
  /** Lower case. */
  readonly roles: readonly string[]
  /** The accounts of the project, one for each prefix. */
  readonly projectAccounts: readonly string[]
  /** Those of them that the roles own. */
  readonly ownedAccounts: readonly string[]
  /** Those of them that the roles read. */
  readonly readableAccounts: readonly string[]
  /** Which of the roles make them so, each alone. */
  readonly owningRoles?: readonly string[] | undefined
  readonly readingRoles?: readonly string[] | undefined
  /** How access lists designate this user by ids: `project:user`, and with `*` for either. */
  readonly granteeIds: readonly string[]
  /** And by names; empty where names are not unique, or not wanted. */
  readonly granteeNames: readonly string[]
  readonly defaultDomainId: string
}

/** The principal of a request with a user's token, and with that of the service that sends it. */
export function keystonePrincipal(
  user: KeystoneToken,
  service: KeystoneToken | undefined,
  rules: KeystoneRules,
): Principal {
  const tenant = user.project?.id ?? ''
  return {
    user: `${tenant}:${user.user.id}`,
    tenant,
    groups: groupsOf(user, rules),
    keystone: identityOf(user, service?.roles ?? [], rules),
  }
}

/** Whether a service may carry on requests of users whose tokens have expired meanwhile. */
export function mayBringExpired(service: KeystoneToken, rules: KeystoneRules): boolean {
  return haveCommon(service.roles, rules.serviceTokenRoles)
}

/** The only groups that come of Keystone; what it calls its roles never becomes a group by itself. */
function groupsOf({ roles }: KeystoneToken, rules: KeystoneRules): readonly string[] {
  const groups: string[] = []
  if (haveCommon(roles, rules.resellerAdminRoles)) groups.push(ROLES.resellerAdmin)
  if (haveCommon(roles, rules.systemReaderRoles)) groups.push(ROLES.resellerReader)
  return groups
}

function identityOf(
  token: KeystoneToken,
  serviceRoles: readonly string[],
  rules: KeystoneRules,
): KeystoneIdentity {
  const { project, roles } = token
  const accounts =
    project === undefined
      ? []
      : [...rules.accounts].map(([prefix, own]) => ({ name: prefix + project.id, own }))
  return {
    projectId: project?.id,
    projectDomainId: project?.domainId,
    roles,
    projectAccounts: accounts.map(({ name }) => name),
    ownedAccounts: accounts.filter(({ own }) => owns(roles, serviceRoles, own)).map(({ name }) => name),
    readableAccounts: accounts
      .filter(({ own }) => haveCommon(roles, own.projectReaderRoles))
      .map(({ name }) => name),
    ...rolesThat(
      'owningRoles',
      roles,
      accounts.flatMap(({ own }) => own.operatorRoles),
    ),
    ...rolesThat(
      'readingRoles',
      roles,
      accounts.flatMap(({ own }) => own.projectReaderRoles),
    ),
    granteeIds: designations([project?.id], [token.user.id]),
    granteeNames: granteeNames(token, rules),
    defaultDomainId: rules.defaultDomainId,
  }
}

/** Nothing where there are none: most have no more than one such role, and it is in every token. */
function rolesThat(
  name: 'owningRoles' | 'readingRoles',
  roles: readonly string[],
  wanted: readonly string[],
): Pick<KeystoneIdentity, typeof name> {
  const found = roles.filter((role) => wanted.includes(role))
  return found.length === 0 ? {} : { [name]: found }
}

function owns(roles: readonly string[], serviceRoles: readonly string[], own: AccountRoles): boolean {
  if (!haveCommon(roles, own.operatorRoles)) return false
  return own.serviceRoles.length === 0 || haveCommon(serviceRoles, own.serviceRoles)
}

/** An id of Keystone: a name in that form could pass for somebody. */
const ID_FORM = /^[0-9a-f]{32}$/

function granteeNames({ user, project }: KeystoneToken, rules: KeystoneRules): readonly string[] {
  const isKnownDomain = (domainId: string | undefined): boolean =>
    (domainId ?? rules.defaultDomainId) === rules.defaultDomainId
  if (rules.namesInAcls === 'ignored') return []
  if (!isKnownDomain(user.domainId) || !isKnownDomain(project?.domainId)) return []
  return designations([project?.id, usableName(project?.name)], [user.id, usableName(user.name)])
}

/** A name that cannot be taken for an id or for a pair. */
function usableName(name: string | undefined): string | undefined {
  return name === undefined || name.includes(':') || ID_FORM.test(name) ? undefined : name
}

/** Every way of writing `project:user` with these. */
function designations(
  projects: readonly (string | undefined)[],
  users: readonly (string | undefined)[],
): readonly string[] {
  const known = (names: readonly (string | undefined)[]): readonly string[] => [
    ...names.filter((name) => name !== undefined),
    '*',
  ]
  return known(projects).flatMap((project) => known(users).map((user) => `${project}:${user}`))
}

function haveCommon(some: readonly string[], others: readonly string[]): boolean {
  return some.some((one) => others.includes(one))
}

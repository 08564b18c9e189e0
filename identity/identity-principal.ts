/**
 * The principal of somebody whom the identity service knows, for the decisions of the doors: the rules are those for tokens of
 * Keystone. Who is in the configuration, and has there what the roles say, is the same one as with a token of Swift's first
 * version of sign-in: the same unique name, the same groups, the same lists.
 */

import { type KeystoneRules, keystonePrincipal } from '#auth/keystone/keystone-rules.ts'
import type { KeystoneToken } from '#auth/keystone/token-answer.ts'
import { type Principal, type ResellerPrefix, ROLES } from '#auth/principal.ts'
import type { UserDirectory } from '#auth/users.ts'
import type { Identified } from './identified.ts'
import { rulesOf } from './model/access-rules.ts'
import { DEFAULT_DOMAIN_ID } from './model/ids.ts'
import { configuredRoles, nameOf, type People } from './people.ts'

/** Roles that own the account of their project (OpenStack Swift, `operator_roles`: `admin, swiftoperator`; Keystone's member). */
const OPERATOR_ROLES = ['admin', 'member', 'swiftoperator']

/** Roles that own every account: Keystone's administrators, and OpenStack Swift's `reseller_admin_role`. */
const RESELLER_ADMIN_ROLES = ['admin', 'reselleradmin']

/** Rules of Keystone for a cluster that has its own identity service. */
export function ownKeystoneRules(resellers: readonly ResellerPrefix[]): KeystoneRules {
  const first = resellers.filter(({ requireGroup }) => requireGroup === '').slice(0, 1)
  return {
    accounts: new Map(
      first.map(({ prefix }) => [
        prefix,
        { operatorRoles: OPERATOR_ROLES, serviceRoles: [], projectReaderRoles: ['reader'] },
      ]),
    ),
    resellerAdminRoles: RESELLER_ADMIN_ROLES,
    systemReaderRoles: [],
    serviceTokenRoles: ['service'],
    defaultDomainId: DEFAULT_DOMAIN_ID,
    namesInAcls: 'allowed',
  }
}

export interface PrincipalOptions {
  readonly people: People
  readonly users: UserDirectory
  readonly rules: KeystoneRules
}

export function identityPrincipal(
  identified: Identified,
  { people, users, rules }: PrincipalOptions,
): Principal {
  const { user, project, applicationCredential } = identified
  const accessRules = rulesOf(user.value, applicationCredential)
  const principal = {
    ...keystonePrincipal(keystoneTokenOf(identified), undefined, rules),
    ...(accessRules === undefined ? {} : { accessRules }),
  }
  const entry = people.configured.get(user.id)
  if (entry === undefined || project?.id !== entry.tenant) {
    return { ...principal, groups: [...principal.groups, ...ownGroups(principal, rules)] }
  }
  const name = nameOf(entry)
  const held = identified.roles.map((role) => role.name)
  const isAsConfigured = configuredRoles(entry).every((role) => held.includes(role))
  const configured = isAsConfigured ? (users.find(name)?.principal.groups ?? []) : harmless(entry.groups)
  const groups = [...new Set([entry.tenant, name, ...configured, ...principal.groups])]
  return { ...principal, user: name, tenant: entry.tenant, groups }
}

/** Where accounts have no prefix, the project's id is its account's name, and in that group is who owns the account. */
function ownGroups({ tenant, user }: Principal, { accounts }: KeystoneRules): readonly string[] {
  return accounts.has('') ? [user] : [tenant, user]
}

/** Groups that only access lists know. */
function harmless(groups: readonly string[]): readonly string[] {
  const roles: readonly string[] = Object.values(ROLES)
  return groups.filter((group) => !roles.includes(group))
}

function keystoneTokenOf({ user, project, roles }: Identified): KeystoneToken {
  const { name, domainId } = user.value
  return {
    user: { id: user.id, name, domainId },
    project: project && { id: project.id, name: project.value.name, domainId: project.value.domainId },
    roles: roles.map(({ name }) => name.toLowerCase()),
    expiresAtMs: 0,
  }
}

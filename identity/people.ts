/** Everybody and everything that roles are about: domains, users, groups, projects, roles; of the configuration and of the records. */

import { ROLES } from '#auth/principal.ts'
import type { UserEntry } from '#auth/users.ts'
import type { Records } from '#store/records/contract.ts'
import { NamedRecords } from '#store/records/named-records.ts'
import { Entries, type Entry } from './entries.ts'
import { DEFAULT_DOMAIN, DOMAIN_RECORDS, type Domain } from './model/domain.ts'
import { projectScope } from './model/grants.ts'
import { GROUP_RECORDS, type Group } from './model/group.ts'
import { DEFAULT_DOMAIN_ID, derivedId } from './model/ids.ts'
import { caselessName, exactName } from './model/placed-name.ts'
import { newProject, PROJECT_RECORDS, type Project } from './model/project.ts'
import { BUILT_IN_ROLES, type BuiltInRole, builtInRoleId, ROLE_RECORDS, type Role } from './model/role.ts'
import { newUser, USER_RECORDS, type User } from './model/user.ts'
import { Trusts } from './trusts.ts'

export interface People {
  readonly domains: Entries<Domain>
  readonly users: Entries<User>
  readonly groups: Entries<Group>
  readonly projects: Entries<Project>
  readonly roles: Entries<Role>
  readonly trusts: Trusts
  /** What the configuration says of the user with this id. */
  readonly configured: ReadonlyMap<string, UserEntry>
}

export function openPeople(records: Records, entries: readonly UserEntry[]): People {
  const configured = new Map(entries.map((entry) => [configuredUserId(nameOf(entry)), entry]))
  return {
    configured,
    trusts: new Trusts(records),
    domains: new Entries({
      records: new NamedRecords(records, DOMAIN_RECORDS, caselessName),
      configured: new Map([[DEFAULT_DOMAIN_ID, DEFAULT_DOMAIN]]),
      nameKey: caselessName,
    }),
    users: new Entries({
      records: new NamedRecords(records, USER_RECORDS, exactName),
      configured: configuredUsers(entries),
      isWhole: (id, { password }) => password.kind !== 'configured' || configured.has(id),
    }),
    groups: new Entries({
      records: new NamedRecords(records, GROUP_RECORDS, exactName),
      configured: new Map(),
    }),
    projects: new Entries({
      records: new NamedRecords(records, PROJECT_RECORDS, exactName),
      configured: new Map(entries.map(({ tenant }) => [tenant, newProject(tenant)])),
    }),
    roles: new Entries({
      records: new NamedRecords(records, ROLE_RECORDS, caselessName),
      configured: BUILT_IN_ROLES,
      nameKey: caselessName,
    }),
  }
}

/** The id of `test:tester` of the configuration. */
export function configuredUserId(user: string): string {
  return derivedId('user', user)
}

/** `test:tester` */
export function nameOf({ tenant, name }: Pick<UserEntry, 'tenant' | 'name'>): string {
  return `${tenant}:${name}`
}

/**
 * They are in the default domain, where names are unique: of several of the same name in different tenants the first has it,
 * the others are called `tenant:name`.
 */
function configuredUsers(entries: readonly UserEntry[]): ReadonlyMap<string, User> {
  const users = new Map<string, User>()
  const names = new Set<string>()
  for (const entry of entries) {
    const name = names.has(entry.name) ? nameOf(entry) : entry.name
    names.add(name)
    users.set(configuredUserId(nameOf(entry)), {
      ...newUser(name),
      password: { kind: 'configured' },
      defaultProjectId: entry.tenant,
      grants: [{ ...projectScope(entry.tenant), roleIds: configuredRoles(entry).map(builtInRoleId) }],
    })
  }
  return users
}

/** What the groups of the first version of sign-in come to as roles. */
export function configuredRoles({ groups }: Pick<UserEntry, 'groups'>): readonly BuiltInRole[] {
  const roles: BuiltInRole[] = []
  if (groups.includes(ROLES.resellerAdmin)) roles.push('admin')
  if (groups.includes(ROLES.admin)) roles.push('member')
  return roles.length === 0 ? ['guest'] : roles
}

export function isConfigured<Value>(entry: Entry<Value>): boolean {
  return entry.source === 'configured'
}

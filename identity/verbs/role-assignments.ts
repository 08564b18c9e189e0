/** `/v3/role_assignments`: who has which role on what, all in one list; or what that comes to (`effective`). */
import type { Response } from '#http/message.ts'
import { json, refusal, unavailable } from '../answers.ts'
import type { Entry } from '../entries.ts'
import type { Grant, GrantScope } from '../model/grants.ts'
import { DEFAULT_DOMAIN_ID } from '../model/ids.ts'
import { listView } from '../views.ts'
import type { Visit } from '../visit.ts'

type View = Readonly<Record<string, unknown>>

interface Everything {
  readonly users: Directory
  readonly groups: Directory
  readonly roles: ReadonlyMap<string, Entry<{ readonly name: string; readonly implies: readonly string[] }>>
  readonly projects: Directory
  readonly domains: Directory
}

type Directory = ReadonlyMap<string, Entry<{ readonly name: string; readonly domainId?: string | undefined }>>

/** One line of the list. */
interface Assignment {
  readonly holder: 'user' | 'group'
  readonly holderId: string
  readonly on: GrantScope
  readonly roleId: string
  /** Where it came from, when it is not from a grant to the holder itself. */
  readonly by?: { readonly groupId?: string | undefined; readonly priorId?: string | undefined } | undefined
}

/** Filters that exclude each other, and Keystone's words for it. */
const EXCLUSIVE: readonly (readonly [one: string, other: string, why: string])[] = [
  ['scope.domain.id', 'scope.project.id', 'Specify a domain or project, not both'],
  ['scope.domain.id', 'scope.system', 'Specify system or domain, not both'],
  ['scope.project.id', 'scope.system', 'Specify system or project, not both'],
  ['user.id', 'group.id', 'Specify a user or group, not both'],
]
const NO_GROUPS = 'Combining effective and group filter will always result in an empty list.'

export async function listAssignments(visit: Visit): Promise<Response> {
  const { parts, context, query, url } = visit
  const clash = EXCLUSIVE.find(([one, other]) => query.has(one) && query.has(other))
  if (clash !== undefined) return refusal(400, clash[2])
  const isEffective = isAsked(query, 'effective')
  if (isEffective && query.has('group.id')) return refusal(400, NO_GROUPS)
  const { users, groups, roles, projects, domains } = parts.people
  const [everybody, everyGroup, everyRole, everyProject, everyDomain] = [
    await users.list(context),
    await groups.list(context),
    await roles.list(context),
    await projects.list(context),
    await domains.list(context),
  ]
  if ('kind' in everybody) return unavailable(everybody)
  if ('kind' in everyGroup) return unavailable(everyGroup)
  if ('kind' in everyRole) return unavailable(everyRole)
  if ('kind' in everyProject) return unavailable(everyProject)
  if ('kind' in everyDomain) return unavailable(everyDomain)
  const all: Everything = {
    users: byId(everybody),
    groups: byId(everyGroup),
    roles: byId(everyRole),
    projects: byId(everyProject),
    domains: byId(everyDomain),
  }
  const ofUsers = everybody.flatMap(({ id, value }) => assignmentsOf('user', id, value.grants))
  const ofGroups = everyGroup.flatMap(({ id, value }) => assignmentsOf('group', id, value.grants))
  const assignments = isEffective
    ? withImplications(all, [
        ...ofUsers,
        ...everybody.flatMap(({ id, value }) => throughGroups(id, value.groupIds, ofGroups)),
      ])
    : [...ofUsers, ...ofGroups]
  const views = assignments
    .filter((one) => isKnown(one, all) && isWanted(one, query))
    .map((one) => assignmentView(one, url, isAsked(query, 'include_names') ? all : undefined))
  return json(200, listView('role_assignments', views, visit.self))
}

/** Present, and not said to be false. */
function isAsked(query: URLSearchParams, name: string): boolean {
  return query.has(name) && !['false', '0'].includes(query.get(name)?.toLowerCase() ?? '')
}

function byId<Value>(entries: readonly Entry<Value>[]): ReadonlyMap<string, Entry<Value>> {
  return new Map(entries.map((entry) => [entry.id, entry]))
}

function assignmentsOf(
  holder: Assignment['holder'],
  holderId: string,
  grants: readonly Grant[],
): readonly Assignment[] {
  return grants.flatMap(({ scope, id, roleIds }) =>
    roleIds.map((roleId) => ({ holder, holderId, on: { scope, id }, roleId })),
  )
}

function throughGroups(
  userId: string,
  groupIds: readonly string[],
  ofGroups: readonly Assignment[],
): readonly Assignment[] {
  return ofGroups
    .filter(({ holderId }) => groupIds.includes(holderId))
    .map((one) => ({ ...one, holder: 'user', holderId: userId, by: { groupId: one.holderId } }))
}

/** Every assignment, and one for each role that its role implies. */
function withImplications({ roles }: Everything, direct: readonly Assignment[]): readonly Assignment[] {
  return direct.flatMap((one) => {
    const ids = new Map<string, string | undefined>([[one.roleId, undefined]])
    for (const [id] of ids) {
      for (const implied of roles.get(id)?.value.implies ?? []) if (!ids.has(implied)) ids.set(implied, id)
    }
    return [...ids].map(([roleId, priorId]) =>
      priorId === undefined ? one : { ...one, roleId, by: { ...one.by, priorId } },
    )
  })
}

/** What was granted on a project that is gone is nothing. */
function isKnown({ on, roleId }: Assignment, { roles, projects, domains }: Everything): boolean {
  if (!roles.has(roleId)) return false
  if (on.scope === 'project') return projects.has(on.id)
  return on.scope === 'system' || domains.has(on.id)
}

function isWanted({ holder, holderId, on, roleId }: Assignment, query: URLSearchParams): boolean {
  const is = (name: string, value: string | undefined): boolean => (query.get(name) ?? value) === value
  return (
    is('user.id', holder === 'user' ? holderId : undefined) &&
    is('group.id', holder === 'group' ? holderId : undefined) &&
    is('role.id', roleId) &&
    is('scope.project.id', on.scope === 'project' ? on.id : undefined) &&
    is('scope.domain.id', on.scope === 'domain' ? on.id : undefined) &&
    (!query.has('scope.system') || on.scope === 'system') &&
    // Nothing is inherited here.
    !query.has('scope.OS-INHERIT:inherited_to')
  )
}

function assignmentView(
  { holder, holderId, on, roleId, by = {} }: Assignment,
  url: string,
  names: Everything | undefined,
): View {
  const holders = holder === 'user' ? names?.users : names?.groups
  const [linkHolder, linkId] = by.groupId === undefined ? [holder, holderId] : ['group', by.groupId]
  const path = on.scope === 'system' ? 'system' : `${on.scope}s/${encodeURIComponent(on.id)}`
  return {
    role: named(roleId, names?.roles, undefined),
    [holder]: named(holderId, holders, names?.domains),
    scope: scopeView(on, names),
    links: {
      assignment: `${url}/${path}/${linkHolder}s/${linkId}/roles/${by.priorId ?? roleId}`,
      ...(by.groupId === undefined ? {} : { membership: `${url}/groups/${by.groupId}/users/${holderId}` }),
      ...(by.priorId === undefined
        ? {}
        : { prior_role: `${url}/prior_role/${roleId}/implies/${by.priorId}` }),
    },
  }
}

function scopeView({ scope, id }: GrantScope, names: Everything | undefined): View {
  switch (scope) {
    case 'project':
      return { project: named(id, names?.projects, names?.domains) }
    case 'domain':
      return { domain: named(id, names?.domains, undefined) }
    case 'system':
      return { system: { all: true } }
  }
}

/** With its name where names are wanted, and with its domain where it is in one. */
function named(id: string, things: Directory | undefined, domains: Directory | undefined): View {
  const thing = things?.get(id)
  if (thing === undefined) return { id }
  const { name, domainId = DEFAULT_DOMAIN_ID } = thing.value
  if (domains === undefined) return { id, name }
  return { id, name, domain: { id: domainId, name: domains.get(domainId)?.value.name } }
}

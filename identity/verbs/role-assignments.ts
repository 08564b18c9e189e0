/** `/v3/role_assignments`: who has which role on what, all in one list; or what that comes to (`effective`). */
import type { Response } from '#http/message.ts'
import { json, refusal, unavailable } from '../answers.ts'
import type { Entry } from '../entries.ts'
import { type Grant, isInherited } from '../model/grants.ts'
import type { Role } from '../model/role.ts'
import { ProjectTree } from '../project-tree.ts'
import { listView } from '../views.ts'
import type { Visit } from '../visit.ts'
import { type Assignment, assignmentView, type Directories } from './assignment-view.ts'
import { isAsked } from './listed.ts'

interface Everything extends Directories {
  readonly implications: ReadonlyMap<string, Entry<Pick<Role, 'implies'>>>
  readonly tree: ProjectTree
}

/** Filters that exclude each other, and Keystone's words for it. */
const EXCLUSIVE: readonly (readonly [one: string, other: string, why: string])[] = [
  ['scope.domain.id', 'scope.project.id', 'Specify a domain or project, not both'],
  ['scope.domain.id', 'scope.system', 'Specify system or domain, not both'],
  ['scope.project.id', 'scope.system', 'Specify system or project, not both'],
  ['user.id', 'group.id', 'Specify a user or group, not both'],
]
const NO_GROUPS = 'Combining effective and group filter will always result in an empty list.'
const NO_DOMAINS = 'Combining effective, domain and inherited filters will always result in an empty list.'
const NO_PROJECT = 'scope.project.id must be specified if include_subtree is also specified'
const INHERITED_TO = 'scope.OS-INHERIT:inherited_to'

export async function listAssignments(visit: Visit): Promise<Response> {
  const { parts, context, query, url } = visit
  const isEffective = isAsked(query, 'effective')
  const wrong = whyWrong(query, isEffective)
  if (wrong !== undefined) return refusal(400, wrong)
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
    implications: byId(everyRole),
    tree: new ProjectTree(everyProject),
  }
  const ofUsers = everybody.flatMap(({ id, value }) => assignmentsOf('user', id, value.grants))
  const ofGroups = everyGroup.flatMap(({ id, value }) => assignmentsOf('group', id, value.grants))
  const assignments = isEffective
    ? withImplications(
        all,
        [
          ...ofUsers,
          ...everybody.flatMap(({ id, value }) => throughGroups(id, value.groupIds, ofGroups)),
        ].flatMap((one) => whereItReaches(one, all.tree)),
      )
    : [...ofUsers, ...ofGroups]
  const wantedProjects = projectsWanted(query, all.tree)
  const views = assignments
    .filter((one) => isKnown(one, all) && isWanted(one, query, wantedProjects))
    .map((one) => assignmentView(one, url, isAsked(query, 'include_names') ? all : undefined))
  return json(200, listView('role_assignments', views, visit.self))
}

function whyWrong(query: URLSearchParams, isEffective: boolean): string | undefined {
  const clash = EXCLUSIVE.find(([one, other]) => query.has(one) && query.has(other))
  if (clash !== undefined) return clash[2]
  if (isEffective && query.has('group.id')) return NO_GROUPS
  if (isEffective && query.has('scope.domain.id') && query.get(INHERITED_TO) === 'projects') return NO_DOMAINS
  return isAsked(query, 'include_subtree') && !query.get('scope.project.id') ? NO_PROJECT : undefined
}

/** `undefined`: whatever they are on. */
function projectsWanted(query: URLSearchParams, tree: ProjectTree): ReadonlySet<string> | undefined {
  const id = query.get('scope.project.id')
  if (id === null) return undefined
  const under = isAsked(query, 'include_subtree') ? tree.under(id) : []
  return new Set([id, ...under.map((project) => project.id)])
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

/** One that is inherited becomes one on each project that it reaches. */
function whereItReaches(one: Assignment, tree: ProjectTree): readonly Assignment[] {
  if (!isInherited(one.on)) return [one]
  return tree
    .reachedBy(one.on)
    .map(({ id }) => ({ ...one, on: { scope: 'project', id }, by: { ...one.by, from: one.on } }))
}

/** Every assignment, and one for each role that its role implies. */
function withImplications(
  { implications }: Everything,
  direct: readonly Assignment[],
): readonly Assignment[] {
  return direct.flatMap((one) => {
    const ids = new Map<string, string | undefined>([[one.roleId, undefined]])
    for (const [id] of ids) {
      for (const implied of implications.get(id)?.value.implies ?? [])
        if (!ids.has(implied)) ids.set(implied, id)
    }
    return [...ids].map(([roleId, priorId]) =>
      priorId === undefined ? one : { ...one, roleId, by: { ...one.by, priorId } },
    )
  })
}

/** What was granted on a project that is gone is nothing. */
function isKnown({ on, roleId }: Assignment, { roles, projects, domains }: Everything): boolean {
  if (!roles.has(roleId)) return false
  if (isOnProject(on)) return projects.has(on.id)
  return on.scope === 'system' || domains.has(on.id)
}

function isOnProject({ scope }: Assignment['on']): boolean {
  return scope === 'project' || scope === 'under_project'
}

function isOnDomain({ scope }: Assignment['on']): boolean {
  return scope === 'domain' || scope === 'under_domain'
}

function isWanted(
  { holder, holderId, on, roleId, by }: Assignment,
  query: URLSearchParams,
  projects: ReadonlySet<string> | undefined,
): boolean {
  const is = (name: string, value: string | undefined): boolean => (query.get(name) ?? value) === value
  const inherited = by?.from !== undefined || isInherited(on)
  return (
    is('user.id', holder === 'user' ? holderId : undefined) &&
    is('group.id', holder === 'group' ? holderId : undefined) &&
    is('role.id', roleId) &&
    (projects === undefined || (isOnProject(on) && projects.has(on.id))) &&
    is('scope.domain.id', isOnDomain(on) ? on.id : undefined) &&
    (!query.has('scope.system') || on.scope === 'system') &&
    (!query.has(INHERITED_TO) || inherited === (query.get(INHERITED_TO) === 'projects'))
  )
}

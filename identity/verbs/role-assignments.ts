/** `/v3/role_assignments`: who has which role on what, all in one list. */
import type { Response } from '#http/message.ts'
import { json, unavailable } from '../answers.ts'
import type { Entry } from '../entries.ts'
import { DEFAULT_DOMAIN } from '../model/domain.ts'
import type { Grant, User } from '../model/user.ts'
import { listView } from '../views.ts'
import type { Visit } from '../visit.ts'

const DOMAIN = { id: DEFAULT_DOMAIN.id, name: DEFAULT_DOMAIN.name }

interface Names {
  readonly roles: ReadonlyMap<string, string>
  readonly projects: ReadonlyMap<string, string>
}

export async function listAssignments({ parts, context, query, url }: Visit): Promise<Response> {
  const { users, roles, projects } = parts.people
  const listed = await Promise.all([users.list(context), roles.list(context), projects.list(context)])
  const [everybody, everyRole, everyProject] = listed
  for (const list of listed) if ('kind' in list) return unavailable(list)
  if ('kind' in everybody || 'kind' in everyRole || 'kind' in everyProject) return unavailable()
  const names: Names = { roles: namesOf(everyRole), projects: namesOf(everyProject) }
  const includeNames = query.has('include_names') && query.get('include_names')?.toLowerCase() !== 'false'
  const views = everybody.flatMap((user) =>
    user.value.grants
      .filter((grant) => isWanted(user, grant, query) && isKnown(grant, names))
      .flatMap((grant) =>
        grant.roleIds
          .filter((id) => names.roles.has(id) && (query.get('role.id') ?? id) === id)
          .map((roleId) => assignmentView(user, grant, roleId, { url, names, includeNames })),
      ),
  )
  return json(200, listView('role_assignments', views, `${url}/role_assignments`))
}

function namesOf(
  entries: readonly { readonly id: string; readonly value: { readonly name: string } }[],
): ReadonlyMap<string, string> {
  return new Map(entries.map(({ id, value }) => [id, value.name]))
}

/** What was granted on a project that is gone is nothing. */
function isKnown({ scope, id }: Grant, { projects }: Names): boolean {
  return scope !== 'project' || projects.has(id)
}

function isWanted(user: Entry<User>, { scope, id }: Grant, query: URLSearchParams): boolean {
  const userId = query.get('user.id')
  const projectId = query.get('scope.project.id')
  const domainId = query.get('scope.domain.id')
  const system = query.get('scope.system')
  return (
    !query.has('group.id') &&
    (userId === null || userId === user.id) &&
    (projectId === null || (scope === 'project' && projectId === id)) &&
    (domainId === null || (scope === 'domain' && domainId === id)) &&
    (system === null || scope === 'system')
  )
}

interface Shown {
  readonly url: string
  readonly names: Names
  readonly includeNames: boolean
}

function assignmentView(
  user: Entry<User>,
  { scope, id }: Grant,
  roleId: string,
  { url, names, includeNames }: Shown,
): Readonly<Record<string, unknown>> {
  const named = (own: string, name: string | undefined): object =>
    includeNames ? { id: own, name, domain: DOMAIN } : { id: own }
  const role = includeNames ? { id: roleId, name: names.roles.get(roleId) } : { id: roleId }
  const on = {
    project: { project: named(id, names.projects.get(id)) },
    domain: { domain: includeNames ? DOMAIN : { id } },
    system: { system: { all: true } },
  }[scope]
  const path = scope === 'system' ? 'system' : `${scope}s/${encodeURIComponent(id)}`
  return {
    role,
    user: named(user.id, user.value.name),
    scope: on,
    links: { assignment: `${url}/${path}/users/${user.id}/roles/${roleId}` },
  }
}

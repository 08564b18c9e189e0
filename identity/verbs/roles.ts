/** `/v3/roles`, and which roles users have on projects, on the domain and on the system. */
import type { Response } from '#http/message.ts'
import { conflict, forbidden, json, noContent, notFound, refusal, unavailable } from '../answers.ts'
import type { Entry } from '../entries.ts'
import { DEFAULT_DOMAIN } from '../model/domain.ts'
import {
  type GrantScope,
  projectScope,
  rolesOn,
  SYSTEM_SCOPE,
  withoutRole,
  withRole,
} from '../model/grants.ts'
import { newId } from '../model/ids.ts'
import { BUILT_IN_ROLES, type Role } from '../model/role.ts'
import type { User } from '../model/user.ts'
import { membersIn, textOr } from '../model/written.ts'
import { listView, roleView } from '../views.ts'
import type { Visit } from '../visit.ts'
import { filtered } from './listed.ts'

const NAME_CHARACTERS_MAX = 255

export async function listRoles({ parts, context, query, url }: Visit): Promise<Response> {
  const roles = await parts.people.roles.list(context)
  if ('kind' in roles) return unavailable(roles)
  const views = filtered(roles, query).map((role) => roleView(role, url))
  return json(200, listView('roles', views, `${url}/roles`))
}

export async function showRole(visit: Visit): Promise<Response> {
  return await withRoleNamed(visit, async (role) => json(200, { role: roleView(role, visit.url) }))
}

export async function createRole({ parts, context, body, url }: Visit): Promise<Response> {
  const { name, description } = membersIn(body['role'])
  if (typeof name !== 'string' || name === '' || name.length > NAME_CHARACTERS_MAX) {
    return refusal(400, `Invalid input for field 'name': 1 to ${NAME_CHARACTERS_MAX} characters are needed`)
  }
  const role: Role = { name, description: textOr(description, ''), state: 'present' }
  const created = await parts.people.roles.create(context, newId(parts.random), role)
  if (created.kind === 'found') return json(201, { role: roleView(created, url) })
  return created.kind === 'name_taken' ? conflict('role', name) : unavailable(created)
}

/** What the built-in ones mean is known to the program, not to a record. */
export async function updateRole({ parts, context, body, named, url }: Visit): Promise<Response> {
  const id = named['role'] ?? ''
  if (BUILT_IN_ROLES.has(id)) return forbidden()
  const { name, description } = membersIn(body['role'])
  const outcome = await parts.people.roles.change(context, id, (role) => ({
    kind: 'value',
    value: {
      ...role,
      name: textOr(name, role.name),
      description: textOr(description, role.description),
    },
  }))
  if (outcome.kind === 'found') return json(200, { role: roleView(outcome, url) })
  if (outcome.kind === 'absent') return notFound('role', id)
  return outcome.kind === 'name_taken' ? conflict('role', textOr(name, '')) : unavailable()
}

export async function deleteRole({ parts, context, named }: Visit): Promise<Response> {
  const id = named['role'] ?? ''
  if (BUILT_IN_ROLES.has(id)) return forbidden()
  const removed = await parts.people.roles.remove(context, id)
  if (removed.kind === 'removed') return noContent()
  return removed.kind === 'absent' ? notFound('role', id) : unavailable(removed)
}

// ---- roles of a user on something --------------------------------------------------------------------------------

/** Everything that a path like `/projects/:project/users/:user/roles/:role` names. */
interface Named {
  readonly user: Entry<User>
  readonly on: GrantScope
}

export async function listGrants(visit: Visit): Promise<Response> {
  return await withNamed(visit, async ({ user, on }) => {
    const { parts, context, url, request } = visit
    const views = []
    for (const id of rolesOn(user.value.grants, on)) {
      const role = await parts.people.roles.find(context, id)
      if (role.kind === 'found') views.push(roleView(role, url))
    }
    return json(200, listView('roles', views, url + request.path))
  })
}

export async function checkGrant(visit: Visit): Promise<Response> {
  return await withNamed(visit, async ({ user, on }) => {
    const id = visit.named['role'] ?? ''
    return rolesOn(user.value.grants, on).includes(id) ? noContent() : notFound('role assignment', id)
  })
}

export async function addGrant(visit: Visit): Promise<Response> {
  return await withRoleNamed(visit, (role) =>
    withNamed(visit, async ({ user, on }) => {
      const outcome = await visit.parts.people.users.change(visit.context, user.id, (there) => ({
        kind: 'value',
        value: { ...there, grants: withRole(there.grants, on, role.id) },
      }))
      return outcome.kind === 'found' ? noContent() : unavailable()
    }),
  )
}

export async function removeGrant(visit: Visit): Promise<Response> {
  return await withNamed(visit, async ({ user, on }) => {
    const id = visit.named['role'] ?? ''
    if (!rolesOn(user.value.grants, on).includes(id)) return notFound('role assignment', id)
    const outcome = await visit.parts.people.users.change(visit.context, user.id, (there) => ({
      kind: 'value',
      value: { ...there, grants: withoutRole(there.grants, on, id) },
    }))
    return outcome.kind === 'found' ? noContent() : unavailable()
  })
}

async function withNamed(visit: Visit, then: (named: Named) => Promise<Response>): Promise<Response> {
  const { parts, context, named } = visit
  const on = await scopeNamed(visit)
  if ('status' in on) return on
  const id = named['user'] ?? ''
  const user = await parts.people.users.find(context, id, 'newest')
  if (user.kind === 'found') return await then({ user, on })
  return user.kind === 'absent' ? notFound('user', id) : unavailable(user)
}

async function scopeNamed({ parts, context, named }: Visit): Promise<GrantScope | Response> {
  const { project, domain } = named
  if (domain !== undefined) {
    return domain === DEFAULT_DOMAIN.id ? { scope: 'domain', id: domain } : notFound('domain', domain)
  }
  if (project === undefined) return SYSTEM_SCOPE
  const found = await parts.people.projects.find(context, project)
  if (found.kind === 'found') return projectScope(found.id)
  return found.kind === 'absent' ? notFound('project', project) : unavailable(found)
}

async function withRoleNamed(
  { parts, context, named }: Visit,
  then: (role: Entry<Role>) => Promise<Response>,
): Promise<Response> {
  const id = named['role'] ?? ''
  const role = await parts.people.roles.find(context, id)
  if (role.kind === 'found') return await then(role)
  return role.kind === 'absent' ? notFound('role', id) : unavailable(role)
}

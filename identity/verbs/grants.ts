/** Which roles users and groups have on projects, on domains and on the system: listed, looked at, given, taken away. */
import type { Response } from '#http/message.ts'
import type { RecordFailure } from '#store/records/contract.ts'
import { forbidden, json, noContent, notFound, refusal, unavailable } from '../answers.ts'
import {
  domainScope,
  type Grant,
  type GrantScope,
  projectScope,
  rolesOn,
  SYSTEM_SCOPE,
  underneath,
  withoutRole,
  withRole,
} from '../model/grants.ts'
import type { Role } from '../model/role.ts'
import type { ApplicationCredential } from '../model/user.ts'
import { listView, roleView } from '../views.ts'
import type { Visit } from '../visit.ts'
import { withRoleNamed } from './roles.ts'

/** What a path like `/projects/:project/groups/:group/roles/:role` names; under `/OS-INHERIT`, whatever is under that. */
interface Named {
  readonly holder: Holder
  readonly on: GrantScope
}

interface Holder {
  readonly grants: readonly Grant[]
  /** Changes them in the record of the user or group. */
  readonly change: (to: (grants: readonly Grant[]) => readonly Grant[]) => Promise<Response>
}

export async function listGrants(visit: Visit): Promise<Response> {
  return await withNamed(visit, async ({ holder, on }) => {
    const { parts, context, url } = visit
    const views = []
    for (const id of rolesOn(holder.grants, on)) {
      const role = await parts.people.roles.find(context, id)
      if (role.kind === 'found') views.push(roleView(role, url))
    }
    return json(200, listView('roles', views, visit.self))
  })
}

export async function checkGrant(visit: Visit): Promise<Response> {
  return await withRoleNamed(visit, (role) =>
    withNamed(visit, async ({ holder, on }) =>
      rolesOn(holder.grants, on).includes(role.id) ? noContent() : notGranted(visit, on),
    ),
  )
}

/** What it is given on may go at the same moment: it is looked for once more when the role is written. */
export async function addGrant(visit: Visit): Promise<Response> {
  return await withRoleNamed(visit, (role) =>
    withNamed(visit, async ({ holder, on }) => {
      if (on.scope === 'system' && role.value.domainId !== undefined)
        return refusal(400, noneOfADomain(role.id))
      if (!(await mayStand(visit, role.value, on))) return forbidden()
      const written = await holder.change((grants) => withRole(grants, on, role.id))
      if (written.status >= 300) return written
      const there = await scopeNamed(visit, 'newest')
      const isGone = 'status' in there && there.status === 404
      if (isGone) await holder.change((grants) => withoutRole(grants, on, role.id))
      return isGone ? there : written
    }),
  )
}

export async function removeGrant(visit: Visit): Promise<Response> {
  return await withRoleNamed(visit, (role) =>
    withNamed(visit, async ({ holder, on }) =>
      rolesOn(holder.grants, on).includes(role.id)
        ? await holder.change((grants) => withoutRole(grants, on, role.id))
        : notGranted(visit, on),
    ),
  )
}

/** Keystone's words. */
function noneOfADomain(id: string): string {
  return `Role ${id} is a domain-specific role. Unable to use a domain-specific role in a system assignment.`
}

/** A role of a domain can be given only within it. */
async function mayStand({ parts, context }: Visit, { domainId }: Role, on: GrantScope): Promise<boolean> {
  if (domainId === undefined) return true
  if (on.scope === 'domain' || on.scope === 'under_domain') return on.id === domainId
  if (on.scope === 'system') return false
  const project = await parts.people.projects.find(context, on.id)
  return project.kind === 'found' && project.value.domainId === domainId
}

/** Keystone's words. */
function notGranted({ named }: Visit, on: GrantScope): Response {
  const holder = named['user'] ?? named['group']
  return refusal(
    404,
    `Could not find role assignment with role: ${named['role']}, user or group: ${holder}, project, domain, or system: ${on.scope === 'system' ? 'system' : on.id}.`,
  )
}

async function withNamed(visit: Visit, then: (named: Named) => Promise<Response>): Promise<Response> {
  const on = await scopeNamed(visit, 'remembered')
  if ('status' in on) return on
  const holder = await holderNamed(visit)
  return 'status' in holder ? holder : await then({ holder, on })
}

async function holderNamed({ parts, context, named }: Visit): Promise<Holder | Response> {
  const { users, groups } = parts.people
  const { group: groupId, user: userId = '' } = named
  if (groupId !== undefined) {
    const group = await groups.find(context, groupId, 'newest')
    if (group.kind !== 'found')
      return group.kind === 'absent' ? notFound('group', groupId) : unavailable(group)
    const change: Holder['change'] = async (to) =>
      changedTo(
        await groups.change(context, groupId, (there) => ({
          kind: 'value',
          value: { ...there, grants: to(there.grants) },
        })),
      )
    return { grants: group.value.grants, change }
  }
  const user = await users.find(context, userId, 'newest')
  if (user.kind !== 'found') return user.kind === 'absent' ? notFound('user', userId) : unavailable(user)
  const change: Holder['change'] = async (to) =>
    changedTo(
      await users.change(context, userId, (there) => {
        const grants = to(there.grants)
        const applicationCredentials = stillCovered(there.applicationCredentials, there.grants, grants)
        return { kind: 'value', value: { ...there, grants, applicationCredentials } }
      }),
    )
  return { grants: user.value.grants, change }
}

function changedTo(outcome: { readonly kind: string }): Response {
  return outcome.kind === 'found' ? noContent() : unavailable()
}

/** An application credential goes with a role of its project that it stood on, as Keystone has it. */
function stillCovered(
  credentials: readonly ApplicationCredential[],
  before: readonly Grant[],
  after: readonly Grant[],
): readonly ApplicationCredential[] {
  return credentials.filter(({ projectId, roleIds }) => {
    const on = projectScope(projectId)
    const left = rolesOn(after, on)
    return !rolesOn(before, on).some((id) => roleIds.includes(id) && !left.includes(id))
  })
}

async function scopeNamed(visit: Visit, freshness: 'remembered' | 'newest'): Promise<GrantScope | Response> {
  const { parts, context, named } = visit
  const { project, domain } = named
  const { domains, projects } = parts.people
  if (domain !== undefined) {
    const found = await domains.find(context, domain, freshness)
    return found.kind === 'found' ? reach(visit, domainScope(domain)) : missing('domain', domain, found)
  }
  if (project === undefined) return SYSTEM_SCOPE
  const found = await projects.find(context, project, freshness)
  return found.kind === 'found' ? reach(visit, projectScope(project)) : missing('project', project, found)
}

function reach({ request }: Visit, on: GrantScope): GrantScope {
  return request.path.endsWith('/inherited_to_projects') ? (underneath(on) ?? on) : on
}

function missing(what: string, id: string, failure: RecordFailure | { readonly kind: 'absent' }): Response {
  return failure.kind === 'absent' ? notFound(what, id) : unavailable(failure)
}

/** `/v3/roles`: listed, shown, made, changed, removed. Who has which is in `grants.ts`, what they imply in `implied-roles.ts`. */
import type { Response } from '#http/message.ts'
import { conflict, forbidden, json, noContent, notFound, refusal, unavailable } from '../answers.ts'
import type { Entry } from '../entries.ts'
import { newId } from '../model/ids.ts'
import {
  changedOptions,
  endsImmutability,
  isImmutable,
  RESOURCE_OPTIONS,
  whyWrongOptions,
} from '../model/options.ts'
import { BUILT_IN_ROLES, type Role } from '../model/role.ts'
import { furtherMembers, isNameText, membersIn, textOr } from '../model/written.ts'
import { listView, roleView } from '../views.ts'
import type { Visit } from '../visit.ts'
import { domainFor } from './domains.ts'
import { immutable } from './immutable.ts'
import { whyNotKept } from './kept-members.ts'
import { named } from './listed.ts'

const NAME_CHARACTERS_MAX = 255
const KNOWN = ['id', 'name', 'description', 'domain_id', 'options', 'links']

export async function listRoles({ parts, context, query, url, self }: Visit): Promise<Response> {
  const roles = await parts.people.roles.list(context)
  if ('kind' in roles) return unavailable(roles)
  // Without a domain: those that are in none.
  const domainId = query.get('domain_id') ?? undefined
  const wanted = roles.filter(({ value }) => value.domainId === domainId)
  const views = named(wanted, query).map((role) => roleView(role, url))
  return json(200, listView('roles', views, self))
}

export async function showRole(visit: Visit): Promise<Response> {
  return await withRoleNamed(visit, async (role) => json(200, { role: roleView(role, visit.url) }))
}

/** A role of a domain implies others, and is worth nothing by itself. */
export async function createRole(visit: Visit): Promise<Response> {
  const { parts, context, body, url } = visit
  const given = membersIn(body['role'])
  const { name, description, domain_id: domainId } = given
  if (!isNameText(name, NAME_CHARACTERS_MAX)) return wrongName()
  const wrong = whyWrongOptions(given['options'], RESOURCE_OPTIONS)
  if (wrong !== undefined) return refusal(400, wrong)
  const where = typeof domainId === 'string' ? await domainFor(visit, given) : undefined
  if (where !== undefined && 'status' in where) return where
  const role: Role = {
    name,
    description: textOr(description, ''),
    ...where,
    ...changedOptions(undefined, given['options']),
    extra: furtherMembers(given, KNOWN),
    implies: [],
    state: 'present',
  }
  const created = await parts.people.roles.create(context, newId(parts.random), role)
  if (created.kind === 'found') return json(201, { role: roleView(created, url) })
  return created.kind === 'name_taken' ? conflict('role', name) : unavailable(created)
}

function wrongName(): Response {
  return refusal(400, `Invalid input for field 'name': 1 to ${NAME_CHARACTERS_MAX} characters are needed`)
}

/** What the built-in ones mean is known to the program, not to a record. */
export async function updateRole({ parts, context, body, named, url }: Visit): Promise<Response> {
  const id = named['role'] ?? ''
  if (BUILT_IN_ROLES.has(id)) return forbidden()
  const given = membersIn(body['role'])
  const { name, description, options } = given
  if (name !== undefined && !isNameText(name, NAME_CHARACTERS_MAX)) return wrongName()
  const wrong = whyWrongOptions(options, RESOURCE_OPTIONS)
  if (wrong !== undefined) return refusal(400, wrong)
  const there = await parts.people.roles.find(context, id)
  const refused = there.kind === 'found' && whyNotKept(given, { id, domainId: there.value.domainId })
  if (typeof refused === 'string') return refusal(400, refused)
  const outcome = await parts.people.roles.change<'immutable'>(context, id, (role) =>
    isImmutable(role) && !endsImmutability(given)
      ? { kind: 'refused', refusal: 'immutable' }
      : {
          kind: 'value',
          value: {
            ...role,
            name: textOr(name, role.name),
            description: textOr(description, role.description),
            ...changedOptions(role.options, options),
            extra: { ...role.extra, ...furtherMembers(given, KNOWN) },
          },
        },
  )
  if (outcome.kind === 'found') return json(200, { role: roleView(outcome, url) })
  if (outcome.kind === 'refused') return immutable('update', 'role', id)
  if (outcome.kind === 'absent') return notFound('role', id)
  return outcome.kind === 'name_taken' ? conflict('role', textOr(name, '')) : unavailable()
}

export async function deleteRole(visit: Visit): Promise<Response> {
  const { parts, context } = visit
  return await withRoleNamed(visit, async ({ id, value }) => {
    if (BUILT_IN_ROLES.has(id)) return forbidden()
    if (isImmutable(value)) return immutable('delete', 'role', id)
    const removed = await parts.removals.remove(context, 'roles', id)
    if (removed.kind === 'removed') return noContent()
    return removed.kind === 'absent' ? notFound('role', id) : unavailable(removed)
  })
}

export async function withRoleNamed(
  { parts, context, named }: Visit,
  then: (role: Entry<Role>) => Promise<Response>,
): Promise<Response> {
  const id = named['role'] ?? ''
  const role = await parts.people.roles.find(context, id)
  if (role.kind === 'found') return await then(role)
  return role.kind === 'absent' ? notFound('role', id) : unavailable(role)
}

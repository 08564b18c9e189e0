/** `/v3/groups`: listed, shown, made, changed, removed; who is in them. */
import type { Response } from '#http/message.ts'
import { conflict, json, noContent, notFound, refusal, unavailable } from '../answers.ts'
import type { Entry } from '../entries.ts'
import { type Group, newGroup } from '../model/group.ts'
import { newId } from '../model/ids.ts'
import type { User } from '../model/user.ts'
import { furtherMembers, isNameText, type Members, membersIn, textOr } from '../model/written.ts'
import { groupView, listView, userView } from '../views.ts'
import type { Visit } from '../visit.ts'
import { domainFor } from './domains.ts'
import { whyNoDomain, whyNotKept } from './kept-members.ts'
import { filtered } from './listed.ts'
import { withUser } from './users.ts'

/** Keystone's schema. */
const NAME_CHARACTERS_MAX = 64
/** Most that a user is in: they are looked up with every token. */
const GROUPS_MAX = 200
const KNOWN = ['id', 'name', 'domain_id', 'description', 'links']

export async function listGroups({ parts, context, query, url, self }: Visit): Promise<Response> {
  const groups = await parts.people.groups.list(context)
  if ('kind' in groups) return unavailable(groups)
  const views = filtered(groups, query).map((group) => groupView(group, url))
  return json(200, listView('groups', views, self))
}

export async function showGroup(visit: Visit): Promise<Response> {
  return await withGroup(visit, async (group) => json(200, { group: groupView(group, visit.url) }))
}

export async function createGroup(visit: Visit): Promise<Response> {
  const { parts, context, body, url } = visit
  const given = membersIn(body['group'])
  if (given['name'] === undefined) return refusal(400, `'name' is a required property`)
  const wrong = whyWrong(given) ?? whyNoDomain(given)
  if (wrong !== undefined) return refusal(400, wrong)
  const where = await domainFor(visit, given)
  if ('status' in where) return where
  const group = changed(newGroup('', where.domainId), given)
  const created = await parts.people.groups.create(context, newId(parts.random), group)
  if (created.kind === 'found') return json(201, { group: groupView(created, url) })
  if (created.kind !== 'name_taken') return unavailable(created)
  const { name, domainId } = group
  return conflict('group', name, `Duplicate entry found with name ${name} at domain ID ${domainId}`)
}

export async function updateGroup({ parts, context, body, named, url }: Visit): Promise<Response> {
  const id = named['group'] ?? ''
  const given = membersIn(body['group'])
  const wrong = whyWrong(given)
  if (wrong !== undefined) return refusal(400, wrong)
  const outcome = await parts.people.groups.change<string>(context, id, (group) => {
    const refused = whyNotKept(given, { id, domainId: group.domainId })
    return refused === undefined
      ? { kind: 'value', value: changed(group, given) }
      : { kind: 'refused', refusal: refused }
  })
  if (outcome.kind === 'refused') return refusal(400, outcome.refusal)
  if (outcome.kind === 'found') return json(200, { group: groupView(outcome, url) })
  if (outcome.kind === 'absent') return notFound('group', id)
  return outcome.kind === 'name_taken' ? conflict('group', textOr(given['name'], '')) : unavailable()
}

export async function deleteGroup({ parts, context, named }: Visit): Promise<Response> {
  const id = named['group'] ?? ''
  const removed = await parts.removals.remove(context, 'groups', id)
  if (removed.kind === 'removed') return noContent()
  return removed.kind === 'absent' ? notFound('group', id) : unavailable(removed)
}

// ---- who is in it ------------------------------------------------------------------------------------------------

export async function usersOfGroup(visit: Visit): Promise<Response> {
  const { parts, context, query, url } = visit
  return await withGroup(visit, async ({ id }) => {
    const users = await parts.people.users.list(context)
    if ('kind' in users) return unavailable(users)
    const members = users.filter(({ value }) => value.groupIds.includes(id))
    const views = filtered(members, query).map((user) => userView(user, { ...parts, url }))
    return json(200, listView('users', views, visit.self))
  })
}

export async function groupsOfUser(visit: Visit): Promise<Response> {
  const { parts, context, query, url } = visit
  return await withUser(visit, async ({ value }) => {
    const groups: Entry<Group>[] = []
    for (const id of value.groupIds) {
      const group = await parts.people.groups.find(context, id)
      if (group.kind === 'found') groups.push(group)
      else if (group.kind !== 'absent') return unavailable(group)
    }
    const views = filtered(groups, query).map((group) => ({
      ...groupView(group, url),
      membership_expires_at: null,
    }))
    return json(200, listView('groups', views, visit.self))
  })
}

export async function checkMember(visit: Visit): Promise<Response> {
  return await withGroup(visit, (group) =>
    withUser(visit, async (user) => (user.value.groupIds.includes(group.id) ? noContent() : notIn(visit))),
  )
}

/** A group that went in the meantime is looked for once more, lest the user kept it. */
export async function addMember(visit: Visit): Promise<Response> {
  const { parts, context, named } = visit
  return await withGroup(visit, async ({ id }) => {
    const outcome = await changeUser(visit, (user) => {
      if (user.groupIds.includes(id)) return { kind: 'value', value: user }
      if (user.groupIds.length >= GROUPS_MAX) return { kind: 'refused', refusal: 'full' as const }
      return { kind: 'value', value: { ...user, groupIds: [...user.groupIds, id] } }
    })
    if (outcome.kind === 'refused') return refusal(403, `A user is in ${GROUPS_MAX} groups at most`)
    if (outcome.kind === 'absent') return notFound('user', named['user'] ?? '')
    if (outcome.kind !== 'found') return unavailable()
    const still = await parts.people.groups.find(context, id, 'newest')
    if (still.kind !== 'absent') return noContent()
    await changeUser(visit, (user) => ({ kind: 'value', value: without(user, id) }))
    return notFound('group', id)
  })
}

export async function removeMember(visit: Visit): Promise<Response> {
  return await withGroup(visit, async ({ id }) => {
    const outcome = await changeUser(visit, (user) =>
      user.groupIds.includes(id)
        ? { kind: 'value', value: without(user, id) }
        : { kind: 'refused', refusal: 'not_in' as const },
    )
    if (outcome.kind === 'found') return noContent()
    if (outcome.kind === 'refused') return notIn(visit)
    return outcome.kind === 'absent' ? notFound('user', visit.named['user'] ?? '') : unavailable()
  })
}

type UserChange<Refusal> = (
  user: User,
) =>
  | { readonly kind: 'value'; readonly value: User }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

function changeUser<Refusal>({ parts, context, named }: Visit, change: UserChange<Refusal>) {
  return parts.people.users.change<Refusal>(context, named['user'] ?? '', change)
}

function without(user: User, groupId: string): User {
  return { ...user, groupIds: user.groupIds.filter((one) => one !== groupId) }
}

/** Keystone's words. */
function notIn({ named }: Visit): Response {
  return refusal(404, `User '${named['user']}' not found in group '${named['group']}'`)
}

export async function withGroup(
  { parts, context, named }: Visit,
  then: (group: Entry<Group>) => Promise<Response>,
): Promise<Response> {
  const id = named['group'] ?? ''
  const group = await parts.people.groups.find(context, id)
  if (group.kind === 'found') return await then(group)
  return group.kind === 'absent' ? notFound('group', id) : unavailable(group)
}

function changed(group: Group, given: Members): Group {
  return {
    ...group,
    name: textOr(given['name'], group.name),
    description: given['description'] === null ? null : textOr(given['description'], group.description),
    extra: { ...group.extra, ...furtherMembers(given, KNOWN) },
  }
}

function whyWrong({ name }: Members): string | undefined {
  if (name === undefined || isNameText(name, NAME_CHARACTERS_MAX)) return undefined
  return `Invalid input for field 'name': 1 to ${NAME_CHARACTERS_MAX} characters are needed`
}

/** `/v3/users`: listed, shown, made, changed, removed; passwords. */
import type { Response } from '#http/message.ts'
import { conflict, json, noContent, notFound, refusal, unauthenticated, unavailable } from '../answers.ts'
import type { Entry } from '../entries.ts'
import { newId } from '../model/ids.ts'
import { newUser, type User } from '../model/user.ts'
import { furtherMembers, type Members, membersIn, textOr } from '../model/written.ts'
import { provePassword } from '../sign-in.ts'
import { listView, userView } from '../views.ts'
import { callerOf, type Visit } from '../visit.ts'
import { filtered } from './listed.ts'
import { projectsOf } from './scopes.ts'

/** Keystone's schema. */
const NAME_CHARACTERS_MAX = 255
const PASSWORD_CHARACTERS_MAX = 4096
/** Members that are not kept as they are. */
const KNOWN = [
  'id',
  'name',
  'domain_id',
  'enabled',
  'password',
  'original_password',
  'default_project_id',
  'description',
  'email',
  'options',
  'links',
  'password_expires_at',
]

export async function listUsers({ parts, context, query, url }: Visit): Promise<Response> {
  const users = await parts.people.users.list(context)
  if ('kind' in users) return unavailable(users)
  const views = filtered(users, query).map((user) => userView(user, url))
  return json(200, listView('users', views, `${url}/users`))
}

export async function showUser(visit: Visit): Promise<Response> {
  return await withUser(visit, async (user) => json(200, { user: userView(user, visit.url) }))
}

export async function projectsOfUser(visit: Visit): Promise<Response> {
  return await withUser(visit, (user) => projectsOf(visit, user, `/users/${user.id}/projects`))
}

/** There are no groups. */
export async function groupsOfUser(visit: Visit): Promise<Response> {
  return await withUser(visit, async ({ id }) =>
    json(200, listView('groups', [], `${visit.url}/users/${id}/groups`)),
  )
}

export async function createUser({ parts, context, body, url }: Visit): Promise<Response> {
  const given = membersIn(body['user'])
  const wrong = whyWrong(given, 'name_needed')
  if (wrong !== undefined) return refusal(400, wrong)
  const name = textOr(given['name'], '')
  const password = await passwordGiven(parts.passwords, given)
  const user: User = { ...changed(newUser(name), given), ...password }
  const created = await parts.people.users.create(context, newId(parts.random), user)
  if (created.kind === 'found') return json(201, { user: userView(created, url) })
  return created.kind === 'name_taken' ? conflict('user', name) : unavailable(created)
}

export async function updateUser({ parts, context, body, named, url }: Visit): Promise<Response> {
  const given = membersIn(body['user'])
  const wrong = whyWrong(given, 'name_kept')
  if (wrong !== undefined) return refusal(400, wrong)
  const password = await passwordGiven(parts.passwords, given)
  const id = named['user'] ?? ''
  const outcome = await parts.people.users.change(context, id, (user) => {
    const next = { ...changed(user, given), ...password }
    // Whoever had the old password, or was shut out, has no good token any more.
    const isOver = password !== undefined || (user.enabled && !next.enabled)
    return { kind: 'value', value: isOver ? withoutTokens(next) : next }
  })
  if (outcome.kind === 'found') return json(200, { user: userView(outcome, url) })
  if (outcome.kind === 'absent') return notFound('user', id)
  if (outcome.kind === 'name_taken') return conflict('user', textOr(given['name'], ''))
  return unavailable()
}

export async function deleteUser({ parts, context, named }: Visit): Promise<Response> {
  const id = named['user'] ?? ''
  const removed = await parts.people.users.remove(context, id)
  if (removed.kind === 'absent') return notFound('user', id)
  if (removed.kind !== 'removed') return unavailable(removed)
  await parts.credentials.removeAllOf(context, id)
  return noContent()
}

/** Everybody may change their own, with the one they have. */
export async function changePassword(visit: Visit): Promise<Response> {
  const { parts, context, body, url } = visit
  const given = membersIn(body['user'])
  const original = given['original_password']
  const wrong = whyWrong(given, 'name_kept')
  if (wrong !== undefined || typeof original !== 'string' || typeof given['password'] !== 'string') {
    return refusal(400, wrong ?? 'password and original_password are needed')
  }
  return await withUser(visit, async (user) => {
    const { remoteAddress } = visit.request
    const proven = await provePassword(parts, context, { id: user.id }, original, remoteAddress)
    if (proven.kind !== 'proven') return proven.kind === 'refused' ? unauthenticated(url) : unavailable()
    const password = await passwordGiven(parts.passwords, given)
    const outcome = await parts.people.users.change(context, user.id, (there) => ({
      kind: 'value',
      value: withoutTokens({ ...there, ...password }),
    }))
    return outcome.kind === 'found' ? noContent() : unavailable()
  })
}

/** Makes every token of the user void. */
function withoutTokens(user: User): User {
  return { ...user, generation: user.generation + 1, revoked: [] }
}

export async function withUser(
  visit: Visit,
  then: (user: Entry<User>) => Promise<Response>,
): Promise<Response> {
  const id = visit.named['user'] ?? ''
  // Most ask about themselves.
  const { user: own } = callerOf(visit).identified
  const user = own.id === id ? own : await visit.parts.people.users.find(visit.context, id)
  if (user.kind === 'found') return await then(user)
  return user.kind === 'absent' ? notFound('user', id) : unavailable(user)
}

async function passwordGiven(
  passwords: Visit['parts']['passwords'],
  { password }: Members,
): Promise<Pick<User, 'password'> | undefined> {
  if (typeof password !== 'string') return undefined
  return { password: { kind: 'hashed', hash: await passwords.hash(password) } }
}

/** `null` takes away what may be missing. */
function changed(user: User, given: Members): User {
  const text = <Before>(member: string, before: Before): string | undefined | Before =>
    given[member] === undefined ? before : textOr(given[member], undefined)
  return {
    ...user,
    name: textOr(given['name'], user.name),
    enabled: given['enabled'] === undefined ? user.enabled : given['enabled'] === true,
    defaultProjectId: text('default_project_id', user.defaultProjectId),
    description: text('description', user.description),
    email: text('email', user.email),
    extra: { ...user.extra, ...furtherMembers(given, KNOWN) },
  }
}

function whyWrong(
  { name, password, enabled, domain_id: domainId }: Members,
  names: 'name_needed' | 'name_kept',
): string | undefined {
  if (name === undefined ? names === 'name_needed' : !isName(name)) {
    return `Invalid input for field 'name': 1 to ${NAME_CHARACTERS_MAX} characters are needed`
  }
  if (password !== undefined && password !== null && !isPasswordText(password)) {
    return `Invalid input for field 'password': 1 to ${PASSWORD_CHARACTERS_MAX} characters are needed`
  }
  if (enabled !== undefined && typeof enabled !== 'boolean')
    return `Invalid input for field 'enabled': true or false is needed`
  if (domainId !== undefined && domainId !== 'default') return `There is no domain but 'default'`
  return undefined
}

function isName(name: unknown): boolean {
  return typeof name === 'string' && name !== '' && name.length <= NAME_CHARACTERS_MAX && !name.includes('\0')
}

function isPasswordText(password: unknown): boolean {
  return typeof password === 'string' && password !== '' && password.length <= PASSWORD_CHARACTERS_MAX
}

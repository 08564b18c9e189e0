/** `/v3/users`: listed, shown, made, changed, removed; passwords. */
import type { Response } from '#http/message.ts'
import type { RecordFailure } from '#store/records/contract.ts'
import { conflict, json, noContent, notFound, refusal, unauthenticated, unavailable } from '../answers.ts'
import type { Absent, Entry } from '../entries.ts'
import { newId } from '../model/ids.ts'
import { changedOptions, USER_OPTIONS, whyWrongOptions } from '../model/options.ts'
import { newUser, passwordEndsAtMs, type User } from '../model/user.ts'
import { furtherMembers, isNameText, type Members, membersIn, textOr, textOrNone } from '../model/written.ts'
import { provePassword } from '../sign-in.ts'
import { listView, userView } from '../views.ts'
import { callerOf, type Visit } from '../visit.ts'
import { domainFor } from './domains.ts'
import { whyNoDomain, whyNotKept } from './kept-members.ts'
import { filtered } from './listed.ts'
import { isWithin, NO_MOMENT, parseMoment } from './moments.ts'
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

export async function listUsers({ parts, context, query, url, self }: Visit): Promise<Response> {
  const ends = parseMoment(query.get('password_expires_at'))
  if (ends === 'malformed') return refusal(400, NO_MOMENT)
  const users = await parts.people.users.list(context)
  if ('kind' in users) return unavailable(users)
  const wanted = filtered(users, query).filter(({ value }) =>
    isWithin(passwordEndsAtMs(value, parts.passwordLifeMs), ends),
  )
  const views = wanted.map((user) => userView(user, { ...parts, url }))
  return json(200, listView('users', views, self))
}

export async function showUser(visit: Visit): Promise<Response> {
  return await withUser(visit, async (user) => json(200, { user: viewOf(visit, user) }))
}

export async function projectsOfUser(visit: Visit): Promise<Response> {
  return await withUser(visit, (user) => projectsOf(visit, user))
}

export async function createUser(visit: Visit): Promise<Response> {
  const { parts, context, body } = visit
  const given = membersIn(body['user'])
  const wrong = whyWrong(given, 'name_needed') ?? whyNoDomain(given) ?? (await whyNoDefault(visit, given))
  if (wrong !== undefined) return refusal(400, wrong)
  const name = textOr(given['name'], '')
  const where = await domainFor(visit, given)
  if ('status' in where) return where
  const password = await passwordGiven(parts, given)
  const user: User = { ...changed(newUser(name, where.domainId), given), ...password }
  const created = await parts.people.users.create(context, newId(parts.random), user)
  if (created.kind === 'found') return json(201, { user: viewOf(visit, created) })
  if (created.kind !== 'name_taken') return unavailable(created)
  return conflict('user', name, `Duplicate entry found with name ${name} at domain ID ${where.domainId}`)
}

export async function updateUser(visit: Visit): Promise<Response> {
  const { parts, context, body, named } = visit
  const given = membersIn(body['user'])
  const wrong = whyWrong(given, 'name_kept') ?? (await whyNoDefault(visit, given))
  if (wrong !== undefined) return refusal(400, wrong)
  const password = await passwordGiven(parts, given)
  const id = named['user'] ?? ''
  const outcome = await parts.people.users.change<string>(context, id, (user) => {
    const refused = whyNotKept(given, { id, domainId: user.domainId })
    if (refused !== undefined) return { kind: 'refused', refusal: refused }
    const next = { ...changed(user, given), ...password }
    // Whoever had the old password, or was shut out, has no good token any more.
    const isOver = password !== undefined || (user.enabled && !next.enabled)
    return { kind: 'value', value: isOver ? withoutTokens(next) : next }
  })
  if (outcome.kind === 'found') return json(200, { user: viewOf(visit, outcome) })
  if (outcome.kind === 'refused') return refusal(400, outcome.refusal)
  if (outcome.kind === 'absent') return notFound('user', id)
  if (outcome.kind === 'name_taken') return conflict('user', textOr(given['name'], ''))
  return unavailable()
}

export async function deleteUser({ parts, context, named }: Visit): Promise<Response> {
  const id = named['user'] ?? ''
  const removed = await parts.removals.remove(context, 'users', id)
  if (removed.kind === 'removed') return noContent()
  return removed.kind === 'absent' ? notFound('user', id) : unavailable(removed)
}

/** Whoever has the one there is may change it, with a token or without: a password that is too old gets none. */
export async function changePassword(visit: Visit): Promise<Response> {
  const { parts, context, body, named, url, request } = visit
  const given = membersIn(body['user'])
  const original = given['original_password']
  const wrong = whyWrong(given, 'name_kept')
  if (wrong !== undefined || typeof original !== 'string' || typeof given['password'] !== 'string') {
    return refusal(400, wrong ?? 'password and original_password are needed')
  }
  const id = named['user'] ?? ''
  const proven = await provePassword(parts, context, { id }, original, request.remoteAddress)
  if (proven.kind === 'refused') return unauthenticated(url)
  if (proven.kind === 'unavailable') return unavailable()
  if (proven.user.value.options?.['lock_password'] === true) return refusal(400, LOCKED)
  const password = await passwordGiven(parts, given)
  const outcome = await parts.people.users.change(context, id, (there) => ({
    kind: 'value',
    value: withoutTokens({ ...there, ...password }),
  }))
  return outcome.kind === 'found' ? noContent() : unavailable()
}

/** Keystone's words. */
const LOCKED =
  'You cannot change your password at this time due to password policy disallowing password changes. Please contact your administrator to reset your password.'

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
  const user: Entry<User> | Absent | RecordFailure =
    own.id === id ? own : await visit.parts.people.users.find(visit.context, id)
  if (user.kind === 'found') return await then(user)
  return user.kind === 'absent' ? notFound('user', id) : unavailable(user)
}

function viewOf({ parts, url }: Visit, user: Entry<User>): ReturnType<typeof userView> {
  return userView(user, { ...parts, url })
}

async function passwordGiven(
  { passwords, clock }: Visit['parts'],
  { password }: Members,
): Promise<Pick<User, 'password'> | undefined> {
  if (typeof password !== 'string') return undefined
  const hash = await passwords.hash(password)
  return { password: { kind: 'hashed', hash, setAtMs: Math.floor(clock.wallMs()) } }
}

/** `null` takes away what may be missing. */
function changed(user: User, given: Members): User {
  const text = <Before>(member: string, before: Before): string | null | undefined | Before =>
    given[member] === undefined ? before : textOrNone(given[member])
  return {
    ...user,
    name: textOr(given['name'], user.name),
    enabled: given['enabled'] === undefined ? user.enabled : given['enabled'] === true,
    defaultProjectId: text('default_project_id', user.defaultProjectId) ?? undefined,
    description: text('description', user.description),
    email: text('email', user.email),
    ...changedOptions(user.options, given['options']),
    extra: { ...user.extra, ...furtherMembers(given, KNOWN) },
  }
}

function whyWrong(
  { name, password, enabled, options }: Members,
  names: 'name_needed' | 'name_kept',
): string | undefined {
  if (name === undefined ? names === 'name_needed' : !isNameText(name, NAME_CHARACTERS_MAX)) {
    return `Invalid input for field 'name': 1 to ${NAME_CHARACTERS_MAX} characters are needed`
  }
  if (password !== undefined && password !== null && !isPasswordText(password)) {
    return `Invalid input for field 'password': 1 to ${PASSWORD_CHARACTERS_MAX} characters are needed`
  }
  if (enabled !== undefined && typeof enabled !== 'boolean')
    return `Invalid input for field 'enabled': true or false is needed`
  return whyWrongOptions(options, USER_OPTIONS)
}

/** Keystone's words. */
async function whyNoDefault(
  { parts, context }: Visit,
  { default_project_id: id }: Members,
): Promise<string | undefined> {
  if (typeof id !== 'string') return undefined
  const domain = await parts.people.domains.find(context, id)
  return domain.kind === 'found' ? `User's default project ID cannot be a domain ID: ${id}` : undefined
}

function isPasswordText(password: unknown): boolean {
  return typeof password === 'string' && password !== '' && password.length <= PASSWORD_CHARACTERS_MAX
}

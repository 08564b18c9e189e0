/** `/v3/users/:user/application_credentials`: made and removed by their user, for the project the user is signed in to. */
import type { Response } from '#http/message.ts'
import { conflict, forbidden, json, noContent, notFound, refusal, unavailable } from '../answers.ts'
import type { NamedRole } from '../effective-roles.ts'
import type { Entry } from '../entries.ts'
import { RULES_MAX, rulesOf, type WantedRule, withRules } from '../model/access-rules.ts'
import type { ApplicationCredential, User } from '../model/user.ts'
import { itemsIn, type Members, membersIn, textOr } from '../model/written.ts'
import { applicationCredentialView, listView } from '../views.ts'
import { callerOf, type Visit } from '../visit.ts'
import { readRules } from './access-rules.ts'
import { withUser } from './users.ts'

const NAME_CHARACTERS_MAX = 255
/** Most of one user: they are in the user's record. */
const CREDENTIALS_MAX = 200
/** Keystone's own secrets have 86 characters of base64. */
const SECRET_BYTES = 64
const ID_BYTES = 16

export async function listApplicationCredentials(visit: Visit): Promise<Response> {
  if (callerOf(visit).identified.trust !== undefined) return forbidden()
  return await withUser(visit, async (user) => {
    const name = visit.query.get('name')
    const wanted = user.value.applicationCredentials.filter((one) => (name ?? one.name) === one.name)
    const views = await Promise.all(wanted.map((one) => viewOf(visit, user, one)))
    return json(200, listView('application_credentials', views, visit.self))
  })
}

export async function showApplicationCredential(visit: Visit): Promise<Response> {
  if (callerOf(visit).identified.trust !== undefined) return forbidden()
  const id = visit.named['credential'] ?? ''
  return await withUser(visit, async (user) => {
    const found = user.value.applicationCredentials.find((one) => one.id === id)
    if (found === undefined) return notFound(WHAT, id)
    return json(200, { application_credential: await viewOf(visit, user, found) })
  })
}

/** Only for oneself, in the project one is signed in to, with no more roles than one has there. */
export async function createApplicationCredential(visit: Visit): Promise<Response> {
  const { parts, context, named, body } = visit
  const { identified } = callerOf(visit)
  const { user, project, applicationCredential: means, trust } = identified
  if (user.id !== named['user'] || project === undefined || trust !== undefined) return forbidden()
  if (means !== undefined && mayNot(means)) return forbidden()
  const given = membersIn(body['application_credential'])
  const read = readCredential(given, identified.roles, parts.clock.wallMs())
  if (typeof read === 'string') return refusal(400, read)
  const rules = readRules(given['access_rules'], parts.random)
  if (typeof rules === 'string') return refusal(400, rules)
  const secret = textOr(given['secret'], undefined) ?? parts.random.bytes(SECRET_BYTES).toString('base64url')
  const credential: ApplicationCredential = {
    ...read,
    // Whose it is, is the first part.
    id: `${user.id}${parts.random.bytes(ID_BYTES).toString('hex')}`,
    projectId: project.id,
    secretHash: await parts.passwords.hash(secret),
  }
  const outcome = await parts.people.users.change(context, user.id, (there) =>
    withCredential(there, credential, rules),
  )
  if (outcome.kind === 'refused') return refusedCredential(outcome.refusal, read.name)
  if (outcome.kind !== 'found') return unavailable()
  const made = outcome.value.applicationCredentials.find(({ id }) => id === credential.id) ?? credential
  return json(201, { application_credential: await viewOf(visit, outcome, made, secret) })
}

export async function deleteApplicationCredential(visit: Visit): Promise<Response> {
  const { parts, context, named } = visit
  const { applicationCredential: means, trust } = callerOf(visit).identified
  if ((means !== undefined && mayNot(means)) || trust !== undefined) return forbidden()
  const [userId = '', id = ''] = [named['user'], named['credential']]
  const outcome = await parts.people.users.change(context, userId, (user) => {
    const rest = user.applicationCredentials.filter((one) => one.id !== id)
    return rest.length === user.applicationCredentials.length
      ? { kind: 'refused', refusal: 'unknown' as const }
      : { kind: 'value', value: { ...user, applicationCredentials: rest } }
  })
  if (outcome.kind === 'found') return noContent()
  return outcome.kind === 'absent' || outcome.kind === 'refused' ? notFound(WHAT, id) : unavailable()
}

const WHAT = 'Application Credential'

/** One that is bound by rules makes none that is not. */
function mayNot({ unrestricted, accessRuleIds }: ApplicationCredential): boolean {
  return !unrestricted || accessRuleIds !== undefined
}

type CredentialRefusal = 'name' | 'full' | 'unknown_rule' | 'full_of_rules'

function refusedCredential(why: CredentialRefusal, name: string): Response {
  switch (why) {
    case 'name':
      return conflict('application_credential', name)
    case 'full':
      return refusal(403, `A user has ${CREDENTIALS_MAX} application credentials at most`)
    case 'full_of_rules':
      return refusal(403, `A user has ${RULES_MAX} access rules at most`)
    case 'unknown_rule':
      return refusal(400, 'An access rule is asked for that there is not')
  }
}

function withCredential(
  user: User,
  credential: ApplicationCredential,
  wanted: readonly WantedRule[] | undefined,
):
  | { readonly kind: 'value'; readonly value: User }
  | { readonly kind: 'refused'; readonly refusal: CredentialRefusal } {
  const { applicationCredentials: there } = user
  if (there.some(({ name }) => name === credential.name)) return { kind: 'refused', refusal: 'name' }
  if (there.length >= CREDENTIALS_MAX) return { kind: 'refused', refusal: 'full' }
  if (wanted === undefined) {
    return { kind: 'value', value: { ...user, applicationCredentials: [...there, credential] } }
  }
  const rules = withRules(user, wanted)
  if (rules === 'unknown') return { kind: 'refused', refusal: 'unknown_rule' }
  if (rules === 'full') return { kind: 'refused', refusal: 'full_of_rules' }
  const bound = { ...credential, accessRuleIds: rules.ids }
  const value = { ...user, accessRules: rules.accessRules, applicationCredentials: [...there, bound] }
  return { kind: 'value', value }
}

/** What was given, or what is wrong with it. Without roles it is all that the user has. */
function readCredential(
  given: Members,
  own: readonly NamedRole[],
  nowMs: number,
): Omit<ApplicationCredential, 'id' | 'projectId' | 'secretHash'> | string {
  const { name, description, expires_at: expires, unrestricted } = given
  if (typeof name !== 'string' || name === '' || name.length > NAME_CHARACTERS_MAX) {
    return `Invalid input for field 'name': 1 to ${NAME_CHARACTERS_MAX} characters are needed`
  }
  const wrong = whyWrongMembers(given)
  if (wrong !== undefined) return wrong
  const asked = itemsIn(given['roles'])
  const roles = asked.map(({ id, name: called }) =>
    own.find((role) => role.id === id || role.name === called),
  )
  if (roles.some((role) => role === undefined)) return 'A role is asked for that you do not have'
  const expiresAtMs = typeof expires === 'string' ? parseInstant(expires) : undefined
  if (Number.isNaN(expiresAtMs)) return `Invalid input for field 'expires_at'`
  if ((expiresAtMs ?? Infinity) <= nowMs) return `The 'expires_at' must not be before now.`
  return {
    name,
    description: textOr(description, ''),
    roleIds: (asked.length === 0 ? own : roles).flatMap((role) => role?.id ?? []),
    expiresAtMs,
    unrestricted: unrestricted === true,
  }
}

/** What can be nothing but one thing. */
function whyWrongMembers({ secret, unrestricted }: Members): string | undefined {
  if (secret !== undefined && secret !== null && typeof secret !== 'string') {
    return `Invalid input for field 'secret': a text is needed`
  }
  if (unrestricted !== undefined && typeof unrestricted !== 'boolean') {
    return `Invalid input for field 'unrestricted': true or false is needed`
  }
  return undefined
}

/** Without a zone it is UTC. */
function parseInstant(written: string): number {
  return Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/.test(written) ? written : `${written}Z`)
}

async function viewOf(
  { parts, context, url }: Visit,
  { id: userId, value: user }: Entry<User>,
  credential: ApplicationCredential,
  secret?: string,
): Promise<ReturnType<typeof applicationCredentialView>> {
  const roles: NamedRole[] = []
  for (const id of credential.roleIds) {
    const role = await parts.people.roles.find(context, id)
    if (role.kind === 'found') roles.push({ id, name: role.value.name })
  }
  return applicationCredentialView(credential, roles, {
    userId,
    url,
    rules: rulesOf(user, credential) ?? [],
    ...(secret === undefined ? {} : { secret }),
  })
}

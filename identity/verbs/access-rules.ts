/** `/v3/users/:user/access_rules`, and what an application credential that is to be made says of them. */
import { RULE_METHODS, RULE_PATH_CHARACTERS_MAX } from '#auth/access-rules.ts'
import type { Random } from '#base/environment.ts'
import type { Response } from '#http/message.ts'
import { forbidden, json, noContent, notFound, refusal, unavailable } from '../answers.ts'
import type { OwnedRule, WantedRule } from '../model/access-rules.ts'
import { newId } from '../model/ids.ts'
import { isNameText, isObject, type Members } from '../model/written.ts'
import { accessRuleView, listView } from '../views.ts'
import { callerOf, type Visit } from '../visit.ts'
import { withUser } from './users.ts'

const WHAT = 'Access Rule'
const SERVICE_CHARACTERS_MAX = 64
const FILTERS = ['service', 'method', 'path'] as const

export async function listAccessRules(visit: Visit): Promise<Response> {
  if (callerOf(visit).identified.trust !== undefined) return forbidden()
  return await withUser(visit, async ({ value: { accessRules = [] } }) => {
    const wanted = accessRules.filter((rule) =>
      FILTERS.every((name) => (visit.query.get(name) ?? rule[name]) === rule[name]),
    )
    const views = wanted.map((rule) => linkedView(visit, rule))
    return json(200, listView('access_rules', views, visit.self))
  })
}

export async function showAccessRule(visit: Visit): Promise<Response> {
  if (callerOf(visit).identified.trust !== undefined) return forbidden()
  const id = visit.named['rule'] ?? ''
  return await withUser(visit, async ({ value: { accessRules = [] } }) => {
    const found = accessRules.find((rule) => rule.id === id)
    return found === undefined ? notFound(WHAT, id) : json(200, { access_rule: linkedView(visit, found) })
  })
}

/** Not while an application credential has it: that would be left with less, or with everything. */
export async function deleteAccessRule(visit: Visit): Promise<Response> {
  const { parts, context, named } = visit
  if (callerOf(visit).identified.trust !== undefined) return forbidden()
  const [userId = '', id = ''] = [named['user'], named['rule']]
  const outcome = await parts.people.users.change(context, userId, (user) => {
    const { accessRules = [], applicationCredentials } = user
    const rest = accessRules.filter((rule) => rule.id !== id)
    if (rest.length === accessRules.length) return { kind: 'refused', refusal: 'unknown' as const }
    const isUsed = applicationCredentials.some(({ accessRuleIds = [] }) => accessRuleIds.includes(id))
    if (isUsed) return { kind: 'refused', refusal: 'used' as const }
    return { kind: 'value', value: { ...user, accessRules: rest } }
  })
  if (outcome.kind === 'found') return noContent()
  if (outcome.kind === 'refused' && outcome.refusal === 'used') return refusal(403, IN_USE)
  return outcome.kind === 'absent' || outcome.kind === 'refused' ? notFound(WHAT, id) : unavailable()
}

/** Keystone's words. */
const IN_USE = 'May not delete access rule in use'

/** The rules of a credential to be made; `undefined`: it has none, and every request is let in. Or what is wrong. */
export function readRules(written: unknown, random: Random): readonly WantedRule[] | undefined | string {
  if (written === undefined || written === null) return undefined
  if (!Array.isArray(written)) return `Invalid input for field 'access_rules': a list is needed`
  if (written.length === 0) return undefined
  const rules: WantedRule[] = []
  for (const given of written) {
    const rule = isObject(given) ? readRule(given, random) : undefined
    if (rule === undefined) return WRONG_RULE
    rules.push(rule)
  }
  return rules
}

const WRONG_RULE = `Invalid input for field 'access_rules': each is an object with the id of a rule that there is, or with service, method (${RULE_METHODS.join(', ')}) and path, which begins with a slash and has ${RULE_PATH_CHARACTERS_MAX} characters at most`

function readRule(given: Members, random: Random): WantedRule | undefined {
  const { id, service, method, path, ...others } = given
  if (Object.keys(others).length > 0) return undefined
  if (id !== undefined) {
    const isAlone = service === undefined && method === undefined && path === undefined
    return typeof id === 'string' && isAlone ? { kind: 'known', id } : undefined
  }
  if (!isNameText(service, SERVICE_CHARACTERS_MAX) || typeof method !== 'string' || typeof path !== 'string')
    return undefined
  const isPath = path.startsWith('/') && path.length <= RULE_PATH_CHARACTERS_MAX && !path.includes('\0')
  if (!isPath || !RULE_METHODS.includes(method)) return undefined
  return { kind: 'told', rule: { id: newId(random), service, method, path } }
}

function linkedView({ url, named }: Visit, rule: OwnedRule): Readonly<Record<string, unknown>> {
  return { ...accessRuleView(rule), links: { self: `${url}/users/${named['user']}/access_rules/${rule.id}` } }
}

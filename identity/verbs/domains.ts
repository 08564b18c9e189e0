/** `/v3/domains`: listed, shown, made, changed, removed. The default one is always there, as it is. */
import type { Response } from '#http/message.ts'
import { conflict, forbidden, json, noContent, notFound, refusal, unavailable } from '../answers.ts'
import type { Entry } from '../entries.ts'
import { hasRole } from '../identified.ts'
import { type Domain, newDomain } from '../model/domain.ts'
import { DEFAULT_DOMAIN_ID, newId } from '../model/ids.ts'
import {
  changedOptions,
  endsImmutability,
  isImmutable,
  RESOURCE_OPTIONS,
  whyWrongOptions,
} from '../model/options.ts'
import { whyWrongTags } from '../model/project.ts'
import { furtherMembers, isNameText, type Members, membersIn, textOr, textsIn } from '../model/written.ts'
import { domainView, listView } from '../views.ts'
import { callerOf, type Visit } from '../visit.ts'
import { immutable } from './immutable.ts'
import { filtered } from './listed.ts'

/** Keystone's schema. */
const NAME_CHARACTERS_MAX = 64
/** An id that the client may choose: 32 hex digits, with or without hyphens. */
const ID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i
const KNOWN = [
  'id',
  'name',
  'enabled',
  'description',
  'tags',
  'options',
  'links',
  'explicit_domain_id',
  'domain_id',
  'parent_id',
  'is_domain',
]

export async function listDomains({ parts, context, query, url, self }: Visit): Promise<Response> {
  const domains = await parts.people.domains.list(context)
  if ('kind' in domains) return unavailable(domains)
  const views = filtered(domains, query).map((domain) => domainView(domain, url))
  return json(200, listView('domains', views, self))
}

/** Administrators any, everybody their own and the one they are signed in to. */
export async function showDomain(visit: Visit): Promise<Response> {
  return await withDomain(visit, async (domain) => {
    const { identified } = callerOf(visit)
    const { userDomain, scopeDomain } = identified
    const mayShow =
      hasRole(identified, 'admin') || userDomain.id === domain.id || scopeDomain?.id === domain.id
    return mayShow ? json(200, { domain: domainView(domain, visit.url) }) : forbidden()
  })
}

export async function createDomain(visit: Visit): Promise<Response> {
  const given = membersIn(visit.body['domain'])
  return await makeDomain(visit, given, (domain) => ({ domain: domainView(domain, visit.url) }))
}

export async function makeDomain(
  { parts, context }: Visit,
  given: Members,
  shown: (domain: Entry<Domain>) => object,
): Promise<Response> {
  const { name, explicit_domain_id: explicit } = given
  if (name === undefined) return refusal(400, `'name' is a required property`)
  const wrong = whyWrong(given)
  if (wrong !== undefined) return refusal(400, wrong)
  if (explicit !== undefined && !(typeof explicit === 'string' && ID.test(explicit))) {
    return refusal(400, 'Domain ID does not conform to required UUID format.')
  }
  const id = textOr(explicit, newId(parts.random))
  if (explicit !== undefined && (await isTaken({ parts, context }, id))) return conflict('domain', id)
  const domain = changed(newDomain(''), given)
  const created = await parts.people.domains.create(context, id, domain)
  if (created.kind === 'found') return json(201, shown(created))
  return created.kind === 'name_taken' ? taken(domain.name) : unavailable(created)
}

async function isTaken({ parts, context }: Pick<Visit, 'parts' | 'context'>, id: string): Promise<boolean> {
  return (await parts.people.domains.find(context, id, 'newest')).kind === 'found'
}

/** Keystone's words: a domain is a project there, too. */
function taken(name: string): Response {
  const details = `it is not permitted to have two projects acting as domains with the same name: ${name}`
  return conflict('project', name, details)
}

/** Who may sign in at the default domain is never in question. */
export async function updateDomain(visit: Visit): Promise<Response> {
  const { named, body, url } = visit
  const given = membersIn(body['domain'])
  return await changeDomain(visit, named['domain'] ?? '', given, (domain) => ({
    domain: domainView(domain, url),
  }))
}

export async function changeDomain(
  { parts, context }: Visit,
  id: string,
  given: Members,
  shown: (domain: Entry<Domain>) => object,
): Promise<Response> {
  const wrong = whyWrong(given) ?? (Object.keys(given).length === 0 ? 'Nothing is to be changed' : undefined)
  if (wrong !== undefined) return refusal(400, wrong)
  if (id === DEFAULT_DOMAIN_ID && (given['name'] !== undefined || given['enabled'] === false)) {
    return forbidden()
  }
  const outcome = await parts.people.domains.change<'immutable'>(context, id, (domain) =>
    isImmutable(domain) && !endsImmutability(given)
      ? { kind: 'refused', refusal: 'immutable' }
      : { kind: 'value', value: changed(domain, given) },
  )
  if (outcome.kind === 'found') return json(200, shown(outcome))
  if (outcome.kind === 'refused') return immutable('update', 'domain', id)
  if (outcome.kind === 'absent') return notFound('domain', id)
  return outcome.kind === 'name_taken' ? taken(textOr(given['name'], '')) : unavailable()
}

/** With all that is in it; it must have been shut before. */
export async function deleteDomain(visit: Visit): Promise<Response> {
  return await removeDomain(visit, visit.named['domain'] ?? '')
}

export async function removeDomain({ parts, context }: Visit, id: string): Promise<Response> {
  const domain = await parts.people.domains.find(context, id, 'newest')
  if (domain.kind === 'absent') return notFound('domain', id)
  if (domain.kind !== 'found') return unavailable(domain)
  if (isImmutable(domain.value)) return immutable('delete', 'domain', id)
  if (id === DEFAULT_DOMAIN_ID || domain.value.enabled) {
    return refusal(403, 'Cannot delete a domain that is enabled, please disable it first.')
  }
  const removed = await parts.removals.remove(context, 'domains', id)
  if (removed.kind === 'removed') return noContent()
  return removed.kind === 'absent' ? notFound('domain', id) : unavailable(removed)
}

async function withDomain(
  { parts, context, named }: Visit,
  then: (domain: Entry<Domain>) => Promise<Response>,
): Promise<Response> {
  const id = named['domain'] ?? ''
  const domain = await parts.people.domains.find(context, id)
  if (domain.kind === 'found') return await then(domain)
  return domain.kind === 'absent' ? notFound('domain', id) : unavailable(domain)
}

/** The domain in which something is made: the one that is named, else the one that is signed in to, else the default. */
export async function domainFor(
  visit: Visit,
  { domain_id: named }: Members,
): Promise<{ readonly domainId: string } | Response> {
  const { scope, scopeDomain } = callerOf(visit).identified
  const id = textOr(named, scope.kind === 'domain' ? scopeDomain?.id : undefined) ?? DEFAULT_DOMAIN_ID
  if (id === DEFAULT_DOMAIN_ID) return { domainId: id }
  const domain = await visit.parts.people.domains.find(visit.context, id, 'newest')
  if (domain.kind === 'found') return { domainId: id }
  return domain.kind === 'absent' ? notFound('domain', id) : unavailable(domain)
}

function changed(domain: Domain, given: Members): Domain {
  return {
    ...domain,
    name: textOr(given['name'], domain.name),
    description: given['description'] === null ? null : textOr(given['description'], domain.description),
    enabled: given['enabled'] === undefined ? domain.enabled : given['enabled'] === true,
    tags: given['tags'] === undefined ? domain.tags : textsIn(given['tags']),
    ...changedOptions(domain.options, given['options']),
    extra: { ...domain.extra, ...furtherMembers(given, KNOWN) },
  }
}

function whyWrong({ name, enabled, tags, options }: Members): string | undefined {
  if (name !== undefined && !isNameText(name, NAME_CHARACTERS_MAX)) {
    return `Invalid input for field 'name': 1 to ${NAME_CHARACTERS_MAX} characters are needed`
  }
  if (enabled !== undefined && typeof enabled !== 'boolean') {
    return `Invalid input for field 'enabled': true or false is needed`
  }
  return whyWrongTags(tags) ?? whyWrongOptions(options, RESOURCE_OPTIONS)
}

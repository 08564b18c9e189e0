/**
 * `/v3/OS-TRUST/trusts`: made by their trustor, shown to both and to administrators, taken away by the trustor and
 * administrators. Whoever acts by a trust that allows it may make a further one, with no more than it gives.
 */
import type { Response } from '#http/message.ts'
import { rolesHeld } from '../acting-by-trust.ts'
import { conflict, forbidden, json, noContent, notFound, refusal, unavailable } from '../answers.ts'
import { hasRole } from '../identified.ts'
import { newId } from '../model/ids.ts'
import { isUsable, REDELEGATIONS_MAX, type Trust } from '../model/trust.ts'
import { membersIn } from '../model/written.ts'
import type { FoundTrust } from '../trusts.ts'
import { instant, listView, roleView } from '../views.ts'
import { callerOf, type Visit } from '../visit.ts'
import { type RoleReference, readTrust, type TrustRequest, whyNotWithin } from './trust-request.ts'

type View = Readonly<Record<string, unknown>>

/** Others' for administrators, one's own for everybody. */
export async function listTrusts(visit: Visit): Promise<Response> {
  const { parts, context, query, url } = visit
  if (isLimited(visit)) return forbidden()
  const { identified } = callerOf(visit)
  const [trustor, trustee] = [query.get('trustor_user_id'), query.get('trustee_user_id')]
  if (!hasRole(identified, 'admin') && (trustor ?? trustee) !== identified.user.id) return forbidden()
  const all = await parts.people.trusts.list(context)
  if ('kind' in all) return unavailable(all)
  const wanted = all.filter(({ value }) =>
    trustor === null ? value.trusteeId === (trustee ?? value.trusteeId) : value.trustorId === trustor,
  )
  const views = wanted.map((trust) => trustView(trust, url))
  return json(200, listView('trusts', views, visit.self))
}

export async function showTrust(visit: Visit): Promise<Response> {
  return await withTrust(visit, async (trust) => {
    const roles = await rolesOf(visit, trust.value)
    return json(200, { trust: wholeView(trust, roles, visit.url) })
  })
}

export async function deleteTrust(visit: Visit): Promise<Response> {
  return await withTrust(visit, async ({ id, value }) => {
    const { identified } = callerOf(visit)
    const mayRemove = hasRole(identified, 'admin') || identified.user.id === value.trustorId
    if (!mayRemove) return forbidden()
    const removed = await visit.parts.people.trusts.remove(visit.context, id)
    if (removed.kind === 'removed') return noContent()
    return removed.kind === 'absent' ? notFound('trust', id) : unavailable(removed)
  })
}

export async function listRolesOfTrust(visit: Visit): Promise<Response> {
  return await withTrust(visit, async (trust) => {
    const roles = await rolesOf(visit, trust.value)
    return json(200, { roles, links: rolesLinks(trust.id, visit.url) })
  })
}

export async function showRoleOfTrust(visit: Visit): Promise<Response> {
  const id = visit.named['role'] ?? ''
  return await withTrust(visit, async (trust) => {
    const role = (await rolesOf(visit, trust.value)).find((one) => one['id'] === id)
    return role === undefined ? notFound('role', id) : json(200, { role })
  })
}

// ---- making one --------------------------------------------------------------------------------------------------

/** Users who go at the same moment are looked for once more when it is written; the sweep does the rest. */
export async function createTrust(visit: Visit): Promise<Response> {
  const { parts, context, body, url } = visit
  const given = membersIn(body['trust'])
  const { identified } = callerOf(visit)
  if (given['trustor_user_id'] !== identified.user.id) return forbidden()
  const read = readTrust(given, parts.clock.wallMs())
  if ('why' in read) return refusal(read.status, read.why)
  if (isLimited(visit)) return forbidden()
  if (read.projectId !== undefined && read.roles.length === 0) {
    return refusal(
      403,
      'You are not authorized to perform the requested action: At least one role should be specified.',
    )
  }
  const trustee = await parts.people.users.find(context, read.trusteeId)
  if (trustee.kind === 'absent') return notFound('user', read.trusteeId)
  if (trustee.kind !== 'found') return unavailable(trustee)
  const line = await lineOfCaller(visit)
  if (isAnswer(line)) return line
  const roleIds = await rolesGranted(visit, read, identified.user.id)
  if (isAnswer(roleIds)) return roleIds
  if (new Set(roleIds).size < roleIds.length)
    return conflict('trust', '', 'Duplicate entry found among its roles')
  const wrong = line.map((one) => whyNotWithin(read, roleIds, one)).find((why) => why !== undefined)
  if (wrong !== undefined) return refusal(403, wrong)
  const made = await parts.people.trusts.create(context, newId(parts.random), trustOf(read, roleIds, line[0]))
  if (made.kind !== 'found') return unavailable(made)
  const gone = await goneMeanwhile(visit, made)
  return gone ?? json(201, { trust: wholeView(made, await rolesOf(visit, made.value), url) })
}

function trustOf(read: TrustRequest, roleIds: readonly string[], parent: FoundTrust | undefined): Trust {
  const { redelegations, roles: _, ...rest } = read
  const most = parent === undefined ? REDELEGATIONS_MAX : parent.value.redelegationsLeft - 1
  return {
    ...rest,
    roleIds,
    expiresAtMs: read.expiresAtMs ?? parent?.value.expiresAtMs,
    redelegatedFrom: parent?.id,
    redelegationsLeft: redelegations ?? most,
  }
}

/** The trust that the caller acts by, and those it was made by; none when the caller acts by none. */
async function lineOfCaller({ parts, context, caller }: Visit): Promise<readonly FoundTrust[] | Response> {
  const trust = caller?.identified.trust
  if (trust === undefined) return []
  const line = await parts.people.trusts.line(context, trust.id, parts.clock.wallMs())
  if (!('kind' in line)) return line
  return line.kind === 'absent' ? notFound('trust', trust.id) : unavailable(line)
}

/** Ids of the roles that are asked for: whoever gives them must have them. */
async function rolesGranted(
  { parts, context }: Visit,
  { roles, projectId }: TrustRequest,
  giverId: string,
): Promise<readonly string[] | Response> {
  const { people } = parts
  const ids: string[] = []
  for (const role of roles) {
    const id = await roleId({ parts, context }, role)
    if (typeof id !== 'string') return id
    ids.push(id)
  }
  if (projectId === undefined) return ids.length === 0 ? ids : notFound('role', ids[0] ?? '')
  const project = await people.projects.find(context, projectId)
  if (project.kind !== 'found') {
    return project.kind === 'absent' ? notFound('project', projectId) : unavailable(project)
  }
  const giver = await people.users.find(context, giverId)
  if (giver.kind !== 'found') return giver.kind === 'absent' ? notFound('user', giverId) : unavailable(giver)
  const held = await rolesHeld(context, people, giver.value, projectId)
  if ('kind' in held) return unavailable(held)
  const missing = ids.find((id) => !held.has(id))
  return missing === undefined ? ids : notFound('role', missing)
}

async function roleId(
  { parts, context }: Pick<Visit, 'parts' | 'context'>,
  { id, name }: RoleReference,
): Promise<string | Response> {
  if (id !== undefined) return id
  const found = await parts.people.roles.findByName(context, { name: name ?? '' })
  if (found.kind === 'found') return found.id
  return found.kind === 'absent' ? notFound('role', name ?? '') : unavailable(found)
}

function isAnswer(outcome: Response | readonly unknown[]): outcome is Response {
  return 'status' in outcome
}

async function goneMeanwhile(
  { parts, context }: Visit,
  { id, value }: FoundTrust,
): Promise<Response | undefined> {
  const { users, trusts } = parts.people
  for (const userId of [value.trustorId, value.trusteeId]) {
    const user = await users.find(context, userId, 'newest')
    if (user.kind !== 'absent') continue
    await trusts.remove(context, id)
    return notFound('user', userId)
  }
  return undefined
}

// ------------------------------------------------------------------------------------------------------------------

/** Whoever signed in with an application credential or a key pair has nothing to do with trusts. */
function isLimited(visit: Visit): boolean {
  const { identified, claims } = callerOf(visit)
  return identified.applicationCredential !== undefined || claims.methods.includes('ec2credential')
}

/** One that is good, for whom it is about. */
async function withTrust(visit: Visit, then: (trust: FoundTrust) => Promise<Response>): Promise<Response> {
  const { parts, context, named } = visit
  const id = named['trust'] ?? ''
  const line = await parts.people.trusts.line(context, id, parts.clock.wallMs())
  const [trust] = 'kind' in line ? [] : line
  if ('kind' in line && line.kind !== 'absent') return unavailable(line)
  if (trust === undefined || !isUsable(trust.value, parts.clock.wallMs())) return notFound('trust', id)
  const { identified } = callerOf(visit)
  const isConcerned = [trust.value.trustorId, trust.value.trusteeId].includes(identified.user.id)
  const maySee = (isConcerned || hasRole(identified, 'admin')) && !isLimited(visit)
  return maySee ? await then(trust) : forbidden()
}

async function rolesOf({ parts, context, url }: Visit, { roleIds }: Trust): Promise<readonly View[]> {
  const views: View[] = []
  for (const id of roleIds) {
    const role = await parts.people.roles.find(context, id)
    if (role.kind === 'found') views.push(roleView(role, url))
  }
  return views
}

function wholeView(trust: FoundTrust, roles: readonly View[], url: string): View {
  return { ...trustView(trust, url), roles, roles_links: rolesLinks(trust.id, url) }
}

function trustView({ id, value }: FoundTrust, url: string): View {
  const { expiresAtMs } = value
  return {
    ...value.extra,
    id,
    trustor_user_id: value.trustorId,
    trustee_user_id: value.trusteeId,
    impersonation: value.impersonation,
    project_id: value.projectId ?? null,
    expires_at: expiresAtMs === undefined ? null : instant(expiresAtMs),
    remaining_uses: value.usesLeft ?? null,
    deleted_at: null,
    redelegated_trust_id: value.redelegatedFrom ?? null,
    redelegation_count: value.redelegationsLeft,
    links: { self: `${url}/OS-TRUST/trusts/${id}` },
  }
}

function rolesLinks(id: string, url: string): View {
  return { self: `${url}/OS-TRUST/trusts/${id}/roles`, next: null, previous: null }
}

/** `/v3/registered_limits` and `/v3/limits`: kept and told for the services that ask; the model is flat. */
import type { Response } from '#http/message.ts'
import { conflict, forbidden, json, noContent, refusal, unavailable } from '../answers.ts'
import { wholeCatalogue } from '../catalogue.ts'
import { hasRole, isService } from '../identified.ts'
import { isSameResource, LIMITS_MAX, type Limit, type Limits, type RegisteredLimit } from '../limits.ts'
import { newId } from '../model/ids.ts'
import { isNameText, itemsIn, type Members, membersIn, textOr } from '../model/written.ts'
import { listView } from '../views.ts'
import { callerOf, type Visit } from '../visit.ts'

/** Keystone's schema. */
const NAME_CHARACTERS_MAX = 255
const LIMIT_MAX = 0x7fffffff

type View = Readonly<Record<string, unknown>>

/** Limits of a project do not reach into others. */
export async function showModel(): Promise<Response> {
  const description = 'Limit enforcement and validation does not take project hierarchy into consideration.'
  return json(200, { model: { name: 'flat', description } })
}

// ---- defaults ----------------------------------------------------------------------------------------------------

export async function listRegistered(visit: Visit): Promise<Response> {
  return await withLimits(visit, ({ registered }) => {
    const views = registered.map((one) => registeredView(one, visit.url))
    const wanted = asked(views, visit.query, ['service_id', 'region_id', 'resource_name'])
    return json(200, listView('registered_limits', wanted, visit.self))
  })
}

export async function showRegistered(visit: Visit): Promise<Response> {
  const id = visit.named['limit'] ?? ''
  return await withLimits(visit, ({ registered }) => {
    const found = registered.find((one) => one.id === id)
    return found === undefined
      ? missing('registered limit', id)
      : json(200, { registered_limit: registeredView(found, visit.url) })
  })
}

export async function createRegistered(visit: Visit): Promise<Response> {
  const given = itemsIn(visit.body['registered_limits'])
  const made = given.map((one) =>
    changedRegistered({ id: newId(visit.parts.random), ...NO_RESOURCE, defaultLimit: Number.NaN }, one),
  )
  const wrong =
    made.length === 0 ? 'registered_limits are needed' : made.map(whyWrongRegistered).find(Boolean)
  if (wrong !== undefined) return refusal(400, wrong)
  const unknown = await whatIsUnknown(visit, made)
  if (unknown !== undefined) return unknown
  return await change(
    visit,
    ({ registered, limits }) => {
      const taken = made.find((one, at) =>
        [...registered, ...made.slice(0, at)].some((other) => isSameResource(one, other)),
      )
      if (taken !== undefined)
        return { refusal: conflict('registered_limit', taken.resourceName, 'Duplicate entry') }
      return { next: { registered: [...registered, ...made], limits } }
    },
    () => json(201, { registered_limits: made.map((one) => registeredView(one, visit.url)) }),
  )
}

export async function updateRegistered(visit: Visit): Promise<Response> {
  const id = visit.named['limit'] ?? ''
  let changed: RegisteredLimit | undefined
  return await change(
    visit,
    ({ registered, limits }) => {
      const before = registered.find((one) => one.id === id)
      if (before === undefined) return { refusal: missing('registered limit', id) }
      const next = changedRegistered(before, membersIn(visit.body['registered_limit']))
      const wrong = whyWrongRegistered(next)
      if (wrong !== undefined) return { refusal: refusal(400, wrong) }
      if (!isSameResource(before, next) && limits.some((one) => isSameResource(one, before))) {
        return { refusal: stillUsed(id) }
      }
      changed = next
      return { next: { registered: registered.map((one) => (one.id === id ? next : one)), limits } }
    },
    () => json(200, { registered_limit: changed && registeredView(changed, visit.url) }),
  )
}

export async function deleteRegistered(visit: Visit): Promise<Response> {
  const id = visit.named['limit'] ?? ''
  return await change(
    visit,
    ({ registered, limits }) => {
      const found = registered.find((one) => one.id === id)
      if (found === undefined) return { refusal: missing('registered limit', id) }
      if (limits.some((one) => isSameResource(one, found))) return { refusal: stillUsed(id) }
      return { next: { registered: registered.filter((one) => one.id !== id), limits } }
    },
    noContent,
  )
}

// ---- of projects and domains -------------------------------------------------------------------------------------

/** Services and administrators see all, others those of their project or domain. */
export async function listLimits(visit: Visit): Promise<Response> {
  return await withLimits(visit, ({ limits }) => {
    const views = limits.filter((one) => maySee(visit, one)).map((one) => limitView(one, visit.url))
    const members = ['service_id', 'region_id', 'resource_name', 'project_id', 'domain_id']
    return json(200, listView('limits', asked(views, visit.query, members), visit.self))
  })
}

export async function showLimit(visit: Visit): Promise<Response> {
  const id = visit.named['limit'] ?? ''
  return await withLimits(visit, ({ limits }) => {
    const found = limits.find((one) => one.id === id)
    if (found === undefined) return missing('limit', id)
    return maySee(visit, found) ? json(200, { limit: limitView(found, visit.url) }) : forbidden()
  })
}

export async function createLimits(visit: Visit): Promise<Response> {
  const given = itemsIn(visit.body['limits'])
  const made = given.map((one) => ({
    id: newId(visit.parts.random),
    ...resourceGiven(NO_RESOURCE, one),
    projectId: textOr(one['project_id'], undefined),
    domainId: textOr(one['domain_id'], undefined),
    resourceLimit: numberOr(one['resource_limit'], Number.NaN),
  }))
  const wrong = made.length === 0 ? 'limits are needed' : made.map(whyWrongLimit).find(Boolean)
  if (wrong !== undefined) return refusal(400, wrong)
  const nobodys = await whoIsUnknown(visit, made)
  if (nobodys !== undefined) return nobodys
  return await change(
    visit,
    ({ registered, limits }) => {
      const unknown = made.find((one) => !registered.some((other) => isSameResource(one, other)))
      if (unknown !== undefined) return { refusal: refusal(403, NO_DEFAULT) }
      const taken = made.find((one, at) =>
        [...limits, ...made.slice(0, at)].some((other) => isSame(one, other)),
      )
      if (taken !== undefined) return { refusal: conflict('limit', taken.resourceName, 'Duplicate entry') }
      return { next: { registered, limits: [...limits, ...made] } }
    },
    () => json(201, { limits: made.map((one) => limitView(one, visit.url)) }),
  )
}

export async function updateLimit(visit: Visit): Promise<Response> {
  const id = visit.named['limit'] ?? ''
  const given = membersIn(visit.body['limit'])
  let changed: Limit | undefined
  return await change(
    visit,
    ({ registered, limits }) => {
      const before = limits.find((one) => one.id === id)
      if (before === undefined) return { refusal: missing('limit', id) }
      const next = {
        ...before,
        resourceLimit: numberOr(given['resource_limit'], before.resourceLimit),
        description: textOr(given['description'], before.description),
      }
      const wrong = whyWrongLimit(next)
      if (wrong !== undefined) return { refusal: refusal(400, wrong) }
      changed = next
      return { next: { registered, limits: limits.map((one) => (one.id === id ? next : one)) } }
    },
    () => json(200, { limit: changed && limitView(changed, visit.url) }),
  )
}

export async function deleteLimit(visit: Visit): Promise<Response> {
  const id = visit.named['limit'] ?? ''
  return await change(
    visit,
    ({ registered, limits }) =>
      limits.some((one) => one.id === id)
        ? { next: { registered, limits: limits.filter((one) => one.id !== id) } }
        : { refusal: missing('limit', id) },
    noContent,
  )
}

// ------------------------------------------------------------------------------------------------------------------

const NO_RESOURCE = { serviceId: '', regionId: undefined, resourceName: '', description: undefined }

/** Keystone's words, for what a limit is about and is not there. */
function expecting(what: string, where: string): Response {
  return refusal(
    400,
    `Expecting to find ${what} in ${where}. The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error.`,
  )
}

async function whatIsUnknown(
  visit: Visit,
  made: readonly Pick<RegisteredLimit, 'serviceId' | 'regionId'>[],
): Promise<Response | undefined> {
  const { parts, context, hostUrl } = visit
  const further = await parts.furtherCatalogue.read(context)
  if (further.kind !== 'found') return unavailable(further)
  const { services, regions } = wholeCatalogue({ ...parts, hostUrl }, further.value)
  const isThere = (things: readonly { readonly id: string }[], id: string | undefined): boolean =>
    id === undefined || things.some((thing) => thing.id === id)
  if (!made.every(({ serviceId }) => isThere(services, serviceId))) {
    return expecting('service_id', 'registered_limit')
  }
  return made.every(({ regionId }) => isThere(regions, regionId))
    ? undefined
    : expecting('region_id', 'registered_limit')
}

async function whoIsUnknown(
  { parts, context }: Visit,
  made: readonly Limit[],
): Promise<Response | undefined> {
  const { projects, domains } = parts.people
  for (const { projectId, domainId } of made) {
    const project = projectId === undefined ? undefined : await projects.find(context, projectId)
    if (project?.kind === 'absent') return expecting('project_id', 'limit')
    const domain = domainId === undefined ? undefined : await domains.find(context, domainId)
    if (domain?.kind === 'absent') return expecting('domain_id', 'limit')
  }
  return undefined
}

/** Keystone's words. */
const NO_DEFAULT = 'Unable to create a limit that has no corresponding registered limit.'

function missing(what: string, id: string): Response {
  return refusal(404, `Could not find ${what} for ${id}.`)
}

function stillUsed(id: string): Response {
  return refusal(
    403,
    `Unable to update or delete registered limit ${id} because there are project limits associated with it.`,
  )
}

async function withLimits({ parts, context }: Visit, then: (limits: Limits) => Response): Promise<Response> {
  const read = await parts.limits.read(context)
  return read.kind === 'found' ? then(read.value) : unavailable(read)
}

async function change(
  { parts, context }: Visit,
  to: (there: Limits) => { readonly next: Limits } | { readonly refusal: Response },
  then: () => Response,
): Promise<Response> {
  const outcome = await parts.limits.change(context, (there) => {
    const wanted = to(there)
    const isTooLong =
      'next' in wanted && Math.max(wanted.next.registered.length, wanted.next.limits.length) > LIMITS_MAX
    return isTooLong ? { refusal: refusal(403, `There are ${LIMITS_MAX} limits at most`) } : wanted
  })
  if (outcome.kind === 'changed') return then()
  return outcome.kind === 'refused' ? outcome.refusal : unavailable(outcome)
}

function maySee(visit: Visit, { projectId, domainId }: Limit): boolean {
  const { identified } = callerOf(visit)
  if (hasRole(identified, 'admin') || isService(identified)) return true
  const { project, scope } = identified
  if (scope.kind === 'domain') return domainId === scope.domainId
  return projectId !== undefined && projectId === project?.id
}

function asked(views: readonly View[], query: URLSearchParams, members: readonly string[]): readonly View[] {
  return views.filter((view) =>
    members.every((member) => !query.has(member) || (view[member] ?? '') === query.get(member)),
  )
}

function resourceGiven(
  before: Pick<Limit, 'serviceId' | 'regionId' | 'resourceName' | 'description'>,
  given: Members,
): Pick<Limit, 'serviceId' | 'regionId' | 'resourceName' | 'description'> {
  return {
    serviceId: textOr(given['service_id'], before.serviceId),
    regionId: textOr(given['region_id'], before.regionId),
    resourceName: textOr(given['resource_name'], before.resourceName),
    description: textOr(given['description'], before.description),
  }
}

function changedRegistered(before: RegisteredLimit, given: Members): RegisteredLimit {
  return {
    id: before.id,
    ...resourceGiven(before, given),
    defaultLimit: numberOr(given['default_limit'], before.defaultLimit),
  }
}

function numberOr(value: unknown, other: number): number {
  if (value === undefined) return other
  return typeof value === 'number' ? value : Number.NaN
}

function whyWrongRegistered({ defaultLimit, ...resource }: RegisteredLimit): string | undefined {
  return whyWrongResource(resource) ?? whyWrongNumber('default_limit', defaultLimit)
}

function whyWrongLimit({ projectId, domainId, resourceLimit, ...resource }: Limit): string | undefined {
  if ((projectId === undefined) === (domainId === undefined)) return 'A limit is of a project or of a domain'
  return whyWrongResource(resource) ?? whyWrongNumber('resource_limit', resourceLimit)
}

function whyWrongResource({
  serviceId,
  resourceName,
}: Pick<Limit, 'serviceId' | 'resourceName'>): string | undefined {
  if (serviceId === '') return `'service_id' is a required property`
  return isNameText(resourceName, NAME_CHARACTERS_MAX) ? undefined : `'resource_name' is a required property`
}

function whyWrongNumber(member: string, value: number): string | undefined {
  const isGood = Number.isInteger(value) && value >= -1 && value <= LIMIT_MAX
  return isGood
    ? undefined
    : `Invalid input for field '${member}': a whole number from -1 to ${LIMIT_MAX} is needed`
}

function isSame(one: Limit, other: Limit): boolean {
  return isSameResource(one, other) && one.projectId === other.projectId && one.domainId === other.domainId
}

function resourceView({
  id,
  serviceId,
  regionId,
  resourceName,
  description,
}: Omit<RegisteredLimit, 'defaultLimit'>): View {
  return {
    id,
    service_id: serviceId,
    region_id: regionId ?? null,
    resource_name: resourceName,
    description: description ?? null,
  }
}

function registeredView(one: RegisteredLimit, url: string): View {
  const links = { self: `${url}/registered_limits/${one.id}` }
  return { ...resourceView(one), default_limit: one.defaultLimit, links }
}

function limitView(one: Limit, url: string): View {
  return {
    ...resourceView(one),
    project_id: one.projectId ?? null,
    domain_id: one.domainId ?? null,
    resource_limit: one.resourceLimit,
    links: { self: `${url}/limits/${one.id}` },
  }
}

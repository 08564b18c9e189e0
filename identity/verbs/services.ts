/** `/v3/services` and `/v3/endpoints`: those of this cluster are given, others are made, changed and removed. */
import type { Response } from '#http/message.ts'
import { forbidden, json, noContent, notFound, refusal, unavailable } from '../answers.ts'
import { isOwnService } from '../catalogue.ts'
import type { Further, FurtherEndpoint, FurtherService } from '../further-catalogue.ts'
import { newId } from '../model/ids.ts'
import { isNameText, type Members, membersIn, textOr } from '../model/written.ts'
import { listView } from '../views.ts'
import type { Visit } from '../visit.ts'
import { changeCatalogue, placed, withCatalogue } from './catalogue-visit.ts'
import { whyNotKept } from './kept-members.ts'

const TEXT_CHARACTERS_MAX = 255
const URL_CHARACTERS_MAX = 2048
/** Keystone's schema. */
const URL_FORM = /^[a-zA-Z0-9+.-]+:.+/s
const INTERFACES = ['public', 'internal', 'admin']

// ---- services ----------------------------------------------------------------------------------------------------

export async function listServices(visit: Visit): Promise<Response> {
  const { query, url } = visit
  const [type, name] = [query.get('type'), query.get('name')]
  return await withCatalogue(visit, ({ services }) => {
    const wanted = services.filter(
      (service) => (type ?? service.type) === service.type && (name ?? service.name) === service.name,
    )
    const views = wanted.map((service) => serviceView(service, url))
    return json(200, listView('services', views, visit.self))
  })
}

export async function showService(visit: Visit): Promise<Response> {
  const id = visit.named['service'] ?? ''
  return await withCatalogue(visit, ({ services }) => {
    const service = services.find((one) => one.id === id)
    return service === undefined
      ? notFound('service', id)
      : json(200, { service: serviceView(service, visit.url) })
  })
}

export async function createService(visit: Visit): Promise<Response> {
  const given = membersIn(visit.body['service'])
  const wrong = whyWrongMembers(given)
  if (wrong !== undefined) return refusal(400, wrong)
  const blank = { type: '', name: '', description: undefined, enabled: true }
  const service = changedService({ id: newId(visit.parts.random), ...blank }, given)
  return await putService(visit, service, 201)
}

export async function updateService(visit: Visit): Promise<Response> {
  const given = membersIn(visit.body['service'])
  return await withOwnersChoice(visit, 'service', ({ services }, id) => {
    const there = services.find((one) => one.id === id)
    return there && (whyNotChanged(given, id) ?? putService(visit, changedService(there, given), 200))
  })
}

/** Its endpoints go with it. */
export async function deleteService(visit: Visit): Promise<Response> {
  return await withOwnersChoice(visit, 'service', ({ services }, id) => {
    if (!services.some((one) => one.id === id)) return undefined
    const change = (further: Further) => ({
      next: {
        ...further,
        services: further.services.filter((one) => one.id !== id),
        endpoints: further.endpoints.filter(({ serviceId }) => serviceId !== id),
      },
    })
    return changeCatalogue(visit, change, noContent)
  })
}

async function putService(visit: Visit, service: FurtherService, status: number): Promise<Response> {
  if (!isNameText(service.type, TEXT_CHARACTERS_MAX)) {
    return refusal(400, `Invalid input for field 'type': 1 to ${TEXT_CHARACTERS_MAX} characters are needed`)
  }
  return await changeCatalogue(
    visit,
    (further) => ({ next: { ...further, services: placed(further.services, service) } }),
    () => json(status, { service: serviceView(service, visit.url) }),
  )
}

function changedService(service: FurtherService, given: Members): FurtherService {
  return {
    id: service.id,
    type: textOr(given['type'], service.type),
    name: textOr(given['name'], service.name),
    description: textOr(given['description'], service.description),
    enabled: given['enabled'] === undefined ? service.enabled : given['enabled'] === true,
  }
}

function serviceView(service: FurtherService, url: string): Readonly<Record<string, unknown>> {
  return { ...service, links: { self: `${url}/services/${service.id}` } }
}

// ---- endpoints ---------------------------------------------------------------------------------------------------

export async function listEndpoints(visit: Visit): Promise<Response> {
  const { query, url } = visit
  const asked = {
    service_id: query.get('service_id'),
    interface: query.get('interface'),
    region_id: query.get('region_id') ?? query.get('region'),
  }
  return await withCatalogue(visit, ({ endpoints }) => {
    const views = endpoints
      .map((endpoint) => endpointView(endpoint, url))
      .filter((view) =>
        Object.entries(asked).every(([member, value]) => value === null || view[member] === value),
      )
    return json(200, listView('endpoints', views, visit.self))
  })
}

export async function showEndpoint(visit: Visit): Promise<Response> {
  const id = visit.named['endpoint'] ?? ''
  return await withCatalogue(visit, ({ endpoints }) => {
    const endpoint = endpoints.find((one) => one.id === id)
    return endpoint === undefined
      ? notFound('endpoint', id)
      : json(200, { endpoint: endpointView(endpoint, visit.url) })
  })
}

export async function createEndpoint(visit: Visit): Promise<Response> {
  const given = membersIn(visit.body['endpoint'])
  const wrong = whyWrongMembers(given)
  if (wrong !== undefined) return refusal(400, wrong)
  const blank = {
    serviceId: '',
    interface: '',
    regionId: undefined,
    url: '',
    name: undefined,
    enabled: true,
  }
  const endpoint = changedEndpoint({ id: newId(visit.parts.random), ...blank }, given)
  return await putEndpoint(visit, endpoint, 201)
}

export async function updateEndpoint(visit: Visit): Promise<Response> {
  const given = membersIn(visit.body['endpoint'])
  return await withOwnersChoice(visit, 'endpoint', ({ endpoints }, id) => {
    const there = endpoints.find((one) => one.id === id)
    return there && (whyNotChanged(given, id) ?? putEndpoint(visit, changedEndpoint(there, given), 200))
  })
}

export async function deleteEndpoint(visit: Visit): Promise<Response> {
  return await withOwnersChoice(visit, 'endpoint', ({ endpoints }, id) => {
    if (!endpoints.some((one) => one.id === id)) return undefined
    const change = (further: Further) => ({
      next: { ...further, endpoints: further.endpoints.filter((one) => one.id !== id) },
    })
    return changeCatalogue(visit, change, noContent)
  })
}

/** A region that is only named, not referred to, is made (as older clients need it). */
async function putEndpoint(visit: Visit, endpoint: FurtherEndpoint, status: number): Promise<Response> {
  const wrong = whyWrong(endpoint)
  if (wrong !== undefined) return refusal(400, wrong)
  const isReferred = typeof membersIn(visit.body['endpoint'])['region_id'] === 'string'
  const { regionId } = endpoint
  return await changeCatalogue(
    visit,
    (further, whole) => {
      const hasService = whole.services.some(({ id }) => id === endpoint.serviceId)
      if (!hasService) return { refusal: missing('endpoint service_id', 'service table') }
      const hasRegion = regionId === undefined || whole.regions.some(({ id }) => id === regionId)
      if (!hasRegion && isReferred) return { refusal: missing('endpoint region_id', 'region table') }
      const made = hasRegion ? [] : [{ id: regionId, description: '', parentId: undefined }]
      return {
        next: {
          ...further,
          regions: [...further.regions, ...made],
          endpoints: placed(further.endpoints, endpoint),
        },
      }
    },
    () => json(status, { endpoint: endpointView(endpoint, visit.url) }),
  )
}

function changedEndpoint(endpoint: FurtherEndpoint, given: Members): FurtherEndpoint {
  return {
    id: endpoint.id,
    serviceId: textOr(given['service_id'], endpoint.serviceId),
    interface: textOr(given['interface'], endpoint.interface),
    regionId: textOr(given['region_id'] ?? given['region'], endpoint.regionId),
    url: textOr(given['url'], endpoint.url),
    name: textOr(given['name'], endpoint.name),
    enabled: given['enabled'] === undefined ? endpoint.enabled : given['enabled'] === true,
  }
}

function whyWrong({ interface: kind, url }: FurtherEndpoint): string | undefined {
  if (!INTERFACES.includes(kind))
    return `Invalid input for field 'interface': one of ${INTERFACES.join(', ')}`
  if (!URL_FORM.test(url) || url.length > URL_CHARACTERS_MAX) return `Invalid input for field 'url'`
  const known = url.replaceAll(/[$%]\((?:tenant_id|project_id|user_id)\)s/g, 'id')
  if (/[$%]\(/.test(known)) return `Cannot create an endpoint with an invalid URL: ${url}.`
  return undefined
}

function endpointView(endpoint: FurtherEndpoint, url: string): Readonly<Record<string, unknown>> {
  const { id, serviceId, regionId = null, name, enabled } = endpoint
  return {
    id,
    interface: endpoint.interface,
    region: regionId,
    region_id: regionId,
    service_id: serviceId,
    url: endpoint.url,
    ...(name === undefined ? {} : { name }),
    enabled,
    links: { self: `${url}/endpoints/${id}` },
  }
}

// ------------------------------------------------------------------------------------------------------------------

/** Members that can be nothing but one thing. */
function whyWrongMembers({ name, enabled }: Members): string | undefined {
  if (name !== undefined && typeof name !== 'string')
    return `Invalid input for field 'name': a text is needed`
  if (enabled === undefined || typeof enabled === 'boolean') return undefined
  return `Invalid input for field 'enabled': true or false is needed`
}

async function refused(why: string): Promise<Response> {
  return refusal(400, why)
}

function whyNotChanged(given: Members, id: string): Promise<Response> | undefined {
  const wrong = whyNotKept(given, { id, domainId: undefined }) ?? whyWrongMembers(given)
  return wrong === undefined ? undefined : refused(wrong)
}

/** What the cluster itself serves is what it is: 403; what is not there: 404. */
async function withOwnersChoice(
  visit: Visit,
  what: 'service' | 'endpoint',
  then: (further: Further, id: string) => Promise<Response> | undefined,
): Promise<Response> {
  const id = visit.named[what] ?? ''
  const { parts, context } = visit
  const further = await parts.furtherCatalogue.read(context)
  if (further.kind !== 'found') return unavailable(further)
  const answered = then(further.value, id)
  if (answered !== undefined) return await answered
  return await withCatalogue(visit, ({ endpoints }) => {
    const isOwn = isOwnService(id) || endpoints.some((one) => one.id === id)
    return isOwn ? forbidden() : notFound(what, id)
  })
}

/** Keystone's words. */
function missing(attribute: string, target: string): Response {
  return refusal(
    400,
    `Expecting to find ${attribute} in ${target}. The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error.`,
  )
}

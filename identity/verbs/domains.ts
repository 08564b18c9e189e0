/** `/v3/domains`, services, endpoints, regions and groups: what there is of them is given, and can be looked at. */
import type { Response } from '#http/message.ts'
import { json, notFound } from '../answers.ts'
import { endpointsOf, services } from '../catalogue.ts'
import { DEFAULT_DOMAIN, isDefaultDomain } from '../model/domain.ts'
import { domainView, listView } from '../views.ts'
import type { Visit } from '../visit.ts'

export async function listDomains({ query, url }: Visit): Promise<Response> {
  const name = query.get('name')
  const views = name === null || isDefaultDomain({ name }) ? [domainView(url)] : []
  return json(200, listView('domains', views, `${url}/domains`))
}

export async function showDomain({ named, url }: Visit): Promise<Response> {
  const id = named['domain'] ?? ''
  return id === DEFAULT_DOMAIN.id ? json(200, { domain: domainView(url) }) : notFound('domain', id)
}

export async function listServices({ query, url }: Visit): Promise<Response> {
  const [type, name] = [query.get('type'), query.get('name')]
  const views = services()
    .filter((service) => (type ?? service.type) === service.type && (name ?? service.name) === service.name)
    .map((service) => ({ ...service, enabled: true, links: { self: `${url}/services/${service.id}` } }))
  return json(200, listView('services', views, `${url}/services`))
}

export async function showService({ named, url }: Visit): Promise<Response> {
  const id = named['service'] ?? ''
  const service = services().find((one) => one.id === id)
  if (service === undefined) return notFound('service', id)
  return json(200, {
    service: { ...service, enabled: true, links: { self: `${url}/services/${id}` } },
  })
}

/** The account's place is written as Keystone's catalogue has it, for any project. */
export async function listEndpoints({ query, parts, hostUrl, url }: Visit): Promise<Response> {
  const views = services().flatMap((service) =>
    endpointsOf(service, { ...parts, hostUrl }, '')
      .map((endpoint) => ({
        ...endpoint,
        url: endpoint.url.endsWith(parts.resellerPrefix) ? `${endpoint.url}%(project_id)s` : endpoint.url,
        service_id: service.id,
        enabled: true,
        links: { self: `${url}/endpoints/${endpoint.id}` },
      }))
      .filter(
        (endpoint) =>
          (query.get('service_id') ?? endpoint.service_id) === endpoint.service_id &&
          (query.get('interface') ?? endpoint.interface) === endpoint.interface,
      ),
  )
  return json(200, listView('endpoints', views, `${url}/endpoints`))
}

export async function listRegions({ parts, url }: Visit): Promise<Response> {
  const { region: id } = parts
  const view = { id, description: '', parent_region_id: null, links: { self: `${url}/regions/${id}` } }
  return json(200, listView('regions', [view], `${url}/regions`))
}

export async function listGroups({ url }: Visit): Promise<Response> {
  return json(200, listView('groups', [], `${url}/groups`))
}

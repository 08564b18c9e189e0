/**
 * The catalogue that comes with a token: which services there are, and where (Identity API v3, "Service catalog"). What this
 * cluster serves itself is given; what administrators added stands beside it.
 */
import type { Further, FurtherEndpoint } from './further-catalogue.ts'
import { derivedId } from './model/ids.ts'

export interface CatalogueOptions {
  /** `http://host:port` */
  readonly hostUrl: string
  readonly region: string
  /** `AUTH_` */
  readonly resellerPrefix: string
}

interface OwnService {
  readonly type: string
  readonly name: string
  /** `ACCOUNT` stands for the account of the project. */
  readonly path: string
}

const OWN_SERVICES: readonly OwnService[] = [
  { type: 'identity', name: 'keystone', path: '/identity/v3' },
  { type: 'image', name: 'glance', path: '/image' },
  { type: 'object-store', name: 'swift', path: '/v1/ACCOUNT' },
  { type: 's3', name: 's3', path: '/' },
]
const INTERFACES = ['public', 'internal', 'admin']

const ACCOUNT_PLACE = '%(project_id)s'

/** What the cluster serves itself, in the same form as what was added. */
export function ownCatalogue({ hostUrl, region, resellerPrefix }: CatalogueOptions): Further {
  return {
    regions: [{ id: region, description: '', parentId: undefined }],
    services: OWN_SERVICES.map(({ type, name }) => ({
      id: derivedId('service', type),
      type,
      name,
      description: undefined,
      enabled: true,
    })),
    endpoints: OWN_SERVICES.flatMap(({ type, path }) =>
      INTERFACES.map((name) => ({
        id: derivedId('endpoint', `${type} ${name}`),
        serviceId: derivedId('service', type),
        interface: name,
        regionId: region,
        url: hostUrl + path.replace('ACCOUNT', `${resellerPrefix}${ACCOUNT_PLACE}`),
        name: undefined,
        enabled: true,
      })),
    ),
  }
}

/** Both; of regions of the same name the one that was described stands. */
export function wholeCatalogue(options: CatalogueOptions, further: Further): Further {
  const own = ownCatalogue(options)
  return {
    services: [...own.services, ...further.services],
    endpoints: [...own.endpoints, ...further.endpoints],
    regions: [
      ...own.regions.filter(({ id }) => !further.regions.some((region) => region.id === id)),
      ...further.regions,
    ],
  }
}

export function isOwnService(id: string): boolean {
  return OWN_SERVICES.some(({ type }) => derivedId('service', type) === id)
}

export interface CatalogueFor {
  readonly projectId: string | undefined
  readonly userId: string
}

/** As a token shows it. Endpoints whose address needs a project are left out where there is none. */
export function catalogueView(whole: Further, person: CatalogueFor): readonly object[] {
  return whole.services
    .filter(({ enabled }) => enabled)
    .map((service) => ({
      id: service.id,
      type: service.type,
      ...(service.name === undefined ? {} : { name: service.name }),
      endpoints: whole.endpoints
        .filter(({ serviceId, enabled }) => serviceId === service.id && enabled)
        .flatMap((endpoint) => endpointView(endpoint, person)),
    }))
}

function endpointView(endpoint: FurtherEndpoint, person: CatalogueFor): readonly object[] {
  const url = filledIn(endpoint.url, person)
  if (url === undefined) return []
  const { id, regionId = null } = endpoint
  return [{ id, interface: endpoint.interface, region: regionId, region_id: regionId, url }]
}

const PLACE = /[$%]\((tenant_id|project_id|user_id)\)s/g

/** `undefined`: it needs a project, and there is none. */
function filledIn(url: string, { projectId, userId }: CatalogueFor): string | undefined {
  const needsProject = /[$%]\((?:tenant_id|project_id)\)s/.test(url)
  if (needsProject && projectId === undefined) return undefined
  return url.replaceAll(PLACE, (_, what: string) =>
    encodeURIComponent(what === 'user_id' ? userId : (projectId ?? '')),
  )
}

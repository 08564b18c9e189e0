/** The catalogue that comes with a token of a project: which services there are, and where (Identity API v3, "Service catalog"). */
import { derivedId } from './model/ids.ts'

export interface CatalogueOptions {
  /** `http://host:port` */
  readonly hostUrl: string
  readonly region: string
  /** `AUTH_` */
  readonly resellerPrefix: string
}

export interface Service {
  readonly id: string
  readonly type: string
  readonly name: string
}

export interface Endpoint {
  readonly id: string
  readonly interface: string
  readonly region: string
  readonly region_id: string
  readonly url: string
}

interface ServiceEntry {
  readonly type: string
  readonly name: string
  /** `PROJECT` stands for the account of the project. */
  readonly path: string
}

const SERVICES: readonly ServiceEntry[] = [
  { type: 'identity', name: 'keystone', path: '/identity/v3' },
  { type: 'image', name: 'glance', path: '/image' },
  { type: 'object-store', name: 'swift', path: '/v1/ACCOUNT' },
  { type: 's3', name: 's3', path: '/' },
]
const INTERFACES = ['public', 'internal', 'admin']

export function services(): readonly Service[] {
  return SERVICES.map(({ type, name }) => ({ id: derivedId('service', type), type, name }))
}

/** Without a project those endpoints are left out that need one. */
export function endpointsOf(
  service: Service,
  { hostUrl, region, resellerPrefix }: CatalogueOptions,
  projectId: string | undefined,
): readonly Endpoint[] {
  const entry = SERVICES.find(({ type }) => type === service.type)
  if (entry === undefined || (projectId === undefined && entry.path.includes('ACCOUNT'))) return []
  const account = encodeURIComponent(`${resellerPrefix}${projectId}`)
  const url = hostUrl + entry.path.replace('ACCOUNT', account)
  return INTERFACES.map((name) => ({
    id: derivedId('endpoint', `${service.type} ${name}`),
    interface: name,
    region,
    region_id: region,
    url,
  }))
}

export function catalogue(options: CatalogueOptions, projectId: string | undefined): readonly object[] {
  return services().map((service) => ({ ...service, endpoints: endpointsOf(service, options, projectId) }))
}

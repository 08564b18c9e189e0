/**
 * Services, endpoints and regions that administrators add to the catalogue, for other services that know this one as their
 * identity service. All are in one record, so that a service goes with its endpoints in one step. What this cluster itself
 * serves is in the catalogue without it (`catalogue.ts`).
 */
import type { RecordKind, Records } from '#store/records/contract.ts'
import { itemsIn, type Members, membersIn, textOr } from './model/written.ts'
import { OneRecord } from './one-record.ts'

export interface FurtherService {
  readonly id: string
  readonly type: string
  readonly name: string | undefined
  readonly description: string | undefined
  readonly enabled: boolean
}

export interface FurtherEndpoint {
  readonly id: string
  readonly serviceId: string
  readonly interface: string
  readonly regionId: string | undefined
  /** May have `%(project_id)s` in it, and the like. */
  readonly url: string
  readonly name: string | undefined
  readonly enabled: boolean
}

export interface FurtherRegion {
  readonly id: string
  readonly description: string
  readonly parentId: string | undefined
}

export interface Further {
  readonly services: readonly FurtherService[]
  readonly endpoints: readonly FurtherEndpoint[]
  readonly regions: readonly FurtherRegion[]
}

/** Most of each: they come with every token. */
export const FURTHER_MAX = 500

export const NOTHING_FURTHER: Further = { services: [], endpoints: [], regions: [] }

export const FURTHER_RECORDS: RecordKind<Further> = {
  name: 'catalogue',
  version: 1,
  parse: (written) => {
    const { services, endpoints, regions } = membersIn(written)
    return {
      services: itemsIn(services).map(serviceIn),
      endpoints: itemsIn(endpoints).map(endpointIn),
      regions: itemsIn(regions).map(regionIn),
    }
  },
}

function serviceIn({ id, type, name, description, enabled }: Members): FurtherService {
  return {
    id: textOr(id, ''),
    type: textOr(type, ''),
    name: textOr(name, undefined),
    description: textOr(description, undefined),
    enabled: enabled !== false,
  }
}

function endpointIn(one: Members): FurtherEndpoint {
  return {
    id: textOr(one['id'], ''),
    serviceId: textOr(one['serviceId'], ''),
    interface: textOr(one['interface'], ''),
    regionId: textOr(one['regionId'], undefined),
    url: textOr(one['url'], ''),
    name: textOr(one['name'], undefined),
    enabled: one['enabled'] !== false,
  }
}

function regionIn({ id, description, parentId }: Members): FurtherRegion {
  return {
    id: textOr(id, ''),
    description: textOr(description, ''),
    parentId: textOr(parentId, undefined),
  }
}

export function furtherCatalogue(records: Records): OneRecord<Further> {
  return new OneRecord(records, FURTHER_RECORDS, NOTHING_FURTHER)
}

/**
 * Limits that services ask for before they give somebody more (Identity API v3, "Unified Limits"): how much of a resource
 * there is by default, and for single projects or domains. They are kept and told, and enforced by whoever asks. All are in
 * one record, so that a default goes only when nothing stands on it.
 */
import type { RecordKind, Records } from '#store/records/contract.ts'
import { itemsIn, type Members, membersIn, textOr } from './model/written.ts'
import { OneRecord } from './one-record.ts'

export interface RegisteredLimit {
  readonly id: string
  readonly serviceId: string
  readonly regionId: string | undefined
  readonly resourceName: string
  readonly defaultLimit: number
  readonly description: string | undefined
}

/** Of one project or of one domain. */
export interface Limit {
  readonly id: string
  readonly serviceId: string
  readonly regionId: string | undefined
  readonly resourceName: string
  readonly projectId: string | undefined
  readonly domainId: string | undefined
  readonly resourceLimit: number
  readonly description: string | undefined
}

export interface Limits {
  readonly registered: readonly RegisteredLimit[]
  readonly limits: readonly Limit[]
}

/** Most of each. */
export const LIMITS_MAX = 5000

export const LIMIT_RECORDS: RecordKind<Limits> = {
  name: 'limits',
  version: 1,
  parse: (written) => {
    const { registered, limits } = membersIn(written)
    return { registered: itemsIn(registered).map(registeredIn), limits: itemsIn(limits).map(limitIn) }
  },
}

export function limitsIn(records: Records): OneRecord<Limits> {
  return new OneRecord(records, LIMIT_RECORDS, { registered: [], limits: [] })
}

/** Whether they are about the same. */
export function isSameResource(
  one: Pick<Limit, 'serviceId' | 'regionId' | 'resourceName'>,
  other: Pick<Limit, 'serviceId' | 'regionId' | 'resourceName'>,
): boolean {
  return (
    one.serviceId === other.serviceId &&
    one.regionId === other.regionId &&
    one.resourceName === other.resourceName
  )
}

function resourceIn(
  one: Members,
): Pick<Limit, 'id' | 'serviceId' | 'regionId' | 'resourceName' | 'description'> {
  return {
    id: textOr(one['id'], ''),
    serviceId: textOr(one['serviceId'], ''),
    regionId: textOr(one['regionId'], undefined),
    resourceName: textOr(one['resourceName'], ''),
    description: textOr(one['description'], undefined),
  }
}

function registeredIn(one: Members): RegisteredLimit {
  return { ...resourceIn(one), defaultLimit: Number(one['defaultLimit']) }
}

function limitIn(one: Members): Limit {
  return {
    ...resourceIn(one),
    projectId: textOr(one['projectId'], undefined),
    domainId: textOr(one['domainId'], undefined),
    resourceLimit: Number(one['resourceLimit']),
  }
}

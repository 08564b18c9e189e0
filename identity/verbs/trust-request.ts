/** What a request for a new trust says (Identity API v3, "OS-TRUST"), and what is wrong with it. */
import type { Trust } from '../model/trust.ts'
import { REDELEGATIONS_MAX } from '../model/trust.ts'
import { furtherMembers, isObject, itemsIn, type Members, textOr } from '../model/written.ts'

/** As it was asked for; the rest comes from who asks. */
export interface TrustRequest {
  readonly trustorId: string
  readonly trusteeId: string
  readonly impersonation: boolean
  readonly projectId: string | undefined
  readonly roles: readonly RoleReference[]
  readonly expiresAtMs: number | undefined
  readonly usesLeft: number | undefined
  /** How many further trusts were asked for; `undefined`: as many as can be. */
  readonly redelegations: number | undefined
  readonly extra: Members
}

/** By one of both. */
export interface RoleReference {
  readonly id?: string | undefined
  readonly name?: string | undefined
}

export type Wrong = { readonly status: 400 | 403; readonly why: string }

const KNOWN = [
  'id',
  'trustor_user_id',
  'trustee_user_id',
  'impersonation',
  'project_id',
  'roles',
  'expires_at',
  'remaining_uses',
  'allow_redelegation',
  'redelegation_count',
  'redelegated_trust_id',
  'deleted_at',
  'roles_links',
  'links',
]

export function readTrust(given: Members, nowMs: number): TrustRequest | Wrong {
  const member = whyWrongMember(given)
  if (member !== undefined) return { status: 400, why: `Invalid input for field '${member}'` }
  const expiresAtMs = instantIn(given['expires_at'])
  if (expiresAtMs !== undefined && !(expiresAtMs >= nowMs)) {
    const why = Number.isNaN(expiresAtMs) ? NO_INSTANT : `The 'expires_at' must not be before now.`
    return { status: 400, why }
  }
  const usesLeft = numberIn(given['remaining_uses'])
  const redelegations = given['allow_redelegation'] === true ? numberIn(given['redelegation_count']) : 0
  const wrong = whyWrongCounts(usesLeft, redelegations)
  if (wrong !== undefined) return wrong
  return {
    trustorId: textOr(given['trustor_user_id'], ''),
    trusteeId: textOr(given['trustee_user_id'], ''),
    impersonation: given['impersonation'] === true,
    projectId: textOr(given['project_id'], undefined) || undefined,
    roles: itemsIn(given['roles']).map(({ id, name }) => ({
      id: textOr(id, undefined),
      name: textOr(name, undefined),
    })),
    expiresAtMs,
    usesLeft,
    redelegations,
    extra: furtherMembers(given, KNOWN),
  }
}

const NO_INSTANT = `The 'expires_at' must be an ISO 8601 time.`

/** In UTC, whether it says so or not; `NaN`: it is none. */
function instantIn(written: unknown): number | undefined {
  if (typeof written !== 'string') return undefined
  const [, utc] = INSTANT.exec(written) ?? []
  return Date.parse(`${utc}Z`)
}

const INSTANT = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)Z?$/

function numberIn(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}

/** Keystone's words. */
function whyWrongCounts(usesLeft: number | undefined, redelegations: number | undefined): Wrong | undefined {
  if (redelegations === 0) return undefined
  if ((redelegations ?? 0) > REDELEGATIONS_MAX) {
    const why = `Requested redelegation depth of ${redelegations} is greater than allowed ${REDELEGATIONS_MAX}`
    return { status: 403, why }
  }
  if (usesLeft === undefined) return undefined
  return { status: 400, why: 'remaining_uses must not be set if redelegation is allowed' }
}

type Check = (value: unknown) => boolean

const CHECKS: Readonly<Record<string, Check>> = {
  trustor_user_id: isText,
  trustee_user_id: isText,
  impersonation: (value) => typeof value === 'boolean',
  project_id: orMissing(isText),
  roles: (value) => value === undefined || (Array.isArray(value) && value.every(isRole)),
  expires_at: orMissing((value) => typeof value === 'string'),
  remaining_uses: orMissing((value) => isCount(value, 1)),
  allow_redelegation: orMissing((value) => typeof value === 'boolean'),
  redelegation_count: orMissing((value) => isCount(value, 0)),
}

/** The first member that is not as it must be. */
function whyWrongMember(given: Members): string | undefined {
  return Object.keys(CHECKS).find((name) => CHECKS[name]?.(given[name]) !== true)
}

function orMissing(check: Check): Check {
  return (value) => value === undefined || value === null || check(value)
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

function isCount(value: unknown, least: number): boolean {
  return Number.isInteger(value) && (value as number) >= least
}

function isRole(value: unknown): boolean {
  if (!isObject(value)) return false
  const names = Object.keys(value)
  return names.length === 1 && ['id', 'name'].includes(names[0] ?? '') && isText(Object.values(value)[0])
}

/** Whether a trust made by another one stays within it; Keystone's words where it does not. */
export function whyNotWithin(
  wanted: Pick<TrustRequest, 'usesLeft' | 'expiresAtMs' | 'impersonation' | 'redelegations'>,
  roleIds: readonly string[],
  { id, value: parent }: { readonly id: string; readonly value: Trust },
): string | undefined {
  const left = parent.redelegationsLeft
  if (left <= 0) {
    return `Remaining redelegation depth of ${left} out of allowed range of [0..${REDELEGATIONS_MAX}]`
  }
  if (wanted.redelegations !== undefined && wanted.redelegations > 0 && wanted.redelegations !== left - 1) {
    return 'Modifying "redelegation_count" upon redelegation is forbidden. Omitting this parameter is advised.'
  }
  if (wanted.usesLeft !== undefined) {
    return `Field "remaining_uses" is set to ${wanted.usesLeft} while it must not be set in order to redelegate a trust`
  }
  if ((wanted.expiresAtMs ?? 0) > (parent.expiresAtMs ?? Infinity)) {
    return 'Requested expiration time is more than redelegated trust can provide'
  }
  if (!roleIds.every((role) => parent.roleIds.includes(role))) {
    return 'Some of requested roles are not in redelegated trust'
  }
  if (wanted.impersonation && !parent.impersonation) {
    return `Impersonation is not allowed because redelegated trust does not specify impersonation. Redelegated trust id: ${id}`
  }
  return undefined
}

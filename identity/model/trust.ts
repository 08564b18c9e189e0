/**
 * Trusts: a user, the *trustor*, lets another one, the *trustee*, act in a project with some of the trustor's roles (Identity
 * API v3, "OS-TRUST"). A trust that was made with another one is worth nothing without it.
 */
import type { RecordKind } from '#store/records/contract.ts'
import { type Members, membersIn, textOr, textsIn } from './written.ts'

export interface Trust {
  readonly trustorId: string
  readonly trusteeId: string
  /** Whoever acts by it is the trustor, for others to see; else the trustee. */
  readonly impersonation: boolean
  readonly projectId: string | undefined
  readonly roleIds: readonly string[]
  /** Wall clock, milliseconds; `undefined`: it does not expire. */
  readonly expiresAtMs: number | undefined
  /** How often a token can still be got by it; `undefined`: as often as one likes. */
  readonly usesLeft: number | undefined
  /** The trust by which it was made. */
  readonly redelegatedFrom: string | undefined
  /** How many further trusts, each made by the one before, can hang on it. */
  readonly redelegationsLeft: number
  /** What else clients keep with it. */
  readonly extra: Members
}

export const TRUST_RECORDS: RecordKind<Trust> = {
  name: 'trusts',
  version: 1,
  parse: (written) => {
    const members = membersIn(written)
    const { trustorId, trusteeId, impersonation, redelegationsLeft } = members
    if (typeof trustorId !== 'string' || typeof trusteeId !== 'string') return undefined
    return {
      trustorId,
      trusteeId,
      impersonation: impersonation === true,
      projectId: textOr(members['projectId'], undefined),
      roleIds: textsIn(members['roleIds']),
      expiresAtMs: numberOr(members['expiresAtMs'], undefined),
      usesLeft: numberOr(members['usesLeft'], undefined),
      redelegatedFrom: textOr(members['redelegatedFrom'], undefined),
      redelegationsLeft: numberOr(redelegationsLeft, 0),
      extra: membersIn(members['extra']),
    }
  },
}

function numberOr<Other>(value: unknown, other: Other): number | Other {
  return typeof value === 'number' ? value : other
}

/** Most trusts, each made by the one before (Keystone, `max_redelegation_count`). */
export const REDELEGATIONS_MAX = 3

export function isExpired({ expiresAtMs = Infinity }: Trust, nowMs: number): boolean {
  return expiresAtMs < nowMs
}

/** Whether tokens can be got by it. */
export function isUsable(trust: Trust, nowMs: number): boolean {
  return !isExpired(trust, nowMs) && (trust.usesLeft ?? 1) > 0
}

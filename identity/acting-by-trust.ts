/** Who somebody is that acts by a trust, in the terms of the moment (`model/trust.ts`). */
import type { OperationContext } from '#store/operation.ts'
import type { RecordFailure } from '#store/records/contract.ts'
import { effectiveGrants, type NamedRole, rolesReaching, withImplied } from './effective-roles.ts'
import type { Absent, Entry } from './entries.ts'
import { projectScope } from './model/grants.ts'
import type { User } from './model/user.ts'
import type { People } from './people.ts'
import type { FoundTrust } from './trusts.ts'

/** A trust that is being used. */
export interface UsedTrust {
  readonly id: string
  readonly impersonation: boolean
  readonly trustor: Entry<User>
  readonly trustee: Entry<User>
  readonly expiresAtMs: number | undefined
}

export type Acting =
  | {
      readonly kind: 'acting'
      readonly trust: UsedTrust
      readonly projectId: string
      readonly roles: readonly NamedRole[]
    }
  /** `no_trust`: there is none, or it is over. The others: it is there, and does not let this user in. */
  | { readonly kind: 'nobody'; readonly why: 'no_trust' | 'not_trustee' | 'no_trustor' | 'no_roles' }
  | RecordFailure

const NO_TRUST: Acting = { kind: 'nobody', why: 'no_trust' }

export async function actingBy(
  context: OperationContext,
  people: People,
  trustee: Entry<User>,
  { trustId, nowMs }: { readonly trustId: string; readonly nowMs: number },
): Promise<Acting> {
  const line = await people.trusts.line(context, trustId, nowMs)
  if ('kind' in line) return line.kind === 'absent' ? NO_TRUST : line
  const [own] = line
  const first = line.at(-1)
  if (own === undefined || first === undefined || own.value.projectId === undefined) return NO_TRUST
  if (own.value.trusteeId !== trustee.id) return { kind: 'nobody', why: 'not_trustee' }
  const trustor = await enabledUser(context, people, own.value.trustorId)
  if (trustor.kind !== 'found') return trustor.kind === 'absent' ? NO_TRUSTOR : trustor
  const between = await everybodyBetween(context, people, line)
  if (between !== 'enabled') return between
  const roles = await rolesOf(context, people, own, first.value.trustorId)
  if ('kind' in roles) return roles
  const { impersonation, expiresAtMs, projectId } = own.value
  const trust = { id: trustId, impersonation, trustor, trustee, expiresAtMs }
  return { kind: 'acting', trust, projectId, roles }
}

const NO_TRUSTOR: Acting = { kind: 'nobody', why: 'no_trustor' }

async function enabledUser(
  context: OperationContext,
  { users }: People,
  id: string,
): Promise<Entry<User> | Absent | RecordFailure> {
  const user = await users.find(context, id)
  return user.kind === 'found' && !user.value.enabled ? { kind: 'absent' } : user
}

/** Whoever handed it on must still be let in. */
async function everybodyBetween(
  context: OperationContext,
  people: People,
  line: readonly FoundTrust[],
): Promise<'enabled' | Acting> {
  for (const { value } of line.slice(1)) {
    const user = await enabledUser(context, people, value.trusteeId)
    if (user.kind !== 'found') return user.kind === 'absent' ? NO_TRUSTOR : user
  }
  return 'enabled'
}

/** Those of the trust and what they imply: all of them must still be roles of whoever gave them first. */
async function rolesOf(
  context: OperationContext,
  people: People,
  { value }: FoundTrust,
  giverId: string,
): Promise<readonly NamedRole[] | Acting> {
  const giver = await enabledUser(context, people, giverId)
  if (giver.kind !== 'found') return giver.kind === 'absent' ? NO_TRUSTOR : giver
  const held = await rolesHeld(context, people, giver.value, value.projectId ?? '')
  if ('kind' in held) return held
  const given = await withImplied(context, people, value.roleIds)
  if ('kind' in given) return given
  const isCovered = value.roleIds.length > 0 && given.length > 0 && given.every(({ id }) => held.has(id))
  const known = new Set(given.map(({ id }) => id))
  const isWhole = value.roleIds.every((id) => known.has(id))
  return isCovered && isWhole ? given : { kind: 'nobody', why: 'no_roles' }
}

/** Ids of what a user's roles come to on a project. */
export async function rolesHeld(
  context: OperationContext,
  people: People,
  user: User,
  projectId: string,
): Promise<ReadonlySet<string> | RecordFailure> {
  const grants = await effectiveGrants(context, people, user)
  if ('kind' in grants) return grants
  const reaching = await rolesReaching(context, people, grants, projectScope(projectId))
  if ('kind' in reaching) return reaching
  const roles = await withImplied(context, people, reaching)
  return 'kind' in roles ? roles : new Set(roles.map(({ id }) => id))
}

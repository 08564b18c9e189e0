/**
 * What somebody has roles on, and which roles those come to: their own and those of their groups, and whatever these roles
 * imply (Identity API v3, "Roles", implied roles). Looked up when it is asked for; nothing of it is kept.
 */
import type { OperationContext } from '#store/operation.ts'
import type { RecordFailure } from '#store/records/contract.ts'
import { type Grant, type GrantScope, isInherited, rolesOn } from './model/grants.ts'
import type { User } from './model/user.ts'
import type { People } from './people.ts'
import { scopesAbove } from './project-tree.ts'

export interface NamedRole {
  readonly id: string
  readonly name: string
}

/** The user's own and those of the groups. */
export async function effectiveGrants(
  context: OperationContext,
  { groups }: People,
  { grants, groupIds }: User,
): Promise<readonly Grant[] | RecordFailure> {
  const all = [...grants]
  for (const id of groupIds) {
    const group = await groups.find(context, id)
    if (group.kind === 'found') all.push(...group.value.grants)
    else if (group.kind !== 'absent') return group
  }
  return all
}

/** Ids of the roles that grants come to on something: those on it, and those that it inherits from what it is under. */
export async function rolesReaching(
  context: OperationContext,
  { projects }: People,
  grants: readonly Grant[],
  on: GrantScope,
): Promise<readonly string[] | RecordFailure> {
  const direct = rolesOn(grants, on)
  if (on.scope !== 'project' || !grants.some(isInherited)) return direct
  const above = await scopesAbove(context, projects, on.id)
  if ('kind' in above) return above
  return [...new Set([...direct, ...above.flatMap((scope) => rolesOn(grants, scope))])]
}

/** Those and all that they imply, each once; what was granted comes first. A role of a domain is not itself among them. */
export async function withImplied(
  context: OperationContext,
  { roles }: People,
  ids: readonly string[],
): Promise<readonly NamedRole[] | RecordFailure> {
  const found: NamedRole[] = []
  const seen = new Set(ids)
  // Grows while it is gone through.
  for (const id of seen) {
    const role = await roles.find(context, id)
    if (role.kind === 'absent') continue
    if (role.kind !== 'found') return role
    if (role.value.domainId === undefined) found.push({ id, name: role.value.name })
    for (const implied of role.value.implies) seen.add(implied)
  }
  return found
}

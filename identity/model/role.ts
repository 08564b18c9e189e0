/**
 * Roles. Those that decide anything are built in and cannot be changed; further ones can be made, and mean what access lists
 * and other services make of them.
 */

import type { RecordKind } from '#store/records/contract.ts'
import { derivedId } from './ids.ts'
import { membersIn, textOr } from './written.ts'

export interface Role {
  readonly name: string
  readonly description: string
  readonly state: 'present' | 'removed'
}

/** What each of the built-in ones may; `docs/identity.md` tells it to operators. */
const BUILT_IN = {
  admin: 'May do everything, in every project',
  member: 'Owns what is in the project',
  reader: 'Reads what is in the project',
  service:
    'A service: validates the tokens of others, and carries on requests of users whose tokens have expired',
  guest: 'Belongs to the project, and may what access lists allow',
} as const

export type BuiltInRole = keyof typeof BUILT_IN

export const BUILT_IN_ROLES: ReadonlyMap<string, Role> = new Map(
  Object.entries(BUILT_IN).map(([name, description]) => [
    derivedId('role', name),
    { name, description, state: 'present' },
  ]),
)

export function builtInRoleId(name: BuiltInRole): string {
  return derivedId('role', name)
}

export const ROLE_RECORDS: RecordKind<Role> = {
  name: 'roles',
  version: 1,
  parse: (written) => {
    const { name, description } = membersIn(written)
    return typeof name === 'string'
      ? { name, description: textOr(description, ''), state: 'present' }
      : undefined
  },
}

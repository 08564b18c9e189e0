/**
 * Roles. Those that decide anything are built in and stay what they are; further ones can be made, and mean what access lists
 * and other services make of them. A role may imply others: who has it has them, too.
 */

import type { RecordKind } from '#store/records/contract.ts'
import { derivedId } from './ids.ts'
import { optionsIn } from './options.ts'
import { isObject, type Members, membersIn, textOr, textsIn } from './written.ts'

export interface Role {
  readonly name: string
  readonly description: string
  /** A role of a domain only implies others; by itself it is in no token, whatever its name (as in Keystone). */
  readonly domainId?: string | undefined
  readonly options?: Members | undefined
  /** What else clients keep with it. */
  readonly extra?: Members | undefined
  /** Ids. */
  readonly implies: readonly string[]
  /** `removed`: it is being taken from those who had it. */
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

/** As `keystone-manage bootstrap` has it. */
const IMPLIED: Partial<Record<string, readonly BuiltInRole[]>> = { admin: ['member'], member: ['reader'] }

export const BUILT_IN_ROLES: ReadonlyMap<string, Role> = new Map(
  Object.entries(BUILT_IN).map(([name, description]) => [
    derivedId('role', name),
    {
      name,
      description,
      implies: (IMPLIED[name] ?? []).map(builtInRoleId),
      state: 'present',
    },
  ]),
)

export function builtInRoleId(name: BuiltInRole): string {
  return derivedId('role', name)
}

export const ROLE_RECORDS: RecordKind<Role> = {
  name: 'roles',
  version: 1,
  parse: (written) => {
    const { name, description, domainId, options, extra, implies, state } = membersIn(written)
    if (typeof name !== 'string') return undefined
    return {
      name,
      description: textOr(description, ''),
      ...(typeof domainId === 'string' ? { domainId } : {}),
      ...optionsIn(options),
      ...(isObject(extra) ? { extra } : {}),
      implies: textsIn(implies),
      state: state === 'removed' ? 'removed' : 'present',
    }
  },
}

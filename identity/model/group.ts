/** Groups of users: who is in one has the roles that it has. Who is in it is written with the users (`user.ts`). */
import type { RecordKind } from '#store/records/contract.ts'
import { type Grant, grantsIn } from './grants.ts'
import { DEFAULT_DOMAIN_ID } from './ids.ts'
import { type Members, membersIn, textOr } from './written.ts'

export interface Group {
  readonly name: string
  readonly domainId: string
  readonly description: string | null
  readonly grants: readonly Grant[]
  /** What else clients keep with it. */
  readonly extra: Members
  /** `removed`: its members are still being told. */
  readonly state: 'present' | 'removed'
}

export const GROUP_RECORDS: RecordKind<Group> = {
  name: 'groups',
  version: 1,
  parse: (written) => {
    const { name, domainId, description, grants, extra, state } = membersIn(written)
    if (typeof name !== 'string') return undefined
    return {
      name,
      domainId: textOr(domainId, DEFAULT_DOMAIN_ID),
      description: description === null ? null : textOr(description, ''),
      grants: grantsIn(grants),
      extra: membersIn(extra),
      state: state === 'removed' ? 'removed' : 'present',
    }
  },
}

export function newGroup(name: string, domainId: string): Group {
  return { name, domainId, description: '', grants: [], extra: {}, state: 'present' }
}

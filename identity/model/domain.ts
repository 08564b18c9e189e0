/** Domains: each has users, groups and projects of its own, whose names are unique within it (Identity API v3, "Domains"). */
import type { RecordKind } from '#store/records/contract.ts'
import { optionsIn } from './options.ts'
import { type Members, membersIn, textOr, textsIn } from './written.ts'

export interface Domain {
  readonly name: string
  readonly description: string | null
  /** Nobody of one that is not signs in. */
  readonly enabled: boolean
  readonly tags: readonly string[]
  readonly options?: Members | undefined
  /** What else clients keep with it. */
  readonly extra: Members
  /** `removed`: what was in it is being removed. */
  readonly state: 'present' | 'removed'
}

/** The one that is always there, and cannot be shut. */
export const DEFAULT_DOMAIN: Domain = {
  name: 'Default',
  description: 'The domain of users and projects that name no other',
  enabled: true,
  tags: [],
  extra: {},
  state: 'present',
}

export const DOMAIN_RECORDS: RecordKind<Domain> = {
  name: 'domains',
  version: 1,
  parse: (written) => {
    const { name, description, enabled, tags, options, extra, state } = membersIn(written)
    if (typeof name !== 'string') return undefined
    return {
      name,
      description: description === null ? null : textOr(description, ''),
      enabled: enabled !== false,
      tags: textsIn(tags),
      ...optionsIn(options),
      extra: membersIn(extra),
      state: state === 'removed' ? 'removed' : 'present',
    }
  },
}

export function newDomain(name: string): Domain {
  return { name, description: '', enabled: true, tags: [], extra: {}, state: 'present' }
}

/** How a request names a domain. */
export interface DomainReference {
  readonly id?: string | undefined
  readonly name?: string | undefined
}

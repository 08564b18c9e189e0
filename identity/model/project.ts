/** Projects: each has an account, `AUTH_` and its id. */
import type { RecordKind } from '#store/records/contract.ts'
import { DEFAULT_DOMAIN_ID } from './ids.ts'
import { type Members, membersIn, textOr, textsIn } from './written.ts'

export interface Project {
  readonly name: string
  readonly domainId: string
  readonly description: string
  readonly enabled: boolean
  readonly tags: readonly string[]
  /** What else clients keep with it. */
  readonly extra: Members
  /** `removed`: the configuration still has it, or what hung on it is being removed. */
  readonly state: 'present' | 'removed'
}

export const PROJECT_RECORDS: RecordKind<Project> = {
  name: 'projects',
  version: 1,
  parse: (written) => {
    const { name, domainId, description, enabled, tags, extra, state } = membersIn(written)
    if (typeof name !== 'string') return undefined
    return {
      name,
      domainId: textOr(domainId, DEFAULT_DOMAIN_ID),
      description: textOr(description, ''),
      enabled: enabled !== false,
      tags: textsIn(tags),
      extra: membersIn(extra),
      state: state === 'removed' ? 'removed' : 'present',
    }
  },
}

export function newProject(name: string, domainId = DEFAULT_DOMAIN_ID): Project {
  return { name, domainId, description: '', enabled: true, tags: [], extra: {}, state: 'present' }
}

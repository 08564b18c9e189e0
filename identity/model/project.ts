/** Projects: each has an account, `AUTH_` and its id. */
import type { RecordKind } from '#store/records/contract.ts'
import { type Members, membersIn, textOr, textsIn } from './written.ts'

export interface Project {
  readonly name: string
  readonly description: string
  readonly enabled: boolean
  readonly tags: readonly string[]
  /** What else clients keep with it. */
  readonly extra: Members
  /** `removed`: the configuration still has it. */
  readonly state: 'present' | 'removed'
}

export const PROJECT_RECORDS: RecordKind<Project> = {
  name: 'projects',
  version: 1,
  parse: (written) => {
    const { name, description, enabled, tags, extra, state } = membersIn(written)
    if (typeof name !== 'string') return undefined
    return {
      name,
      description: textOr(description, ''),
      enabled: enabled !== false,
      tags: textsIn(tags),
      extra: membersIn(extra),
      state: state === 'removed' ? 'removed' : 'present',
    }
  },
}

export function newProject(name: string): Project {
  return { name, description: '', enabled: true, tags: [], extra: {}, state: 'present' }
}

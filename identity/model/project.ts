/** Projects: each has an account, `AUTH_` and its id. They are in a domain, and may be under one another. */
import type { RecordKind } from '#store/records/contract.ts'
import { DEFAULT_DOMAIN_ID } from './ids.ts'
import { optionsIn } from './options.ts'
import { type Members, membersIn, textOr, textsIn } from './written.ts'

export interface Project {
  readonly name: string
  readonly domainId: string
  /** The project that it is under, for ever; without, it is directly under its domain. */
  readonly parentId?: string | undefined
  /** How often a project was made under it: no removal goes by without having seen the last one (`project-tree.ts`). */
  readonly childrenMade?: number | undefined
  readonly description: string | null
  readonly enabled: boolean
  readonly tags: readonly string[]
  readonly options?: Members | undefined
  /** What else clients keep with it. */
  readonly extra: Members
  /** `removed`: the configuration still has it, or what hung on it is being removed. */
  readonly state: 'present' | 'removed'
}

export const PROJECT_RECORDS: RecordKind<Project> = {
  name: 'projects',
  version: 1,
  parse: (written) => {
    const members = membersIn(written)
    const { name, domainId, parentId, childrenMade, description, enabled, tags, extra, state } = members
    if (typeof name !== 'string') return undefined
    return {
      name,
      domainId: textOr(domainId, DEFAULT_DOMAIN_ID),
      ...(typeof parentId === 'string' ? { parentId } : {}),
      ...(typeof childrenMade === 'number' ? { childrenMade } : {}),
      description: description === null ? null : textOr(description, ''),
      enabled: enabled !== false,
      tags: textsIn(tags),
      ...optionsIn(members['options']),
      extra: membersIn(extra),
      state: state === 'removed' ? 'removed' : 'present',
    }
  },
}

export function newProject(name: string, domainId = DEFAULT_DOMAIN_ID): Project {
  return { name, domainId, description: '', enabled: true, tags: [], extra: {}, state: 'present' }
}

/** Keystone's schema. */
export const TAGS_MAX = 80
const TAG = /^[^,/]{1,255}$/

/** What is wrong with the tags of a request, if anything. */
export function whyWrongTags(given: unknown): string | undefined {
  if (given === undefined) return undefined
  const isGood =
    Array.isArray(given) &&
    given.length <= TAGS_MAX &&
    new Set(given).size === given.length &&
    given.every((tag) => typeof tag === 'string' && TAG.test(tag))
  return isGood
    ? undefined
    : `Invalid input for field 'tags': up to ${TAGS_MAX} different texts of 1 to 255 characters, without comma and slash`
}

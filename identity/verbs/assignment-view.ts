/** One line of `/v3/role_assignments`, and how the Identity API shows it. */
import type { Entry } from '../entries.ts'
import { type GrantScope, isInherited } from '../model/grants.ts'
import { DEFAULT_DOMAIN_ID } from '../model/ids.ts'

type View = Readonly<Record<string, unknown>>

type Directory = ReadonlyMap<string, Entry<{ readonly name: string; readonly domainId?: string | undefined }>>

/** Where names are looked up, by id. */
export interface Directories {
  readonly users: Directory
  readonly groups: Directory
  readonly roles: Directory
  readonly projects: Directory
  readonly domains: Directory
}

/** Where one came from, when it is not from a grant to the holder on that itself. */
interface Origin {
  readonly groupId?: string | undefined
  readonly priorId?: string | undefined
  /** Where the role was given that the project inherits. */
  readonly from?: GrantScope | undefined
}

export interface Assignment {
  readonly holder: 'user' | 'group'
  readonly holderId: string
  readonly on: GrantScope
  readonly roleId: string
  readonly by?: Origin | undefined
}

/** Names where they are wanted. */
export function assignmentView(
  { holder, holderId, on, roleId, by = {} }: Assignment,
  url: string,
  names: Directories | undefined,
): View {
  const holders = holder === 'user' ? names?.users : names?.groups
  const [linkHolder, linkId] = by.groupId === undefined ? [holder, holderId] : ['group', by.groupId]
  const link = `${pathOf(by.from ?? on)}/${linkHolder}s/${linkId}/roles/${by.priorId ?? roleId}`
  const inherited = by.from !== undefined || isInherited(on)
  return {
    role: named(roleId, names?.roles, undefined),
    [holder]: named(holderId, holders, names?.domains),
    scope: { ...scopeView(on, names), ...(inherited ? { 'OS-INHERIT:inherited_to': 'projects' } : {}) },
    links: {
      assignment: url + (inherited ? `/OS-INHERIT${link}/inherited_to_projects` : link),
      ...(by.groupId === undefined ? {} : { membership: `${url}/groups/${by.groupId}/users/${holderId}` }),
      ...(by.priorId === undefined
        ? {}
        : { prior_role: `${url}/prior_role/${roleId}/implies/${by.priorId}` }),
    },
  }
}

function pathOf({ scope, id }: GrantScope): string {
  switch (scope) {
    case 'project':
    case 'under_project':
      return `/projects/${encodeURIComponent(id)}`
    case 'domain':
    case 'under_domain':
      return `/domains/${encodeURIComponent(id)}`
    case 'system':
      return '/system'
  }
}

function scopeView({ scope, id }: GrantScope, names: Directories | undefined): View {
  switch (scope) {
    case 'project':
    case 'under_project':
      return { project: named(id, names?.projects, names?.domains) }
    case 'domain':
    case 'under_domain':
      return { domain: named(id, names?.domains, undefined) }
    case 'system':
      return { system: { all: true } }
  }
}

/** With its name where names are wanted, and with its domain where it is in one. */
function named(id: string, things: Directory | undefined, domains: Directory | undefined): View {
  const thing = things?.get(id)
  if (thing === undefined) return { id }
  const { name, domainId = DEFAULT_DOMAIN_ID } = thing.value
  if (domains === undefined) return { id, name }
  return { id, name, domain: { id: domainId, name: domains.get(domainId)?.value.name } }
}

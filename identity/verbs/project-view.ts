/** A project with what the query asks to see of the projects above and under it (Identity API v3, "Show project details"). */
import type { Response } from '#http/message.ts'
import { json, refusal, unavailable } from '../answers.ts'
import { effectiveGrants, rolesReaching } from '../effective-roles.ts'
import type { Entry } from '../entries.ts'
import { projectScope } from '../model/grants.ts'
import type { Project } from '../model/project.ts'
import { ProjectTree } from '../project-tree.ts'
import { domainAsProjectView, projectView } from '../views.ts'
import { callerOf, type Visit } from '../visit.ts'
import { isAsked } from './listed.ts'

type View = Readonly<Record<string, unknown>>

/** Ids within ids; `null` where nothing follows. */
type Ids = { readonly [id: string]: Ids | null } | null

const FURTHER = ['parents_as_list', 'parents_as_ids', 'subtree_as_list', 'subtree_as_ids'] as const

export async function projectAnswer(visit: Visit, project: Entry<Project>): Promise<Response> {
  const { parts, context, query, url } = visit
  const asked = FURTHER.filter((name) => isAsked(query, name))
  const both = ['parents', 'subtree'].find((what) => asked.filter((name) => name.startsWith(what)).length > 1)
  if (both !== undefined) return refusal(400, notBoth(both))
  const view = projectView(project, url)
  if (asked.length === 0) return json(200, { project: view })
  const all = await parts.people.projects.list(context)
  if ('kind' in all) return unavailable(all)
  const tree = new ProjectTree(all)
  const further: Record<string, unknown> = {}
  for (const name of asked) {
    const seen = await furtherView(visit, name, project, tree)
    if (isAnswer(seen)) return seen
    Object.assign(further, seen)
  }
  return json(200, { project: { ...view, ...further } })
}

function isAnswer(seen: View | Response): seen is Response {
  return 'status' in seen && 'headers' in seen
}

function notBoth(what: string): string {
  return `Cannot use ${what}_as_list and ${what}_as_ids query params at the same time.`
}

/** Lists have only what the caller has a role on. */
async function furtherView(
  visit: Visit,
  name: (typeof FURTHER)[number],
  project: Entry<Project>,
  tree: ProjectTree,
): Promise<View | Response> {
  switch (name) {
    case 'parents_as_ids':
      return { parents: idsAbove(project, tree) }
    case 'subtree_as_ids':
      return { subtree: idsUnder(project.id, tree) }
    case 'parents_as_list':
      return await listOf(visit, 'parents', tree.above(project), await domainAbove(visit, project))
    case 'subtree_as_list':
      return await listOf(visit, 'subtree', tree.under(project.id), [])
  }
}

/** A domain is a project as well: the highest of all. */
function idsAbove({ value }: Entry<Project>, tree: ProjectTree): Ids {
  const parent = tree.byId.get(value.parentId ?? '')
  return parent === undefined
    ? { [value.parentId ?? value.domainId]: null }
    : { [parent.id]: idsAbove(parent, tree) }
}

function idsUnder(id: string, tree: ProjectTree): Ids {
  const under = tree.directlyUnder(id)
  if (under.length === 0) return null
  return Object.fromEntries(under.map((one) => [one.id, idsUnder(one.id, tree)]))
}

async function domainAbove({ parts, context, caller, url }: Visit, { value }: Entry<Project>) {
  const grants = caller?.identified.user.value.grants ?? []
  const isSeen = grants.some(({ scope, id }) => scope === 'domain' && id === value.domainId)
  const domain = isSeen ? await parts.people.domains.find(context, value.domainId) : undefined
  return domain?.kind === 'found' ? [{ project: domainAsProjectView(domain, url) }] : []
}

async function listOf(
  visit: Visit,
  member: string,
  projects: readonly Entry<Project>[],
  further: readonly View[],
): Promise<View | Response> {
  const { parts, context, url } = visit
  const grants = await effectiveGrants(context, parts.people, callerOf(visit).identified.user.value)
  if ('kind' in grants) return unavailable(grants)
  const views: View[] = []
  for (const project of projects) {
    const roles = await rolesReaching(context, parts.people, grants, projectScope(project.id))
    if ('kind' in roles) return unavailable(roles)
    if (roles.length > 0) views.push({ project: projectView(project, url) })
  }
  return { [member]: [...views, ...further] }
}

/** `/v3/auth/…`: what somebody may get tokens for, and the catalogue. */
import type { Response } from '#http/message.ts'
import type { RecordFailure } from '#store/records/contract.ts'
import { forbidden, json, unavailable } from '../answers.ts'
import { catalogueView, wholeCatalogue } from '../catalogue.ts'
import { effectiveGrants } from '../effective-roles.ts'
import type { Entry } from '../entries.ts'
import { DEFAULT_DOMAIN } from '../model/domain.ts'
import { type Grant, type GrantScope, isInherited } from '../model/grants.ts'
import { DEFAULT_DOMAIN_ID } from '../model/ids.ts'
import type { User } from '../model/user.ts'
import { ProjectTree } from '../project-tree.ts'
import { domainView, listView, projectView } from '../views.ts'
import { callerOf, type Visit } from '../visit.ts'
import { filtered } from './listed.ts'

/** Without a scope there is none. */
export async function showCatalogue({ caller, parts, context, hostUrl, url }: Visit): Promise<Response> {
  if (caller?.identified.scope.kind === 'unscoped') return forbidden()
  const further = await parts.furtherCatalogue.read(context)
  if (further.kind !== 'found') return unavailable(further)
  const person = { projectId: caller?.identified.project?.id, userId: caller?.identified.user.id ?? '' }
  const catalog = catalogueView(wholeCatalogue({ ...parts, hostUrl }, further.value), person)
  return json(200, { catalog, links: { self: `${url}/auth/catalog` } })
}

export async function ownProjects(visit: Visit): Promise<Response> {
  return await projectsOf(visit, callerOf(visit).identified.user)
}

/** Projects on which the user has a role. */
export async function projectsOf(visit: Visit, { value }: Entry<User>): Promise<Response> {
  const { parts, context, query, url } = visit
  const { projects } = parts.people
  return await listed(visit, value, 'projects', async ({ scope, id }) => {
    if (scope !== 'project') return undefined
    const project = await projects.find(context, id)
    if (project.kind === 'found') {
      return filtered([project], query).length > 0 ? { view: projectView(project, url) } : undefined
    }
    return project.kind === 'absent' ? undefined : project
  })
}

export async function ownDomains(visit: Visit): Promise<Response> {
  const { parts, context, url } = visit
  const { user } = callerOf(visit).identified
  return await listed(visit, user.value, 'domains', async ({ scope, id }) => {
    if (scope !== 'domain') return undefined
    if (id === DEFAULT_DOMAIN_ID) return { view: domainView({ id, value: DEFAULT_DOMAIN }, url) }
    const domain = await parts.people.domains.find(context, id)
    if (domain.kind === 'found') return domain.value.enabled ? { view: domainView(domain, url) } : undefined
    return domain.kind === 'absent' ? undefined : domain
  })
}

export async function ownSystem(visit: Visit): Promise<Response> {
  const { parts, context, url } = visit
  const grants = await effectiveGrants(context, parts.people, callerOf(visit).identified.user.value)
  if ('kind' in grants) return unavailable(grants)
  const system = grants.some(({ scope }) => scope === 'system') ? [{ all: true }] : []
  return json(200, { system, links: { self: `${url}/auth/system` } })
}

type View = Readonly<Record<string, unknown>>

/** What they are on, and the projects that inherit them. */
async function whatTheyReach(
  { parts, context }: Pick<Visit, 'parts' | 'context'>,
  grants: readonly Grant[],
): Promise<readonly GrantScope[] | RecordFailure> {
  const inherited = grants.filter(isInherited)
  if (inherited.length === 0) return grants
  const all = await parts.people.projects.list(context)
  if ('kind' in all) return all
  const tree = new ProjectTree(all)
  const projects = inherited.flatMap((on) => tree.reachedBy(on))
  return [...grants, ...projects.map(({ id }) => ({ scope: 'project', id }) as const)]
}

/** What the user has roles on, each once, as `viewOf` shows it. */
async function listed(
  { parts, context, self }: Visit,
  user: User,
  member: string,
  viewOf: (on: GrantScope) => Promise<{ readonly view: View } | RecordFailure | undefined>,
): Promise<Response> {
  const grants = await effectiveGrants(context, parts.people, user)
  if ('kind' in grants) return unavailable(grants)
  const reached = await whatTheyReach({ parts, context }, grants)
  if ('kind' in reached) return unavailable(reached)
  const views: View[] = []
  const once = new Map(reached.map((on) => [`${on.scope} ${on.id}`, on]))
  for (const grant of once.values()) {
    const shown = await viewOf(grant)
    if (shown === undefined) continue
    if (!('view' in shown)) return unavailable(shown)
    views.push(shown.view)
  }
  return json(200, listView(member, views, self))
}

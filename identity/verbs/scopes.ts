/** `/v3/auth/…`: what somebody may get tokens for, and the catalogue. */
import type { Response } from '#http/message.ts'
import { json, unavailable } from '../answers.ts'
import { catalogue } from '../catalogue.ts'
import type { Entry } from '../entries.ts'
import type { Project } from '../model/project.ts'
import type { User } from '../model/user.ts'
import { domainView, listView, projectView } from '../views.ts'
import { callerOf, type Visit } from '../visit.ts'

export async function showCatalogue({ caller, parts, hostUrl, url }: Visit): Promise<Response> {
  const catalog = catalogue({ ...parts, hostUrl }, caller?.identified.project?.id)
  return json(200, { catalog, links: { self: `${url}/auth/catalog` } })
}

export async function ownProjects(visit: Visit): Promise<Response> {
  return await projectsOf(visit, callerOf(visit).identified.user, '/auth/projects')
}

/** Projects on which the user has a role. */
export async function projectsOf(
  { parts, context, url }: Visit,
  { value }: Entry<User>,
  path: string,
): Promise<Response> {
  const projects: Entry<Project>[] = []
  for (const { scope, id } of value.grants) {
    if (scope !== 'project') continue
    const project = await parts.people.projects.find(context, id)
    if (project.kind === 'found') projects.push(project)
    else if (project.kind !== 'absent') return unavailable(project)
  }
  const views = projects.map((project) => projectView(project, url))
  return json(200, listView('projects', views, url + path))
}

export async function ownDomains(visit: Visit): Promise<Response> {
  const { grants } = callerOf(visit).identified.user.value
  const views = grants.some(({ scope }) => scope === 'domain') ? [domainView(visit.url)] : []
  return json(200, listView('domains', views, `${visit.url}/auth/domains`))
}

export async function ownSystem(visit: Visit): Promise<Response> {
  const { grants } = callerOf(visit).identified.user.value
  const system = grants.some(({ scope }) => scope === 'system') ? [{ all: true }] : []
  return json(200, { system, links: { self: `${visit.url}/auth/system` } })
}

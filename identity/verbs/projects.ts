/** `/v3/projects`: listed, shown, made, changed, removed; their tags. */
import type { Response } from '#http/message.ts'
import { conflict, forbidden, json, noContent, notFound, refusal, unavailable } from '../answers.ts'
import { effectiveGrants } from '../effective-roles.ts'
import type { Entry } from '../entries.ts'
import { hasRole } from '../identified.ts'
import { projectScope, rolesOn } from '../model/grants.ts'
import { newId } from '../model/ids.ts'
import { newProject, type Project } from '../model/project.ts'
import { furtherMembers, isNameText, type Members, membersIn, textOr, textsIn } from '../model/written.ts'
import { domainAsProjectView, listView, projectView } from '../views.ts'
import { callerOf, type Visit } from '../visit.ts'
import { domainFor } from './domains.ts'
import { filtered } from './listed.ts'

/** Keystone's schema. */
const NAME_CHARACTERS_MAX = 64
const TAGS_MAX = 80
const KNOWN = [
  'id',
  'name',
  'domain_id',
  'parent_id',
  'is_domain',
  'enabled',
  'description',
  'tags',
  'options',
  'links',
]

export async function listProjects({ parts, context, query, url, self }: Visit): Promise<Response> {
  const { projects, domains } = parts.people
  const answer = (views: readonly Members[]): Response => json(200, listView('projects', views, self))
  if (query.get('is_domain')?.toLowerCase() === 'true') {
    const listed = await domains.list(context)
    if ('kind' in listed) return unavailable(listed)
    return answer(filtered(listed, query).map((domain) => domainAsProjectView(domain, url)))
  }
  const listed = await projects.list(context)
  if ('kind' in listed) return unavailable(listed)
  const parent = query.get('parent_id')
  const wanted = filtered(listed, query).filter(
    ({ value }) => hasTags(value, query) && (parent === null || value.domainId === parent),
  )
  return answer(wanted.map((one) => projectView(one, url)))
}

function hasTags({ tags }: Project, query: URLSearchParams): boolean {
  const all = query.get('tags')?.split(',') ?? []
  const any = query.get('tags-any')?.split(',')
  return all.every((tag) => tags.includes(tag)) && (any?.some((tag) => tags.includes(tag)) ?? true)
}

/** Those who have a role on it may see it. A domain is a project, too. */
export async function showProject(visit: Visit): Promise<Response> {
  const { parts, context, named, url } = visit
  const { identified } = callerOf(visit)
  const isAdmin = hasRole(identified, 'admin')
  const domain = isAdmin ? await parts.people.domains.find(context, named['project'] ?? '') : undefined
  if (domain?.kind === 'found') return json(200, { project: domainAsProjectView(domain, url) })
  return await withProject(visit, async (project) => {
    const grants = await effectiveGrants(context, parts.people, identified.user.value)
    if ('kind' in grants) return unavailable(grants)
    const mayShow = isAdmin || rolesOn(grants, projectScope(project.id)).length > 0
    return mayShow ? json(200, { project: projectView(project, url) }) : forbidden()
  })
}

export async function createProject(visit: Visit): Promise<Response> {
  const { parts, context, body, url } = visit
  const given = membersIn(body['project'])
  const wrong = whyWrong(given, 'name_needed')
  if (wrong !== undefined) return refusal(400, wrong)
  const where = await domainFor(visit, { domain_id: given['domain_id'] ?? given['parent_id'] })
  if ('status' in where) return where
  const { domainId } = where
  if ((given['parent_id'] ?? domainId) !== domainId)
    return refusal(400, 'Projects have no projects under them')
  const project = changed(newProject('', domainId), given)
  const id = newId(parts.random)
  const created = await parts.people.projects.create(context, id, project)
  if (created.kind === 'found') return json(201, { project: projectView(created, url) })
  if (created.kind !== 'name_taken') return unavailable(created)
  const details = `it is not permitted to have two projects with either the same name or same id in the same domain: name is ${project.name}, project id ${id}`
  return conflict('project', project.name, details)
}

export async function updateProject(visit: Visit): Promise<Response> {
  const given = membersIn(visit.body['project'])
  const wrong = whyWrong(given, 'name_kept')
  if (wrong !== undefined) return refusal(400, wrong)
  return await change(
    visit,
    (project) => changed(project, given),
    (project) => json(200, { project: projectView(project, visit.url) }),
  )
}

export async function deleteProject({ parts, context, named }: Visit): Promise<Response> {
  const id = named['project'] ?? ''
  const removed = await parts.removals.remove(context, 'projects', id)
  if (removed.kind === 'removed') return noContent()
  return removed.kind === 'absent' ? notFound('project', id) : unavailable(removed)
}

export async function listTags(visit: Visit): Promise<Response> {
  return await withProject(visit, async ({ value }) => json(200, { tags: value.tags }))
}

export async function replaceTags(visit: Visit): Promise<Response> {
  const tags = textsIn(visit.body['tags'])
  if (tags.length > TAGS_MAX) return refusal(400, `A project has ${TAGS_MAX} tags at most`)
  return await change(
    visit,
    (project) => ({ ...project, tags }),
    ({ value }) => json(200, { tags: value.tags }),
  )
}

export async function removeTags(visit: Visit): Promise<Response> {
  return await change(
    visit,
    (project) => ({ ...project, tags: [] }),
    () => noContent(),
  )
}

export async function addTag(visit: Visit): Promise<Response> {
  const tag = visit.named['tag'] ?? ''
  return await change(
    visit,
    (project) => ({ ...project, tags: [...new Set([...project.tags, tag])] }),
    () => ({ ...noContent(), status: 201 }),
  )
}

export async function showTag(visit: Visit): Promise<Response> {
  const tag = visit.named['tag'] ?? ''
  return await withProject(visit, async ({ value }) =>
    value.tags.includes(tag) ? noContent() : notFound('project tag', tag),
  )
}

export async function removeTag(visit: Visit): Promise<Response> {
  const tag = visit.named['tag'] ?? ''
  return await change(
    visit,
    (project) => ({ ...project, tags: project.tags.filter((one) => one !== tag) }),
    () => noContent(),
  )
}

async function change(
  { parts, context, named }: Visit,
  to: (project: Project) => Project,
  then: (project: Entry<Project>) => Response,
): Promise<Response> {
  const id = named['project'] ?? ''
  const outcome = await parts.people.projects.change(context, id, (project) => ({
    kind: 'value',
    value: to(project),
  }))
  if (outcome.kind === 'found') return then(outcome)
  if (outcome.kind === 'absent') return notFound('project', id)
  return outcome.kind === 'name_taken' ? conflict('project', id) : unavailable()
}

export async function withProject(
  { parts, context, named }: Visit,
  then: (project: Entry<Project>) => Promise<Response>,
): Promise<Response> {
  const id = named['project'] ?? ''
  const project = await parts.people.projects.find(context, id)
  if (project.kind === 'found') return await then(project)
  return project.kind === 'absent' ? notFound('project', id) : unavailable(project)
}

function changed(project: Project, given: Members): Project {
  return {
    ...project,
    name: textOr(given['name'], project.name),
    description: textOr(given['description'], project.description),
    enabled: given['enabled'] === undefined ? project.enabled : given['enabled'] === true,
    tags: given['tags'] === undefined ? project.tags : textsIn(given['tags']),
    extra: { ...project.extra, ...furtherMembers(given, KNOWN) },
  }
}

function whyWrong(
  { name, enabled, is_domain: isDomain }: Members,
  names: 'name_needed' | 'name_kept',
): string | undefined {
  if (name === undefined ? names === 'name_needed' : !isNameText(name, NAME_CHARACTERS_MAX)) {
    return `Invalid input for field 'name': 1 to ${NAME_CHARACTERS_MAX} characters are needed`
  }
  if (enabled !== undefined && typeof enabled !== 'boolean') {
    return `Invalid input for field 'enabled': true or false is needed`
  }
  return isDomain === true ? 'A domain is made at /v3/domains' : undefined
}

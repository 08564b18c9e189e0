/** `/v3/projects`: listed, shown, made, changed, removed. Their tags are in `project-tags.ts`. */
import type { Response } from '#http/message.ts'
import { conflict, forbidden, json, noContent, notFound, refusal, unavailable } from '../answers.ts'
import { effectiveGrants, rolesReaching } from '../effective-roles.ts'
import type { Entry } from '../entries.ts'
import { hasRole } from '../identified.ts'
import { projectScope } from '../model/grants.ts'
import { newId } from '../model/ids.ts'
import {
  changedOptions,
  endsImmutability,
  isImmutable,
  RESOURCE_OPTIONS,
  whyWrongOptions,
} from '../model/options.ts'
import { newProject, type Project, whyWrongTags } from '../model/project.ts'
import { furtherMembers, isNameText, type Members, membersIn, textOr, textsIn } from '../model/written.ts'
import { ProjectTree, projectsAbove, TREE_DEPTH_MAX } from '../project-tree.ts'
import { domainAsProjectView, listView, projectView } from '../views.ts'
import { callerOf, type Visit } from '../visit.ts'
import { changeDomain, domainFor, makeDomain, removeDomain } from './domains.ts'
import { immutable } from './immutable.ts'
import { filtered } from './listed.ts'
import { projectAnswer } from './project-view.ts'

/** Keystone's schema. */
const NAME_CHARACTERS_MAX = 64
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
    ({ value }) =>
      hasTags(value, query) && (parent === null || (value.parentId ?? value.domainId) === parent),
  )
  return answer(wanted.map((one) => projectView(one, url)))
}

/** All of `tags`, one of `tags-any`; not all of `not-tags`, none of `not-tags-any`. */
function hasTags({ tags }: Project, query: URLSearchParams): boolean {
  const has = (tag: string): boolean => tags.includes(tag)
  const asked = (name: string): readonly string[] | undefined => query.get(name)?.split(',')
  return (
    (asked('tags')?.every(has) ?? true) &&
    (asked('tags-any')?.some(has) ?? true) &&
    !(asked('not-tags')?.every(has) ?? false) &&
    !(asked('not-tags-any')?.some(has) ?? false)
  )
}

/** Those who have a role on it may see it, and others do not learn whether it is there. A domain is a project, too. */
export async function showProject(visit: Visit): Promise<Response> {
  const { parts, context, named, url } = visit
  const { identified } = callerOf(visit)
  const isAdmin = hasRole(identified, 'admin')
  const domain = isAdmin ? await parts.people.domains.find(context, named['project'] ?? '') : undefined
  if (domain?.kind === 'found') return json(200, { project: domainAsProjectView(domain, url) })
  const found = isAdmin ? undefined : await parts.people.projects.find(context, named['project'] ?? '')
  if (found?.kind === 'absent') return forbidden()
  return await withProject(visit, async (project) => {
    const grants = await effectiveGrants(context, parts.people, identified.user.value)
    if ('kind' in grants) return unavailable(grants)
    const roles = await rolesReaching(context, parts.people, grants, projectScope(project.id))
    if ('kind' in roles) return unavailable(roles)
    return isAdmin || roles.length > 0 ? await projectAnswer(visit, project) : forbidden()
  })
}

export async function createProject(visit: Visit): Promise<Response> {
  const { parts, context, body, url } = visit
  const given = membersIn(body['project'])
  const wrong = whyWrong(given, 'name_needed')
  if (wrong !== undefined) return refusal(400, wrong)
  if (given['is_domain'] === true) return await createAsDomain(visit, given)
  const where = await placeFor(visit, given)
  if ('status' in where) return where
  const project = changed({ ...newProject('', where.domainId), ...where }, given)
  const id = newId(parts.random)
  const created = await parts.people.projects.create(context, id, project)
  if (created.kind !== 'found') {
    return created.kind === 'name_taken' ? taken(project.name, id) : unavailable(created)
  }
  const { parentId } = where
  const told = parentId === undefined ? undefined : await tellParent(visit, parentId, id)
  return told ?? json(201, { project: projectView(created, url) })
}

async function createAsDomain(visit: Visit, given: Members): Promise<Response> {
  if (typeof given['parent_id'] === 'string' || typeof given['domain_id'] === 'string') {
    return refusal(400, 'only root projects are allowed to act as domains.')
  }
  return await makeDomain(visit, given, (domain) => ({ project: domainAsProjectView(domain, visit.url) }))
}

/** Keystone's words. */
function taken(name: string, id: string): Response {
  const details = `it is not permitted to have two projects with either the same name or same id in the same domain: name is ${name}, project id ${id}`
  return conflict('project', name, details)
}

/** The second step of a creation under another project (`project-tree.ts`); `undefined` when it is done. */
async function tellParent(
  { parts, context }: Visit,
  parentId: string,
  id: string,
): Promise<Response | undefined> {
  const { projects } = parts.people
  const told = await projects.change(context, parentId, (parent) => ({
    kind: 'value',
    value: { ...parent, childrenMade: (parent.childrenMade ?? 0) + 1 },
  }))
  if (told.kind === 'found') return undefined
  // Nobody was told of it; if this fails as well, it goes with the one above it.
  await parts.removals.remove(context, 'projects', id)
  return told.kind === 'absent' ? noParent(parentId) : unavailable()
}

function noParent(id: string): Response {
  return refusal(400, `Could not find project: ${id}.`)
}

/** Where it is to be, if it can be there. */
async function placeFor(
  visit: Visit,
  given: Members,
): Promise<{ readonly domainId: string; readonly parentId?: string } | Response> {
  const where = await domainFor(visit, given)
  if ('status' in where) return where.status === 404 ? refusal(400, noDomain(given)) : where
  const { domainId } = where
  const parentId = textOr(given['parent_id'], domainId)
  if (parentId === domainId) return { domainId }
  const { parts, context } = visit
  const parent = await parts.people.projects.find(context, parentId, 'newest')
  if (parent.kind === 'absent') return await noProjectAt(visit, parentId, domainId)
  if (parent.kind !== 'found') return unavailable(parent)
  const above = await projectsAbove(context, parts.people.projects, parent)
  if ('kind' in above) return unavailable(above)
  return whyNotUnder([parent, ...above], domainId) ?? { domainId, parentId }
}

function noDomain({ domain_id: id }: Members): string {
  return `Could not find domain: ${textOr(id, '')}.`
}

/** Keystone's words. */
async function noProjectAt(visit: Visit, id: string, domainId: string): Promise<Response> {
  const domain = await visit.parts.people.domains.find(visit.context, id)
  if (domain.kind === 'absent') return noParent(id)
  return refusal(
    400,
    `Cannot create project, the parent (${id}) is acting as a domain, but this project's domain id (${domainId}) does not match the parent's id.`,
  )
}

/** Keystone's words. */
function whyNotUnder(above: readonly Entry<Project>[], domainId: string): Response | undefined {
  const [parent] = above
  if (parent !== undefined && parent.value.domainId !== domainId) {
    return refusal(
      400,
      `Cannot create project, since it specifies its domain_id ${domainId}, but specifies a parent in a different domain (${parent.value.domainId}).`,
    )
  }
  const shut = above.find(({ value }) => !value.enabled)
  if (shut !== undefined) {
    return refusal(400, `cannot create a project in a branch containing a disabled project: ${shut.id}`)
  }
  if (above.length < TREE_DEPTH_MAX) return undefined
  return refusal(403, `Max hierarchy depth reached for ${parent?.id} branch.`)
}

/** A domain as well. */
export async function updateProject(visit: Visit): Promise<Response> {
  const { parts, context, named, url } = visit
  const given = membersIn(visit.body['project'])
  const domain = await parts.people.domains.find(context, named['project'] ?? '')
  if (domain.kind === 'found') {
    return await changeDomain(visit, domain.id, given, (changed) => ({
      project: domainAsProjectView(changed, url),
    }))
  }
  const wrong = whyWrong(given, 'name_kept') ?? (Object.keys(given).length === 0 ? NOTHING_GIVEN : undefined)
  if (wrong !== undefined) return refusal(400, wrong)
  const all = await parts.people.projects.list(context, 'newest')
  if ('kind' in all) return unavailable(all)
  const tree = new ProjectTree(all)
  return await changeProject(
    visit,
    (project) => whyNotChanged(named['project'] ?? '', project, given, tree) ?? changed(project, given),
    (project) => json(200, { project: projectView(project, url) }),
    (project) => isImmutable(project) && !endsImmutability(given),
  )
}

const NOTHING_GIVEN = 'Expecting at least one member to change'

/** Keystone's words. */
function whyNotChanged(
  id: string,
  project: Project,
  given: Members,
  tree: ProjectTree,
): Response | undefined {
  const { domain_id: domainId, parent_id: parentId, is_domain: isDomain, enabled } = given
  if ((given['id'] ?? id) !== id) return refusal(400, 'Cannot change project ID')
  if (domainId !== undefined && domainId !== project.domainId) return refusal(400, 'Cannot change Domain ID')
  if (parentId !== undefined && parentId !== (project.parentId ?? project.domainId)) {
    return refusal(403, 'Update of `parent_id` is not allowed.')
  }
  if (isDomain === true) return refusal(400, 'Update of `is_domain` is not allowed.')
  if (enabled === true && !project.enabled && tree.above({ value: project }).some(isShut)) {
    return refusal(403, `Cannot enable project ${id} since it has disabled parents`)
  }
  if (enabled === false && project.enabled && !tree.under(id).every(isShut)) {
    return refusal(403, `Cannot disable project ${id} since its subtree contains enabled projects.`)
  }
  return undefined
}

function isShut({ value }: Entry<Project>): boolean {
  return !value.enabled
}

/** A domain as well. */
export async function deleteProject(visit: Visit): Promise<Response> {
  const { parts, context, named } = visit
  const domain = await parts.people.domains.find(context, named['project'] ?? '')
  if (domain.kind === 'found') return await removeDomain(visit, domain.id)
  return await withProject(visit, async ({ id, value }) => {
    if (isImmutable(value)) return immutable('delete', 'project', id)
    const removed = await parts.removals.removeLeaf(context, id)
    if (removed.kind === 'removed') return noContent()
    if (removed.kind === 'not_a_leaf') return refusal(403, notALeaf(id))
    return removed.kind === 'absent' ? notFound('project', id) : unavailable(removed)
  })
}

/** Keystone's words. */
function notALeaf(id: string): string {
  return `Cannot delete the project ${id} since it is not a leaf in the hierarchy. Use the cascade option if you want to delete a whole subtree.`
}

/** `to` says what it is to be, or the answer that refuses it. */
export async function changeProject(
  { parts, context, named }: Visit,
  to: (project: Project) => Project | Response,
  then: (project: Entry<Project>) => Response,
  isKept: (project: Project) => boolean = isImmutable,
): Promise<Response> {
  const id = named['project'] ?? ''
  const outcome = await parts.people.projects.change<Response>(context, id, (project) => {
    const wanted = isKept(project) ? immutable('update', 'project', id) : to(project)
    return 'status' in wanted ? { kind: 'refused', refusal: wanted } : { kind: 'value', value: wanted }
  })
  if (outcome.kind === 'found') return then(outcome)
  if (outcome.kind === 'refused') return outcome.refusal
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
    name: textOr(given['name'], project.name).trim(),
    description: given['description'] === null ? null : textOr(given['description'], project.description),
    enabled: given['enabled'] === undefined ? project.enabled : given['enabled'] === true,
    tags: given['tags'] === undefined ? project.tags : textsIn(given['tags']).map((tag) => tag.trim()),
    ...changedOptions(project.options, given['options']),
    extra: { ...project.extra, ...furtherMembers(given, KNOWN) },
  }
}

function whyWrong(
  { name, enabled, tags, options, is_domain: isDomain, domain_id: domainId, parent_id: parentId }: Members,
  names: 'name_needed' | 'name_kept',
): string | undefined {
  if (name === undefined ? names === 'name_needed' : !isNameText(name, NAME_CHARACTERS_MAX)) {
    return `Invalid input for field 'name': 1 to ${NAME_CHARACTERS_MAX} characters are needed`
  }
  if ([enabled, isDomain].some((one) => one !== undefined && typeof one !== 'boolean')) {
    return `Invalid input for field 'enabled' or 'is_domain': true or false is needed`
  }
  if ([domainId, parentId].some((one) => one !== undefined && one !== null && typeof one !== 'string')) {
    return `Invalid input for field 'domain_id' or 'parent_id': an id is needed`
  }
  return whyWrongTags(tags) ?? whyWrongOptions(options, RESOURCE_OPTIONS)
}

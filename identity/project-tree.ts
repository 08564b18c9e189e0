/**
 * Projects under projects (Identity API v3, "Projects", `parent_id`). A project is made under another once and for all, so
 * there are no circles, and whatever was above a project stays above it.
 *
 * A project goes only when nothing is under it. One is made in two steps: 1 its own record, 2 `childrenMade` of the one above
 * it is counted up. A removal reads that number, looks for projects under it, and retires the record only while the number is
 * still the same. So of a creation and a removal at the same moment one fails: either the removal has seen the new project,
 * or the second step finds nobody above, and the new project is taken back. A process that dies between the two steps leaves
 * a project of which nobody was told; it goes with the one above it (`removals.ts`).
 */
import type { OperationContext } from '#store/operation.ts'
import type { RecordFailure } from '#store/records/contract.ts'
import type { Entries, Entry } from './entries.ts'
import type { GrantScope } from './model/grants.ts'
import type { Project } from './model/project.ts'

/** Most projects one above the other (Keystone, `max_project_tree_depth`). */
export const TREE_DEPTH_MAX = 5

/** The projects above it, the nearest first. One that is gone ends the line. */
export async function projectsAbove(
  context: OperationContext,
  projects: Entries<Project>,
  { value }: Pick<Entry<Project>, 'value'>,
): Promise<readonly Entry<Project>[] | RecordFailure> {
  const above: Entry<Project>[] = []
  let id = value.parentId
  while (id !== undefined && above.length <= TREE_DEPTH_MAX) {
    const project = await projects.find(context, id)
    if (project.kind === 'absent') break
    if (project.kind !== 'found') return project
    above.push(project)
    id = project.value.parentId
  }
  return above
}

/** Where grants that a project inherits can be: its domain, and every project above it. */
export async function scopesAbove(
  context: OperationContext,
  projects: Entries<Project>,
  id: string,
): Promise<readonly GrantScope[] | RecordFailure> {
  const project = await projects.find(context, id)
  if (project.kind === 'absent') return []
  if (project.kind !== 'found') return project
  const above = await projectsAbove(context, projects, project)
  if ('kind' in above) return above
  return inheritedScopes(project.value.domainId, above)
}

function inheritedScopes(domainId: string, above: readonly Entry<Project>[]): readonly GrantScope[] {
  return [
    { scope: 'under_domain', id: domainId },
    ...above.map(({ id }) => ({ scope: 'under_project', id }) as const),
  ]
}

/** All projects, and what is under which. */
export class ProjectTree {
  readonly byId: ReadonlyMap<string, Entry<Project>>
  readonly #under = new Map<string, Entry<Project>[]>()

  constructor(all: readonly Entry<Project>[]) {
    this.byId = new Map(all.map((project) => [project.id, project]))
    for (const project of all) {
      const { parentId } = project.value
      if (parentId !== undefined) this.#under.set(parentId, [...this.directlyUnder(parentId), project])
    }
  }

  directlyUnder(id: string): readonly Entry<Project>[] {
    return this.#under.get(id) ?? []
  }

  /** At whatever depth. */
  under(id: string): readonly Entry<Project>[] {
    return this.directlyUnder(id).flatMap((project) => [project, ...this.under(project.id)])
  }

  /** The nearest first. */
  above({ value }: Pick<Entry<Project>, 'value'>): readonly Entry<Project>[] {
    const parent = this.byId.get(value.parentId ?? '')
    return parent === undefined ? [] : [parent, ...this.above(parent)]
  }

  /** What a grant on what is under something reaches. */
  reachedBy({ scope, id }: GrantScope): readonly Entry<Project>[] {
    if (scope === 'under_project') return this.under(id)
    if (scope !== 'under_domain') return []
    return [...this.byId.values()].filter(({ value }) => value.domainId === id)
  }
}

/**
 * Removals of what other records lead to: a project on which users and groups have roles, a role, a group, a user with key
 * pairs, a domain with all that is in it.
 *
 * Steps, each of which may be the last one:
 *
 *     1 retire the record: from here on nobody finds it, tokens for it are void, its name is free
 *     2 take it out of every record that names it, and remove what it owns
 *     3 forget the record
 *
 * The retired record is the note of what is under way: `finishAll`, which every proxy does now and then, takes up whatever
 * has one. Each step can be done any number of times, and by several at once.
 *
 * What names it anew while it goes (a role that is given on a project just then) looks once more after it was written. A project
 * goes only when none is under it (`project-tree.ts`).
 */
import type { Clock } from '#base/environment.ts'
import type { OperationContext } from '#store/operation.ts'
import type { RecordFailure } from '#store/records/contract.ts'
import type { Credentials } from './credentials.ts'
import type { Absent } from './entries.ts'
import {
  domainScope,
  type Grant,
  type GrantScope,
  projectScope,
  withoutRoleAnywhere,
  withoutWhole,
} from './model/grants.ts'
import type { Trust } from './model/trust.ts'
import type { User } from './model/user.ts'
import type { People } from './people.ts'
import { ProjectTree } from './project-tree.ts'

export type Removable = 'users' | 'groups' | 'projects' | 'roles' | 'domains'

/** Domains first: what is in them is retired then. */
const ALL: readonly Removable[] = ['domains', 'projects', 'groups', 'users', 'roles']

type Outcome = Promise<RecordFailure | undefined>

/** Others who make projects under one that is to go. */
const TRIES = 20

export class Removals {
  readonly #people: People
  readonly #credentials: Credentials
  readonly #clock: Clock

  constructor(people: People, credentials: Credentials, clock: Clock) {
    this.#people = people
    this.#credentials = credentials
    this.#clock = clock
  }

  /** `removed`: it is gone for good; what could not be taken away with it now will be. */
  async remove(
    context: OperationContext,
    kind: Removable,
    id: string,
  ): Promise<{ readonly kind: 'removed' } | Absent | RecordFailure> {
    const retired = await this.#people[kind].retire(context, id)
    if (retired.kind === 'removed') await this.#finish(context, kind, id)
    return retired
  }

  /** A project under which there is none. */
  async removeLeaf(
    context: OperationContext,
    id: string,
  ): Promise<{ readonly kind: 'removed' } | { readonly kind: 'not_a_leaf' } | Absent | RecordFailure> {
    const { projects } = this.#people
    for (let tries = 0; tries < TRIES; tries += 1) {
      const project = await projects.find(context, id, 'newest')
      if (project.kind !== 'found') return project
      const all = await projects.list(context, 'newest')
      if ('kind' in all) return all
      if (new ProjectTree(all).directlyUnder(id).length > 0) return { kind: 'not_a_leaf' }
      const seen = project.value.childrenMade
      const retired = await projects.retireIf(context, id, ({ childrenMade }) => childrenMade === seen)
      if (retired.kind === 'removed') await this.#finish(context, 'projects', id)
      if (retired.kind !== 'kept') return retired
    }
    return { kind: 'unavailable', reason: 'others make projects under it at this moment' }
  }

  /** Takes up every removal that was left half-way; says how many there were. */
  async finishAll(context: OperationContext): Promise<{ readonly finished: number } | RecordFailure> {
    let finished = 0
    for (const kind of ALL) {
      const ids = await this.#people[kind].retired(context)
      if ('kind' in ids) return ids
      for (const id of ids) {
        const failure = await this.#finish(context, kind, id)
        if (failure !== undefined) return failure
        finished += 1
      }
    }
    return (await this.#sweepTrusts(context)) ?? { finished }
  }

  /** Whatever was left of them, by whomever. */
  async #sweepTrusts(context: OperationContext): Outcome {
    const { trusts, users, projects } = this.#people
    const isAbsent = async (entries: typeof users | typeof projects, id: string): Promise<boolean> => {
      if ((await entries.find(context, id)).kind !== 'absent') return false
      return (await entries.find(context, id, 'newest')).kind === 'absent'
    }
    return await trusts.sweep(
      context,
      this.#clock.wallMs(),
      async ({ trustorId, trusteeId, projectId }) =>
        (await isAbsent(users, trustorId)) ||
        (await isAbsent(users, trusteeId)) ||
        (projectId !== undefined && (await isAbsent(projects, projectId))),
    )
  }

  async #finish(context: OperationContext, kind: Removable, id: string): Outcome {
    const failure = await this.#detach(context, kind, id)
    if (failure !== undefined) return failure
    const forgotten = await this.#people[kind].forget(context, id)
    return forgotten.kind === 'removed' ? undefined : forgotten
  }

  async #detach(context: OperationContext, kind: Removable, id: string): Outcome {
    switch (kind) {
      case 'users':
        return (
          (await this.#credentials.removeAllOf(context, id)) ??
          (await this.#removeTrusts(context, ({ trustorId, trusteeId }) =>
            [trustorId, trusteeId].includes(id),
          ))
        )
      case 'groups':
        return await this.#people.users.changeEach(context, (user) => withoutGroup(user, id))
      case 'projects':
        return await this.#detachProject(context, id)
      case 'roles':
        return await this.#detachRole(context, id)
      case 'domains':
        return await this.#detachDomain(context, id)
    }
  }

  /** Projects under it are those of which nobody was told, or their domain goes as well. */
  async #detachProject(context: OperationContext, id: string): Outcome {
    const all = await this.#people.projects.list(context, 'newest')
    if ('kind' in all) return all
    for (const { id: under } of new ProjectTree(all).directlyUnder(id)) {
      const removed = await this.remove(context, 'projects', under)
      if ('reason' in removed) return removed
    }
    return (
      (await this.#people.users.changeEach(context, (user) => withoutProject(user, id))) ??
      (await this.#ungrant(context, projectScope(id))) ??
      (await this.#credentials.removeAllOn(context, id)) ??
      (await this.#removeTrusts(context, ({ projectId }) => projectId === id))
    )
  }

  async #detachRole(context: OperationContext, id: string): Outcome {
    const { users, groups, roles } = this.#people
    return (
      (await users.changeEach(context, (user) => withoutRole(user, id))) ??
      (await groups.changeEach(context, (group) =>
        withGrants(group, withoutRoleAnywhere(group.grants, id)),
      )) ??
      (await roles.changeEach(context, (role) =>
        role.implies.includes(id)
          ? { ...role, implies: role.implies.filter((one) => one !== id) }
          : undefined,
      )) ??
      (await this.#removeTrusts(context, ({ roleIds }) => roleIds.includes(id)))
    )
  }

  async #removeTrusts(context: OperationContext, isMeant: (trust: Trust) => boolean): Outcome {
    return await this.#people.trusts.removeThose(context, isMeant)
  }

  /** What is in it goes the same way, each with steps of its own. */
  async #detachDomain(context: OperationContext, domainId: string): Outcome {
    for (const kind of ['projects', 'groups', 'users', 'roles'] as const) {
      const all = await this.#people[kind].list(context, 'newest')
      if ('kind' in all) return all
      for (const { id, value } of all) {
        if (value.domainId !== domainId) continue
        const removed = await this.remove(context, kind, id)
        if ('reason' in removed) return removed
      }
    }
    const on = domainScope(domainId)
    const failure = await this.#people.users.changeEach(context, (user) =>
      withGrants(user, withoutWhole(user.grants, on)),
    )
    return failure ?? (await this.#ungrant(context, on))
  }

  /** From groups. */
  async #ungrant(context: OperationContext, on: GrantScope): Outcome {
    return await this.#people.groups.changeEach(context, (group) =>
      withGrants(group, withoutWhole(group.grants, on)),
    )
  }
}

/** `undefined`: they are the same. */
function withGrants<Holder extends { readonly grants: readonly Grant[] }>(
  holder: Holder,
  grants: readonly Grant[],
): Holder | undefined {
  const count = (some: readonly Grant[]): number => some.reduce((sum, { roleIds }) => sum + roleIds.length, 0)
  return count(grants) === count(holder.grants) ? undefined : { ...holder, grants }
}

function withoutGroup(user: User, id: string): User | undefined {
  if (!user.groupIds.includes(id)) return undefined
  return { ...user, groupIds: user.groupIds.filter((one) => one !== id) }
}

function withoutProject(user: User, id: string): User | undefined {
  const grants = withGrants(user, withoutWhole(user.grants, projectScope(id)))?.grants
  const credentials = user.applicationCredentials.filter(({ projectId }) => projectId !== id)
  const isDefault = user.defaultProjectId === id
  const isConcerned =
    grants !== undefined || isDefault || credentials.length < user.applicationCredentials.length
  if (!isConcerned) return undefined
  return {
    ...user,
    grants: grants ?? user.grants,
    applicationCredentials: credentials,
    defaultProjectId: isDefault ? undefined : user.defaultProjectId,
  }
}

/** An application credential that is left with no role goes as well. */
function withoutRole(user: User, id: string): User | undefined {
  const grants = withGrants(user, withoutRoleAnywhere(user.grants, id))?.grants
  const isMeant = user.applicationCredentials.some(({ roleIds }) => roleIds.includes(id))
  if (grants === undefined && !isMeant) return undefined
  return {
    ...user,
    grants: grants ?? user.grants,
    applicationCredentials: user.applicationCredentials
      .map((one) => ({ ...one, roleIds: one.roleIds.filter((roleId) => roleId !== id) }))
      .filter(({ roleIds }) => roleIds.length > 0),
  }
}

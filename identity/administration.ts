/**
 * What an operator does to users, projects and keys from the command line: by names, in one step, each outcome a value. The
 * authority is that of whoever has the cluster's secrets; no password is asked for.
 */
import type { Clock, Random } from '#base/environment.ts'
import type { OperationContext } from '#store/operation.ts'
import type { RecordFailure } from '#store/records/contract.ts'
import { blobOf, type Credentials, credentialIdOf, type KeyPair, keyPairIn } from './credentials.ts'
import type { Entry } from './entries.ts'
import { projectScope, withoutRole, withRole } from './model/grants.ts'
import { newId } from './model/ids.ts'
import { newProject, type Project } from './model/project.ts'
import type { Role } from './model/role.ts'
import { newUser, type User } from './model/user.ts'
import type { Passwords } from './passwords.ts'
import type { People } from './people.ts'
import { Removals } from './removals.ts'

export interface AdministrationParts {
  readonly people: People
  readonly credentials: Credentials
  readonly passwords: Passwords
  readonly clock: Clock
  readonly random: Random
  readonly context: OperationContext
}

/** Why it was not done, for a person. */
export interface Problem {
  readonly problem: string
}

export interface ListedUser {
  readonly id: string
  readonly name: string
  readonly enabled: boolean
  readonly from: 'configuration' | 'cluster'
  /** `member@test` */
  readonly roles: readonly string[]
}

export interface ListedKey {
  readonly access: string
  readonly project: string
}

const PASSWORD_BYTES = 15

export class Administration {
  readonly #parts: AdministrationParts
  readonly #removals: Removals

  constructor(parts: AdministrationParts) {
    this.#parts = parts
    this.#removals = new Removals(parts.people, parts.credentials, parts.clock)
  }

  /** As long and as random as nobody would choose. */
  newPassword(): string {
    return this.#parts.random.bytes(PASSWORD_BYTES).toString('base64url')
  }

  async users(): Promise<readonly ListedUser[] | Problem> {
    const { people, context } = this.#parts
    const users = await people.users.list(context)
    const [roles, projects] = [await this.#names(people.roles), await this.#names(people.projects)]
    if ('kind' in users) return problemOf(users)
    if ('problem' in roles) return roles
    if ('problem' in projects) return projects
    return users.map(({ id, value, source }) => ({
      id,
      name: value.name,
      enabled: value.enabled,
      from: source === 'configured' ? 'configuration' : 'cluster',
      roles: value.grants.flatMap((grant) =>
        grant.roleIds.flatMap((roleId) => {
          const [role, on] = [roles.names.get(roleId), projects.names.get(grant.id) ?? grant.scope]
          return role === undefined ? [] : `${role}@${on}`
        }),
      ),
    }))
  }

  async projects(): Promise<readonly { readonly id: string; readonly name: string }[] | Problem> {
    const projects = await this.#parts.people.projects.list(this.#parts.context)
    if ('kind' in projects) return problemOf(projects)
    return projects.map(({ id, value }) => ({ id, name: value.name }))
  }

  /** `id`: of an account that is there already, `AUTH_` and this; a new one without. */
  async createProject(name: string, id?: string): Promise<{ readonly id: string } | Problem> {
    const { people, random, context } = this.#parts
    const created = await people.projects.create(context, id ?? newId(random), newProject(name))
    if (created.kind === 'found') return created
    return created.kind === 'name_taken'
      ? { problem: `there is a project called ${name} already` }
      : problemOf(created)
  }

  async deleteProject(name: string): Promise<Problem | undefined> {
    const project = await this.#project(name)
    if ('problem' in project) return project
    const removed = await this.#removals.remove(this.#parts.context, 'projects', project.id)
    return removed.kind === 'removed' ? undefined : problemOf(removed)
  }

  async createUser(name: string, password: string): Promise<{ readonly id: string } | Problem> {
    const { people, passwords, random, context } = this.#parts
    const hash = await passwords.hash(password)
    const user: User = { ...newUser(name), password: this.#hashed(hash) }
    const created = await people.users.create(context, newId(random), user)
    if (created.kind === 'found') return created
    return created.kind === 'name_taken'
      ? { problem: `there is a user called ${name} already` }
      : problemOf(created)
  }

  /** Tokens of a user whose password is changed, or who is shut out, are void. */
  async changeUser(
    name: string,
    { password, enabled }: { readonly password?: string | undefined; readonly enabled?: boolean | undefined },
  ): Promise<Problem | undefined> {
    const hash = password === undefined ? undefined : await this.#parts.passwords.hash(password)
    return await this.#change(name, (user) => ({
      ...user,
      enabled: enabled ?? user.enabled,
      password: hash === undefined ? user.password : this.#hashed(hash),
      generation: hash === undefined && enabled !== false ? user.generation : user.generation + 1,
    }))
  }

  async deleteUser(name: string): Promise<Problem | undefined> {
    const user = await this.#user(name)
    if ('problem' in user) return user
    const removed = await this.#removals.remove(this.#parts.context, 'users', user.id)
    return removed.kind === 'removed' ? undefined : problemOf(removed)
  }

  /** The first project that a user has a role on is where it signs in to by itself. */
  async grant(userName: string, roleName: string, projectName: string): Promise<Problem | undefined> {
    const named = await this.#named(userName, roleName, projectName)
    if ('problem' in named) return named
    const { user, role, project } = named
    return await this.#change(user.value.name, (there) => ({
      ...there,
      defaultProjectId: there.defaultProjectId ?? project.id,
      grants: withRole(there.grants, projectScope(project.id), role.id),
    }))
  }

  async revoke(userName: string, roleName: string, projectName: string): Promise<Problem | undefined> {
    const named = await this.#named(userName, roleName, projectName)
    if ('problem' in named) return named
    const { user, role, project } = named
    return await this.#change(user.value.name, (there) => ({
      ...there,
      grants: withoutRole(there.grants, projectScope(project.id), role.id),
    }))
  }

  async keys(userName: string): Promise<readonly ListedKey[] | Problem> {
    const { people, credentials, context } = this.#parts
    const user = await this.#user(userName)
    if ('problem' in user) return user
    const projects = await this.#names(people.projects)
    if ('problem' in projects) return projects
    const listed = await credentials.list(context, user.id)
    if ('kind' in listed) return problemOf(listed)
    return listed.flatMap((credential) => {
      const pair = keyPairIn(credential)
      const { projectId = '' } = credential
      return pair === undefined
        ? []
        : { access: pair.access, project: projects.names.get(projectId) ?? projectId }
    })
  }

  async createKey(userName: string, projectName: string): Promise<KeyPair | Problem> {
    const { credentials, context } = this.#parts
    const [user, project] = [await this.#user(userName), await this.#project(projectName)]
    if ('problem' in user) return user
    if ('problem' in project) return project
    if (!user.value.grants.some(({ scope, id }) => scope === 'project' && id === project.id)) {
      return { problem: `${userName} has no role on ${projectName}: grant one first` }
    }
    const pair = credentials.newKeyPair()
    const created = await credentials.create(context, credentialIdOf(pair.access), {
      userId: user.id,
      projectId: project.id,
      type: 'ec2',
      blob: blobOf(pair),
    })
    if (created.kind === 'found') return pair
    return created.kind === 'exists'
      ? { problem: 'chance made the same key twice; try again' }
      : problemOf(created)
  }

  async deleteKey(access: string): Promise<Problem | undefined> {
    const { credentials, context } = this.#parts
    const removed = await credentials.remove(context, credentialIdOf(access))
    if (removed.kind === 'removed') return undefined
    return removed.kind === 'absent' ? { problem: `there is no key ${access}` } : problemOf(removed)
  }

  /** After a key was put first in `recordKeys`: says how many secrets were under another. */
  async resealKeys(): Promise<{ readonly resealed: number } | Problem> {
    const outcome = await this.#parts.credentials.resealAll(this.#parts.context)
    return 'resealed' in outcome ? outcome : problemOf(outcome)
  }

  /** `undefined` when there is a user of this name already. */
  async firstAdministrator(
    name: string,
    projectName: string,
  ): Promise<{ readonly password: string } | Problem | undefined> {
    const { people, context } = this.#parts
    const there = await people.users.findByName(context, { name })
    if (there.kind === 'found') return undefined
    if (there.kind !== 'absent') return problemOf(there)
    const project = await people.projects.findByName(context, { name: projectName })
    const made = project.kind === 'found' ? project : await this.createProject(projectName)
    if ('problem' in made) return made
    const password = this.newPassword()
    const created = await this.createUser(name, password)
    if ('problem' in created) return created
    return (await this.grant(name, 'admin', projectName)) ?? { password }
  }

  #hashed(hash: string): User['password'] {
    return { kind: 'hashed', hash, setAtMs: Math.floor(this.#parts.clock.wallMs()) }
  }

  async #change(name: string, to: (user: User) => User): Promise<Problem | undefined> {
    const user = await this.#user(name)
    if ('problem' in user) return user
    const changed = await this.#parts.people.users.change(this.#parts.context, user.id, (there) => ({
      kind: 'value',
      value: to(there),
    }))
    if (changed.kind === 'found') return undefined
    return 'reason' in changed ? problemOf(changed) : { problem: `${name} was changed meanwhile` }
  }

  async #named(
    userName: string,
    roleName: string,
    projectName: string,
  ): Promise<
    { readonly user: Entry<User>; readonly role: Entry<Role>; readonly project: Entry<Project> } | Problem
  > {
    const { people, context } = this.#parts
    const [user, project] = [await this.#user(userName), await this.#project(projectName)]
    const role = await people.roles.findByName(context, { name: roleName })
    if ('problem' in user) return user
    if ('problem' in project) return project
    if (role.kind === 'found') return { user, role, project }
    return role.kind === 'absent' ? { problem: `there is no role ${roleName}` } : problemOf(role)
  }

  async #user(name: string): Promise<Entry<User> | Problem> {
    const found = await this.#parts.people.users.findByName(this.#parts.context, { name })
    if (found.kind === 'found') return found
    return found.kind === 'absent' ? { problem: `there is no user ${name}` } : problemOf(found)
  }

  async #project(name: string): Promise<Entry<Project> | Problem> {
    const found = await this.#parts.people.projects.findByName(this.#parts.context, { name })
    if (found.kind === 'found') return found
    return found.kind === 'absent' ? { problem: `there is no project ${name}` } : problemOf(found)
  }

  async #names(
    entries: People['roles'] | People['projects'],
  ): Promise<{ readonly names: ReadonlyMap<string, string> } | Problem> {
    const listed = await entries.list(this.#parts.context)
    if ('kind' in listed) return problemOf(listed)
    return { names: new Map(listed.map(({ id, value }) => [id, value.name])) }
  }
}

function problemOf(failure: RecordFailure | { readonly kind: 'absent' }): Problem {
  return { problem: failure.kind === 'absent' ? 'it is gone already' : failure.reason }
}

/** `martlet user`, `martlet project`, `martlet key`: who may use the cluster. */
import { text } from 'node:stream/consumers'
import type { Problem } from '#identity/administration.ts'
import { administer } from './administration.ts'
import type { ClusterArguments } from './cluster-access.ts'
import { say } from './report.ts'

export interface PeopleArguments extends ClusterArguments {
  readonly json?: true
}

export interface CreateUserArguments extends ClusterArguments {
  readonly project?: string
  readonly role: string
  readonly passwordStdin?: true
}

export interface SetUserArguments extends ClusterArguments {
  readonly passwordStdin?: true
  readonly newPassword?: true
  readonly enable?: true
  readonly disable?: true
}

export async function listUsers(args: PeopleArguments): Promise<void> {
  await administer(args, async (administration) => {
    const users = await administration.users()
    if ('problem' in users) return users
    if (args.json === true) return told(JSON.stringify(users))
    const rows = users.map(({ name, enabled, from, roles }) => [
      name,
      enabled ? '' : 'disabled',
      from,
      roles.join(' '),
    ])
    return told(table(['USER', '', 'FROM', 'ROLES'], rows))
  })
}

/** The password is read from standard input, or made up and printed. */
export async function createUser(name: string, args: CreateUserArguments): Promise<void> {
  const given = args.passwordStdin === true ? await passwordFromInput() : undefined
  await administer(args, async (administration) => {
    const password = given ?? administration.newPassword()
    const created = await administration.createUser(name, password)
    if ('problem' in created) return created
    if (given === undefined) say(`password: ${password}`)
    return args.project === undefined ? undefined : await administration.grant(name, args.role, args.project)
  })
}

export async function setUser(name: string, args: SetUserArguments): Promise<void> {
  const given = args.passwordStdin === true ? await passwordFromInput() : undefined
  await administer(args, async (administration) => {
    const password = args.newPassword === true ? administration.newPassword() : given
    const enabled = args.enable === true ? true : args.disable === true ? false : undefined
    const problem = await administration.changeUser(name, { password, enabled })
    if (problem === undefined && args.newPassword === true) say(`password: ${password}`)
    return problem
  })
}

export async function deleteUser(name: string, args: ClusterArguments): Promise<void> {
  await administer(args, (administration) => administration.deleteUser(name))
}

export async function grantRole(
  [user, role, project]: readonly [string, string, string],
  args: ClusterArguments,
): Promise<void> {
  await administer(args, (administration) => administration.grant(user, role, project))
}

export async function revokeRole(
  [user, role, project]: readonly [string, string, string],
  args: ClusterArguments,
): Promise<void> {
  await administer(args, (administration) => administration.revoke(user, role, project))
}

export async function listProjects(args: PeopleArguments): Promise<void> {
  await administer(args, async (administration) => {
    const projects = await administration.projects()
    if ('problem' in projects) return projects
    if (args.json === true) return told(JSON.stringify(projects))
    return told(
      table(
        ['PROJECT', 'ID'],
        projects.map(({ name, id }) => [name, id]),
      ),
    )
  })
}

export async function createProject(
  name: string,
  args: ClusterArguments & { readonly id?: string },
): Promise<void> {
  await administer(args, async (administration) => {
    const created = await administration.createProject(name, args.id)
    return 'problem' in created ? created : told(`id: ${created.id}`)
  })
}

export async function deleteProject(name: string, args: ClusterArguments): Promise<void> {
  await administer(args, (administration) => administration.deleteProject(name))
}

export async function listKeys(user: string, args: PeopleArguments): Promise<void> {
  await administer(args, async (administration) => {
    const keys = await administration.keys(user)
    if ('problem' in keys) return keys
    if (args.json === true) return told(JSON.stringify(keys))
    return told(
      table(
        ['ACCESS KEY', 'PROJECT'],
        keys.map(({ access, project }) => [access, project]),
      ),
    )
  })
}

export async function createKey(user: string, project: string, args: ClusterArguments): Promise<void> {
  await administer(args, async (administration) => {
    const pair = await administration.createKey(user, project)
    if ('problem' in pair) return pair
    return told(`access key: ${pair.access}\nsecret key: ${pair.secret}`)
  })
}

export async function deleteKey(access: string, args: ClusterArguments): Promise<void> {
  await administer(args, (administration) => administration.deleteKey(access))
}

export async function resealKeys(args: ClusterArguments): Promise<void> {
  await administer(args, async (administration) => {
    const outcome = await administration.resealKeys()
    return 'problem' in outcome ? outcome : told(`${outcome.resealed} secrets are sealed anew`)
  })
}

async function passwordFromInput(): Promise<string> {
  return (await text(process.stdin)).replace(/\r?\n$/, '')
}

function told(answer: string): Problem | undefined {
  say(answer)
  return undefined
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)))
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

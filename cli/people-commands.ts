/** The commands by which an operator says who may use the cluster. What each does is loaded when it is called. */
import type { Command } from 'commander'
import type { ClusterArguments } from './cluster-access.ts'
import { ofCluster } from './operator-commands.ts'
import type { CreateUserArguments, PeopleArguments, SetUserArguments } from './people.ts'

const people = () => import('./people.ts')

export function addPeopleCommands(program: Command): void {
  addUsers(program.command('user').description('users of the cluster, and of a configuration file'))
  addProjects(program.command('project').description('projects: each has an account, AUTH_ and its id'))
  addKeys(program.command('key').description('key pairs of the S3 door'))
}

function addUsers(user: Command): void {
  user
    .command('hash')
    .description('read a key from standard input and print its hash for the configuration file')
    .action(async () => {
      await (await import('./user.ts')).hashUserKey()
    })
  ofCluster(user.command('list'))
    .description('everybody, with their roles')
    .option('--json', 'for programs')
    .action(async (options: PeopleArguments) => (await people()).listUsers(options))
  ofCluster(user.command('create').argument('<name>'))
    .description('a new user; a password is made up and printed unless one is given')
    .option('--project <name>', 'on which it gets a role')
    .option('--role <role>', 'admin, member, reader, service or one that was made', 'member')
    .option('--password-stdin', 'read the password from standard input')
    .action(async (name: string, options: CreateUserArguments) => (await people()).createUser(name, options))
  ofCluster(user.command('set').argument('<name>'))
    .description('change the password, shut out, let in again; tokens of before are void')
    .option('--password-stdin', 'read the new password from standard input')
    .option('--new-password', 'make a new password up and print it')
    .option('--disable', 'nothing works for this user any more')
    .option('--enable', 'it does again')
    .action(async (name: string, options: SetUserArguments) => (await people()).setUser(name, options))
  ofCluster(user.command('delete').argument('<name>'))
    .description('with all keys and application credentials; accounts stay')
    .action(async (name: string, options: ClusterArguments) => (await people()).deleteUser(name, options))
  for (const verb of ['grant', 'revoke'] as const) {
    ofCluster(user.command(verb).argument('<user>').argument('<role>').argument('<project>'))
      .description(verb === 'grant' ? 'give a role on a project' : 'take a role on a project away')
      .action(async (user: string, role: string, project: string, options: ClusterArguments) => {
        const { grantRole, revokeRole } = await people()
        await (verb === 'grant' ? grantRole : revokeRole)([user, role, project], options)
      })
  }
}

function addProjects(project: Command): void {
  ofCluster(project.command('list'))
    .description('all projects')
    .option('--json', 'for programs')
    .action(async (options: PeopleArguments) => (await people()).listProjects(options))
  ofCluster(project.command('create').argument('<name>'))
    .description('a new project')
    .option('--id <id>', 'of an account that is there already, without AUTH_')
    .action(async (name: string, options: ClusterArguments & { id?: string }) =>
      (await people()).createProject(name, options),
    )
  ofCluster(project.command('delete').argument('<name>'))
    .description('nobody can sign in to it any more; what is in its account stays')
    .action(async (name: string, options: ClusterArguments) => (await people()).deleteProject(name, options))
}

function addKeys(key: Command): void {
  ofCluster(key.command('list').argument('<user>'))
    .description('access keys of a user')
    .option('--json', 'for programs')
    .action(async (user: string, options: PeopleArguments) => (await people()).listKeys(user, options))
  ofCluster(key.command('create').argument('<user>').argument('<project>'))
    .description('a new key pair; the secret is printed once')
    .action(async (user: string, project: string, options: ClusterArguments) =>
      (await people()).createKey(user, project, options),
    )
  ofCluster(key.command('reseal'))
    .description(
      'seal all secrets under the first of recordKeys in the cluster file, so that the others can go',
    )
    .action(async (options: ClusterArguments) => (await people()).resealKeys(options))
  ofCluster(key.command('delete').argument('<access-key>'))
    .description('it is good for nothing any more')
    .action(async (access: string, options: ClusterArguments) => (await people()).deleteKey(access, options))
}

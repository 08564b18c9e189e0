/** The commands of `martlet`. Only what the chosen one needs is loaded, so that a cluster is up in a moment. */
import { Command, CommanderError } from 'commander'
import type { ClusterArguments } from './cluster-access.ts'
import type { ImageAdoptArguments, ImageExportArguments } from './image-objects.ts'
import type { ImageUploadArguments } from './image-upload.ts'
import { addOperatorCommands } from './operator-commands.ts'
import { addPeopleCommands } from './people-commands.ts'
import type { PublishArguments } from './publish.ts'
import type { StartArguments } from './start.ts'
import { version } from './version.ts'

/** Runs the command that the arguments name; sets the exit code. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  const program = new Command('martlet')
    .description('An object storage cluster that speaks the OpenStack Swift API.')
    .configureOutput({
      outputError: (message, write) => write(`martlet: ${message.replace(/^error: /, '')}`),
    })
    .version(version(), '--version')
    .exitOverride()
  // Whoever reads the answer may have seen enough of it (`martlet config explain | head`).
  process.stdout.on('error', () => process.exit())
  addServers(program)
  addConfig(program)
  addCluster(program)
  addOperatorCommands(program)
  addPeopleCommands(program)
  addPublish(program)
  addImage(program)
  await addRing(program, argv)
  try {
    await program.parseAsync(argv)
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    process.exitCode = error.exitCode
  }
}

function addServers(program: Command): void {
  program
    .command('start')
    .description('run a whole cluster on this machine, until it is told to stop')
    .option('--port <port>', 'port on which clients are served; 0 for any free one (MARTLET_PORT)')
    .option('--data <directory>', 'directory with everything of the cluster (MARTLET_DATA)')
    .option('--config <file>', 'configuration file')
    .option(
      '--no-dev-users',
      'one administrator with a random password, instead of users that everybody knows',
    )
    .action(async (options: StartArguments) => {
      await (await import('./start.ts')).start(options)
    })
  program
    .command('node')
    .description('run the storage servers of this host, a process per device')
    .requiredOption('--config <file>', 'configuration file')
    .option('--new-cluster', 'the cluster starts now: devices without any state have lost nothing')
    .action(async (options: { config: string; newCluster?: true }) => {
      await (await import('./node.ts')).runNode(options)
    })
  program
    .command('proxy')
    .description('run the proxies of this host')
    .requiredOption('--config <file>', 'configuration file')
    .action(async (options: { config: string }) => {
      await (await import('./proxy.ts')).runProxy(options)
    })
}

function addPublish(program: Command): void {
  signingIn(program.command('publish'))
    .description('make a container the website that a folder holds, and print its address')
    .argument('<folder>')
    .argument('<container>')
    .option('--index <name>', 'the page that stands for a folder (index.html)')
    .option(
      '--error-pages <suffix>',
      'what follows the status in the names of error pages (.html for 404.html)',
    )
    .option('--listings', 'folders without an index page are listed')
    .option('--max-age <seconds>', 'how long browsers and caches may keep what is uploaded')
    .option('--delete', 'delete objects that are no files of the folder')
    .option('--all', 'upload also what has not changed')
    .option('--dry-run', 'say what would be done')
    .action(async (folder: string, container: string, options: PublishArguments) => {
      await (await import('./publish.ts')).publish(folder, container, options)
    })
}

/** How commands that act for a user are told who that is (`sign-in.ts`). */
function signingIn(command: Command): Command {
  return command
    .option('--auth <url>', 'where to sign in (ST_AUTH; http://127.0.0.1:8080/auth/v1.0)')
    .option('--user <account:user>', 'who signs in (ST_USER)')
    .option('--key <key>', 'with which key (ST_KEY)')
}

function addImage(program: Command): void {
  const image = program.command('image').description('machine images')
  signingIn(image.command('upload'))
    .description('make an image of a file; a broken connection is taken up again where it broke')
    .argument('<file>')
    .option('--name <name>', 'name of the image (that of the file)')
    .option('--disk-format <format>', 'format of the disk (what the file looks like)')
    .option('--container-format <format>', 'what it is packed in (bare)')
    .option('--visibility <who>', 'public, community, shared or private')
    .option('--property <name=value...>', 'custom properties')
    .option('--id <image>', 'go on with an image that was begun')
    .action(async (file: string, options: ImageUploadArguments) => {
      await (await import('./image-upload.ts')).uploadImageFile(file, options)
    })
  addImageObjects(image)
  addImageMaintenance(image)
}

function addImageObjects(image: Command): void {
  signingIn(image.command('adopt'))
    .description(
      'make an image of an object of the account, without a copy; the object is kept while the image is',
    )
    .argument('<container/object>')
    .option('--name <name>', 'name of the image (that of the object)')
    .option('--disk-format <format>', 'format of the disk (raw)')
    .option('--container-format <format>', 'what it is packed in (bare)')
    .option('--property <name=value...>', 'custom properties')
    .action(async (path: string, options: ImageAdoptArguments) => {
      await (await import('./image-objects.ts')).adoptObject(path, options)
    })
  signingIn(image.command('export'))
    .description('make an object of an image, without a copy; either stays when the other goes')
    .argument('<image>')
    .argument('<container/object>')
    .option('--overwrite', 'also when there is such an object')
    .action(async (id: string, path: string, options: ImageExportArguments) => {
      await (await import('./image-objects.ts')).exportImage(id, path, options)
    })
}

function addImageMaintenance(image: Command): void {
  const ofCluster = (command: Command): Command =>
    command
      .option('--data <directory>', 'directory of a cluster of `martlet start` (MARTLET_DATA)')
      .option('--config <file>', 'configuration file of a host of the cluster')
  ofCluster(image.command('sweep'))
    .description('put right what uploads and imports left that nobody is at any more')
    .action(async (options: ClusterArguments) => {
      await (await import('./image-maintenance.ts')).sweepImages(options)
    })
  ofCluster(image.command('rebuild'))
    .description('make the records of images anew that have none, from the images that are stored')
    .action(async (options: ClusterArguments) => {
      await (await import('./image-maintenance.ts')).rebuildImages(options)
    })
}

function addConfig(program: Command): void {
  const config = program.command('config').description('what can be configured')
  config
    .command('explain')
    .description('print every option with its default, unit and meaning')
    .option('--json', 'for programs')
    .action(async (options: { json?: true }) => {
      ;(await import('./config.ts')).explainOptions(options)
    })
  config
    .command('check')
    .description('say whether a configuration file is right')
    .argument('<file>')
    .action(async (file: string) => {
      await (await import('./config.ts')).checkConfiguration(file)
    })
}

function addCluster(program: Command): void {
  const cluster = program.command('cluster').description('what makes several hosts one cluster')
  cluster
    .command('create')
    .description('write a new cluster file with new secrets; every host gets a copy of it')
    .argument('<file>')
    .action(async (file: string) => {
      await (await import('./cluster.ts')).createClusterFile(file)
    })
}

async function addRing(program: Command, argv: readonly string[]): Promise<void> {
  if (argv[2] !== 'ring') {
    program.command('ring').description('make rings, look into them, look names up in them')
    return
  }
  // Not the whole environment: making rings needs no stores, and they are large.
  const [{ ringCommand }, { realClock, realRandom }, { realDisk }] = await Promise.all([
    import('./ring.ts'),
    import('#base/real-clock.ts'),
    import('#disk/real-disk.ts'),
  ])
  const environment = { clock: realClock, random: realRandom, disk: realDisk }
  program.addCommand(inheriting(program, ringCommand(environment)))
}

/** Commands that were made elsewhere speak and end as the others do. */
function inheriting(parent: Command, command: Command): Command {
  command.copyInheritedSettings(parent)
  for (const child of command.commands) inheriting(command, child)
  return command
}

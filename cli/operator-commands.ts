/** The commands by which an operator watches a cluster and mends it. What each does is loaded when it is called. */
import type { Command } from 'commander'
import type { ClusterArguments } from './cluster-access.ts'
import type { DispersionArguments } from './dispersion.ts'
import type { LocateArguments } from './locate.ts'
import type { PauseArguments } from './pause.ts'
import type { RunArguments } from './run.ts'
import type { StatusArguments } from './status.ts'

/** Adds them to the program. */
export function addOperatorCommands(program: Command): void {
  addStatus(program)
  addWorkers(program)
  addLooking(program)
  addDispersion(program)
}

/** How every one of them finds the cluster. */
export function ofCluster(command: Command): Command {
  return command
    .option('--data <directory>', 'directory of a cluster of `martlet start` (MARTLET_DATA)')
    .option('--config <file>', 'configuration file of a host of the cluster')
}

function addStatus(program: Command): void {
  ofCluster(program.command('status'))
    .description('one page: what is there, what is wrong, what is being done about it')
    .option('--json', 'for programs')
    .option('--serve [port]', 'as a page in a browser on this machine, renewed every two seconds (8090)')
    .action(async (options: StatusArguments) => {
      await (await import('./status.ts')).status(options)
    })
}

function addLooking(program: Command): void {
  ofCluster(program.command('locate'))
    .description('where a name lives, and what each of those places holds')
    .argument('<account>', 'such as AUTH_test')
    .argument('[container]')
    .argument('[object]')
    .option(
      '--policy <name>',
      'storage policy of the object, by name or index; its container says by default',
    )
    .option('--all', 'ask every handoff, not only the first ones')
    .option('--json', 'for programs')
    .action(async (account: string, container: string, object: string, options: LocateArguments) => {
      await (await import('./locate.ts')).locate(account, container, object, options)
    })
  program
    .command('inspect')
    .description(
      'say what a file of ours is and whether it is whole: object files, rings, builders, LevelDBs…',
    )
    .argument('<file>')
    .option('--json', 'for programs')
    .action(async (file: string, options: { readonly json?: true }) => {
      await (await import('./inspect.ts')).inspect(file, options)
    })
}

function addDispersion(program: Command): void {
  const dispersion = program
    .command('dispersion')
    .description('a sample of containers and objects, and how many of its copies are where they should be')
  const ofSample = (command: Command): Command =>
    ofCluster(command)
      .option('--policy <name>', 'storage policy, by name or index')
      .option('--container-only', 'no objects')
      .option('--object-only', 'no containers')
      .option('--json', 'for programs, in the form of swift-dispersion-report')
  ofSample(dispersion.command('populate'))
    .description('write the sample; what is there already is left')
    .option('--coverage <percent>', 'share of the partitions to be covered, 1 by default')
    .action(async (options: DispersionArguments) => {
      await (await import('./dispersion.ts')).populate(options)
    })
  ofSample(dispersion.command('report'))
    .description('ask for every copy of the sample')
    .action(async (options: DispersionArguments) => {
      await (await import('./dispersion.ts')).dispersionReport(options)
    })
}

function addWorkers(program: Command): void {
  const collect = (device: string, before: readonly string[] = []): readonly string[] => [...before, device]
  const ofDevices = (command: Command): Command =>
    ofCluster(command).option('--device <name>', 'only on this device; may be given several times', collect)
  ofDevices(program.command('run'))
    .description('ask the owners of all devices for one pass of a worker, and show how it goes')
    .argument('<worker>', 'as `martlet status` names it')
    .option('--once', 'one pass')
    .option('--json', 'lines for programs')
    .action(async (worker: string, options: RunArguments) => {
      await (await import('./run.ts')).run(worker, options)
    })
  ofDevices(program.command('pause'))
    .description('let a worker rest for a while, over restarts too')
    .argument('<worker>')
    .option('--for <time>', 'how long: 30m, 2h, 1d; at most 7d')
    .action(async (worker: string, options: PauseArguments) => {
      await (await import('./pause.ts')).pause(worker, options)
    })
  ofDevices(program.command('resume'))
    .description('let a paused worker go on')
    .argument('<worker>')
    .action(async (worker: string, options: ClusterArguments) => {
      await (await import('./pause.ts')).resume(worker, options)
    })
}

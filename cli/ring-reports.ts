/** `martlet ring list`, `search`, `dispersion`, `validate` and `nodes`: nothing here changes a file. */
import type { Command } from 'commander'
import { hashName, type ResourceName } from '#base/names.ts'
import { hostAndPort, type RingDevice } from '#ring/device.ts'
import { dispersionOf } from '#ring/dispersion.ts'
import { problemsOf } from '#ring/validation.ts'
import { action, find, present, type RingCommandContext, SEARCH_HELP } from './ring-context.ts'
import { loadBuilder, loadRing, OperatorError } from './ring-files.ts'
import { builderReport, builderText, dispersionText } from './ring-tables.ts'

/** Mounts the commands that look into a builder. */
export function addReports(ring: Command, context: RingCommandContext): void {
  const { clock, disk } = context.environment
  const list = ring
    .command('list')
    .alias('search')
    .description('print settings and devices, or the devices of a search')
  list.argument('<builder>').argument('[search]', SEARCH_HELP).option('--json', 'print as JSON')
  action(list, async (path: string, search: string | undefined, options: { readonly json?: true }) => {
    const builder = await loadBuilder(disk, path)
    const shown = search === undefined ? present(builder) : find(builder, search)
    const report = builderReport(builder, clock.wallMs(), shown)
    context.print(options.json === true ? JSON.stringify(report) : builderText(report))
  })

  const dispersion = ring
    .command('dispersion')
    .description('how many replicas are closer together than they could be')
  dispersion.argument('<builder>').option('--all', 'print every tier').option('--json', 'print as JSON')
  action(dispersion, async (path: string, options: { readonly all?: true; readonly json?: true }) => {
    const report = dispersionOf(await loadBuilder(disk, path))
    const shown = options.all === true ? 'all' : 'at risk'
    context.print(options.json === true ? JSON.stringify(report) : dispersionText(report, shown))
  })

  const validate = ring
    .command('validate')
    .description('check that every replica is placed and no device holds two')
  validate.argument('<builder>').option('--json', 'print as JSON')
  action(validate, async (path: string, options: { readonly json?: true }) => {
    const problems = problemsOf(await loadBuilder(disk, path))
    if (options.json === true) context.print(JSON.stringify({ valid: problems.length === 0, problems }))
    else if (problems.length === 0) context.print(`${path} is valid`)
    if (problems.length > 0) throw new OperatorError(`${path} is not valid: ${problems.join('; ')}`)
  })
}

interface NodesOptions {
  readonly ring: string
  readonly prefix: string
  readonly suffix: string
  readonly all?: true
  readonly json?: true
}

/** Mounts the look-up of a name in a ring. */
export function addNodes(ring: Command, context: RingCommandContext): void {
  const nodes = ring.command('nodes').description('which devices hold an account, a container or an object')
  nodes
    .argument('<name>', 'ACCOUNT[/CONTAINER[/OBJECT]]')
    .requiredOption('--ring <file>', 'ring file (.ring.gz)')
    .option('--prefix <text>', 'hash path prefix of the cluster', '')
    .option('--suffix <text>', 'hash path suffix of the cluster', '')
    .option('--all', 'name the handoffs too, in order')
    .option('--json', 'print as JSON')
  action(nodes, async (name: string, options: NodesOptions) => {
    const loaded = await loadRing(context.environment.disk, options.ring)
    const partition = loaded.partitionOf(hashName(resourceOf(name), options))
    const primaries = loaded.primaries(partition)
    const handoffs = options.all === true ? [...loaded.handoffs(partition)] : []
    if (options.json === true) {
      const place = ({ device, ip, port }: RingDevice): object => ({ device, ip, port })
      context.print(
        JSON.stringify({ partition, primaries: primaries.map(place), handoffs: handoffs.map(place) }),
      )
      return
    }
    const line = (device: RingDevice): string => `${hostAndPort(device.ip, device.port)} ${device.device}`
    const lines = [...primaries.map(line), ...handoffs.map((device) => `${line(device)}  handoff`)]
    context.print([`Partition ${partition}`, ...lines].join('\n'))
  })
}

function resourceOf(name: string): ResourceName {
  const [account = '', container, ...object] = name.replace(/^\//, '').split('/')
  if (account === '') throw new OperatorError('give ACCOUNT, ACCOUNT/CONTAINER or ACCOUNT/CONTAINER/OBJECT')
  if (container === undefined || container === '') return { account }
  return { account, container, object: object.length === 0 ? undefined : object.join('/') }
}

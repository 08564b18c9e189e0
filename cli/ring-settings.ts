/** `martlet ring create`, `from-ring`, `import`, `set-replicas`, `set-overload`, `set-min-part-hours` and the pretence that hours passed. */
import type { Command } from 'commander'
import {
  type Builder,
  builderFromRing,
  createBuilder,
  pretendMinPartHoursPassed,
  type Refusal,
  setMinPartHours,
  setOverload,
  setReplicas,
} from '#ring/builder.ts'
import { accepted, action, edit, number, present, type RingCommandContext } from './ring-context.ts'
import { exists, loadRing, loadSwiftBuilder, OperatorError, saveBuilder } from './ring-files.ts'

/** Where a file does not say: the number in OpenStack Swift's installation guides, hours. */
const MIN_PART_HOURS = 1

/** Mounts the commands that make a builder file. */
export function addCreation(ring: Command, context: RingCommandContext): void {
  const { disk } = context.environment
  const create = ring.command('create').description('make a new builder file')
  create
    .argument('<builder>', 'file to make')
    .argument('<part-power>', 'the ring has 2 to this power partitions', number)
    .argument('<replicas>', 'replicas of each partition, such as 3 or 3.5', number)
    .argument('<min-part-hours>', 'least hours between two moves of a partition', number)
  action(create, async (path: string, partPower: number, replicas: number, minPartHours: number) => {
    if (await exists(disk, path)) throw new OperatorError(`${path} is there already`)
    await saveBuilder(disk, path, accepted(createBuilder({ partPower, replicas, minPartHours })))
    context.print(`Made ${path}: ${2 ** partPower} partitions, ${replicas} replicas`)
  })

  const fromRing = ring.command('from-ring').description('make a builder that continues from a ring file')
  fromRing.argument('<ring>').argument('<builder>', 'file to make').argument('<min-part-hours>', '', number)
  action(fromRing, async (ringPath: string, path: string, minPartHours: number) => {
    await importInto(context, path, await continueRing(disk, ringPath, minPartHours))
    context.print(`Made ${path} from ${ringPath}`)
  })

  const importing = ring
    .command('import')
    .description('make a builder that continues from a builder of swift-ring-builder or from a ring file')
  importing
    .argument('<file>', 'such as object.builder or object.ring.gz')
    .argument('<builder>', 'file to make')
    .option(
      '--min-part-hours <hours>',
      `another number; a ring file has none, then ${MIN_PART_HOURS}`,
      number,
    )
  action(importing, async (from: string, path: string, { minPartHours }: { minPartHours?: number }) => {
    const builder = (await loadSwiftBuilder(disk, from)) ?? (await continueRing(disk, from, MIN_PART_HOURS))
    const wanted = minPartHours === undefined ? builder : accepted(setMinPartHours(builder, minPartHours))
    await importInto(context, path, wanted)
    context.print(`Made ${path} from ${from}: ${summary(wanted)}`)
  })
}

async function continueRing(
  disk: RingCommandContext['environment']['disk'],
  ringPath: string,
  minPartHours: number,
): Promise<Builder> {
  return accepted(setMinPartHours(builderFromRing(await loadRing(disk, ringPath), 0), minPartHours))
}

async function importInto(
  { environment }: RingCommandContext,
  path: string,
  builder: Builder,
): Promise<void> {
  if (await exists(environment.disk, path)) throw new OperatorError(`${path} is there already`)
  await saveBuilder(environment.disk, path, builder)
}

function summary(builder: Builder): string {
  const devices = present(builder).length
  const { partPower, replicas, minPartHours } = builder
  return `${2 ** partPower} partitions, ${replicas} replicas, ${devices} devices, min part hours ${minPartHours}`
}

/** Mounts the commands that change what holds for the whole ring. */
export function addSettings(ring: Command, context: RingCommandContext): void {
  const setting = (
    name: string,
    description: string,
    parse: (text: string) => number,
    change: (builder: Builder, value: number) => Builder | Refusal,
  ): void => {
    const command = ring.command(`set-${name}`).description(description)
    command.argument('<builder>').argument(`<${name}>`, '', parse)
    action(command, async (path: string, value: number) => {
      await edit(context, path, (builder) => change(builder, value))
      context.print(`Set ${name} to ${value}`)
    })
  }
  setting('replicas', 'change the number of replicas, fractions allowed', number, setReplicas)
  setting(
    'overload',
    'how much more than its share a device may take, such as 0.1 or 10%',
    share,
    setOverload,
  )
  setting(
    'min-part-hours',
    'change the least hours between two moves of a partition',
    number,
    setMinPartHours,
  )
  const pretend = ring
    .command('pretend-min-part-hours-passed')
    .description('let every partition move again at once')
  pretend.argument('<builder>')
  action(pretend, async (path: string) => {
    await edit(context, path, pretendMinPartHoursPassed)
    context.print('Every partition may move')
  })
}

/** `0.1` or `10%`. */
function share(text: string): number {
  return text.endsWith('%') ? number(text.slice(0, -1)) / 100 : number(text)
}

/** `martlet ring create`, `from-ring`, `set-replicas`, `set-overload`, `set-min-part-hours` and the pretence that hours passed. */
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
import { accepted, action, edit, number, type RingCommandContext } from './ring-context.ts'
import { exists, loadRing, OperatorError, saveBuilder } from './ring-files.ts'

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
    if (await exists(disk, path)) throw new OperatorError(`${path} is there already`)
    const builder = accepted(
      setMinPartHours(builderFromRing(await loadRing(disk, ringPath), 0), minPartHours),
    )
    await saveBuilder(disk, path, builder)
    context.print(`Made ${path} from ${ringPath}`)
  })
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

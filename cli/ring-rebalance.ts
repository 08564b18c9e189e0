/** `martlet ring rebalance` and `write-ring`. */
import type { Command } from 'commander'
import { worstBalance } from '#ring/balance.ts'
import { type Builder, rebalanced, ringOf } from '#ring/builder.ts'
import { worstDispersion } from '#ring/dispersion.ts'
import type { MoveCost } from '#ring/moves.ts'
import { accepted, action, type RingCommandContext } from './ring-context.ts'
import { type CostOptions, costText, moveCost, withCostOptions } from './ring-cost.ts'
import { loadBuilder, OperatorError, ringPathOf, saveBuilder, saveRing } from './ring-files.ts'

interface RebalanceOptions extends CostOptions {
  readonly seed?: string
  readonly dryRun?: true
  readonly json?: true
}

const SEED_BYTES = 8

/** Mounts the commands that make rings out of builders. */
export function addRebalance(ring: Command, context: RingCommandContext): void {
  const { clock, disk, random } = context.environment
  const command = ring
    .command('rebalance')
    .description('place replicas anew and write the ring beside the builder')
  withCostOptions(command)
    .argument('<builder>')
    .option('--seed <text>', 'the same seed gives the same ring')
    .option('--dry-run', 'only say how many partitions would move')
    .option('--json', 'print the figures as JSON')
  action(command, async (path: string, options: RebalanceOptions) => {
    const seed = options.seed ?? random.bytes(SEED_BYTES).toString('hex')
    const before = await loadBuilder(disk, path)
    const { builder, outcome } = accepted(rebalanced(before, { seed, nowMs: clock.wallMs() }))
    const figures = {
      dryRun: options.dryRun === true,
      movedPartitions: outcome.movedPartitions,
      movedReplicas: outcome.movedReplicas,
      unfinishedReplicas: outcome.unfinishedReplicas,
      partitions: 2 ** builder.partPower,
      balance: worstBalance(builder),
      dispersion: worstDispersion(builder),
      version: builder.version,
      cost: moveCost(before, builder, options),
    }
    if (options.dryRun !== true) {
      await saveBuilder(disk, path, builder)
      await writeRing(context, builder, ringPathOf(path))
    }
    context.print(options.json === true ? JSON.stringify(figures) : rebalanceText(figures, ringPathOf(path)))
  })

  const write = ring
    .command('write-ring')
    .description('write the ring of a builder as it was last rebalanced')
  write.argument('<builder>').argument('[ring]', 'file to write; beside the builder if not given')
  action(write, async (path: string, ringPath: string | undefined) => {
    await writeRing(context, await loadBuilder(disk, path), ringPath ?? ringPathOf(path))
    context.print(`Wrote ${ringPath ?? ringPathOf(path)}`)
  })
}

interface RebalanceFigures {
  readonly dryRun: boolean
  readonly movedPartitions: number
  readonly movedReplicas: number
  readonly unfinishedReplicas: number
  readonly partitions: number
  readonly balance: number
  readonly dispersion: number
  readonly version: number
  readonly cost: MoveCost | undefined
}

function rebalanceText(figures: RebalanceFigures, ringPath: string): string {
  const percent = ((100 * figures.movedPartitions) / figures.partitions).toFixed(2)
  const { movedReplicas, movedPartitions, unfinishedReplicas } = figures
  return [
    `${figures.dryRun ? 'Would move' : 'Moved'} ${movedReplicas} replicas of ${movedPartitions} partitions (${percent} %)`,
    ...(figures.cost === undefined ? [] : [costText(figures.cost)]),
    `Balance ${figures.balance.toFixed(2)} %, dispersion ${figures.dispersion.toFixed(2)} %`,
    ...(unfinishedReplicas === 0 ? [] : [`${unfinishedReplicas} replicas are left for a later rebalance`]),
    figures.dryRun ? 'Dry run: nothing was written' : `Wrote ${ringPath}, version ${figures.version}`,
  ].join('\n')
}

async function writeRing(context: RingCommandContext, builder: Builder, path: string): Promise<void> {
  const ring = ringOf(builder)
  if (ring === undefined) throw new OperatorError('no partition is assigned; rebalance first')
  await saveRing(context.environment.disk, path, ring)
}

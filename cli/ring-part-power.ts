/** `martlet ring prepare-increase-part-power`, `increase-part-power`, `cancel-…` and `finish-…`; each writes the ring too. */
import type { Command } from 'commander'
import { type Builder, type Refusal, ringOf } from '#ring/builder.ts'
import { cancelIncrease, finishIncrease, increasePartPower, prepareIncrease } from '#ring/part-power.ts'
import { action, edit, type RingCommandContext } from './ring-context.ts'
import { OperatorError, ringPathOf, saveRing } from './ring-files.ts'

interface PartPowerStep {
  readonly name: string
  /** The same command of `swift-ring-builder`. */
  readonly alias: string
  readonly description: string
  readonly change: (builder: Builder) => Builder | Refusal
  /** What is to be done now. */
  readonly next: string
}

const STEPS: readonly PartPowerStep[] = [
  {
    name: 'prepare-increase-part-power',
    alias: 'prepare_increase_partition_power',
    description: 'announce that every partition will become two; nothing moves',
    change: prepareIncrease,
    next: 'Give every node this ring, then run increase-part-power (or cancel-increase-part-power)',
  },
  {
    name: 'increase-part-power',
    alias: 'increase_partition_power',
    description: 'make two partitions of every one, on the same devices',
    change: increasePartPower,
    next: 'Give every node this ring, then run finish-increase-part-power',
  },
  {
    name: 'cancel-increase-part-power',
    alias: 'cancel_increase_partition_power',
    description: 'take a prepared increase back',
    change: cancelIncrease,
    next: 'Give every node this ring, then run finish-increase-part-power',
  },
  {
    name: 'finish-increase-part-power',
    alias: 'finish_increase_partition_power',
    description: 'end an increase that was made or cancelled; the ring may be rebalanced again',
    change: finishIncrease,
    next: 'Give every node this ring',
  },
]

/** Mounts the steps of a part power increase. */
export function addPartPower(ring: Command, context: RingCommandContext): void {
  for (const { name, alias, description, change, next } of STEPS) {
    const command = ring.command(name).alias(alias).description(description).argument('<builder>')
    action(command, async (path: string) => {
      const builder = await edit(context, path, (before) => {
        if (before.table.length === 0) throw new OperatorError('no partition is assigned; rebalance first')
        return change(before)
      })
      const written = ringOf(builder)
      if (written !== undefined) await saveRing(context.environment.disk, ringPathOf(path), written)
      context.print(`${stateOf(builder)}. Wrote ${ringPathOf(path)}, version ${builder.version}.\n${next}`)
    })
  }
}

function stateOf({ partPower, nextPartPower }: Builder): string {
  if (nextPartPower === undefined) return `The part power is ${partPower}`
  return nextPartPower === partPower
    ? `The part power is ${partPower}; the increase is to be finished`
    : `The part power is ${partPower} and will be ${nextPartPower}`
}

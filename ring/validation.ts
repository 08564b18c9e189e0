/** Checks of a builder against what every ring must be, for `martlet ring validate` and after reading a file. */
import type { Builder } from './builder.ts'
import { slotCountOf } from './rebalance.ts'

/** Problems listed before the rest is only counted. */
const MOST_LISTED = 20

/** Every violated rule as a sentence; empty for a sound builder. */
export function problemsOf(builder: Builder): string[] {
  const expected = slotCountOf(builder.partPower, builder.replicas)
  if (builder.table.length === 0) return ['no partition is assigned; rebalance first']
  const problems: string[] = []
  if (builder.table.length !== expected) {
    problems.push(`${builder.table.length} replicas are placed where ${expected} are wanted; rebalance`)
  }
  for (const id of builder.removedIds) problems.push(`device ${id} waits for removal; rebalance`)
  for (let partition = 0; partition < 2 ** builder.partPower; partition += 1) {
    const problem = problemOfPartition(builder, partition)
    if (problem !== undefined) problems.push(problem)
  }
  if (problems.length <= MOST_LISTED) return problems
  return [...problems.slice(0, MOST_LISTED), `and ${problems.length - MOST_LISTED} more`]
}

function problemOfPartition({ table, devices, partPower }: Builder, partition: number): string | undefined {
  const partitionCount = 2 ** partPower
  for (let slot = partition; slot < table.length; slot += partitionCount) {
    const id = table[slot] as number
    const replica = Math.floor(slot / partitionCount)
    if (devices[id] === undefined)
      return `replica ${replica} of partition ${partition} is on device ${id}, which is not there`
    for (let other = slot + partitionCount; other < table.length; other += partitionCount) {
      if (table[other] === id) return `device ${id} has two replicas of partition ${partition}`
    }
  }
  return undefined
}

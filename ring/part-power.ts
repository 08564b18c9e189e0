/**
 * Doubling the partitions of a ring in the steps and with the marks of OpenStack Swift (`swift-ring-builder`,
 * "Partition Power Increase"): the ring says in `next_part_power` where it goes while an increase is under way. The two
 * halves of a partition stay on its devices, so no replica moves; and since nothing on our disks depends on the part
 * power, no file moves either. Nodes with the old ring and nodes with the new one find every name on the same devices.
 */
import { type Builder, MAX_PART_POWER, type Refusal, refused } from './builder.ts'
import type { AssignmentRow } from './ring.ts'

/** Announces the increase. To be followed by `increasePartPower` when every node has this ring. */
export function prepareIncrease(builder: Builder): Builder | Refusal {
  const { partPower, nextPartPower } = builder
  if (nextPartPower !== undefined) return refused(`an increase to part power ${nextPartPower} is under way`)
  if (partPower === MAX_PART_POWER)
    return refused(`part power ${MAX_PART_POWER} is the largest that there is`)
  return changed(builder, { nextPartPower: partPower + 1 })
}

/** Every partition becomes two on the same devices. To be followed by `finishIncrease`. */
export function increasePartPower(builder: Builder): Builder | Refusal {
  if (!isPrepared(builder)) return refused('prepare the increase first')
  return changed(builder, {
    partPower: builder.partPower + 1,
    table: eachTwice(builder.table),
    movedAtMinutes: eachTwice(builder.movedAtMinutes),
  })
}

/** Takes a prepared increase back. To be followed by `finishIncrease`. */
export function cancelIncrease(builder: Builder): Builder | Refusal {
  if (!isPrepared(builder)) return refused('no increase is prepared; one that was made cannot be taken back')
  return changed(builder, { nextPartPower: builder.partPower })
}

/** The increase, or its cancellation, is over: the ring may be rebalanced again. */
export function finishIncrease(builder: Builder): Builder | Refusal {
  if (builder.nextPartPower === undefined) return refused('no increase is under way')
  if (isPrepared(builder)) return refused('the increase was prepared and not made; increase or cancel first')
  return changed(builder, { nextPartPower: undefined })
}

function isPrepared({ partPower, nextPartPower }: Builder): boolean {
  return nextPartPower === partPower + 1
}

function changed(builder: Builder, change: Partial<Builder>): Builder {
  return { ...builder, ...change, version: builder.version + 1 }
}

/** Slot `replica * partitions + partition` becomes two neighbours, which is the table of a ring of twice as many. */
function eachTwice<Row extends AssignmentRow>(row: Row): Row {
  const twice = new (row.constructor as new (length: number) => Row)(row.length * 2)
  for (let at = 0; at < row.length; at += 1) {
    twice[at * 2] = row[at] as number
    twice[at * 2 + 1] = row[at] as number
  }
  return twice
}

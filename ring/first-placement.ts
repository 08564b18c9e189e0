/**
 * The first placement of a ring's replicas: exact in balance and as far apart as the plan asks, in every tier at once.
 *
 * The devices, in the order of the tree, are laid end to end along a line of all slots, each as long as its quota, and
 * the line is wound round the partitions. A tier is one stretch of that line, so it covers each partition either the
 * rounded-down or the rounded-up number of times that its size gives. Then replicas are exchanged at random, which keeps
 * all those counts but lets every device share partitions with many others: when it fails, many help to restore it.
 */
import type { Placement } from './placement.ts'
import type { AssignmentRow } from './ring.ts'
import type { SeededRandom } from './seeded-random.ts'
import { ROOT, type Topology } from './topology.ts'

/** Random pairs tried per slot. In trees where most pairs do not fit, one in four does: each slot is exchanged twice. */
const EXCHANGES_TRIED_PER_SLOT = 4

/** Fills an empty table by quota. `table` is by slot: replica * partitionCount + partition. */
export function layOut(table: AssignmentRow, topology: Topology, quotas: Int32Array): void {
  let slot = 0
  for (let node = ROOT; node < topology.nodeCount; node += 1) {
    const id = topology.deviceOf[node] as number
    if (id < 0) continue
    const end = slot + (quotas[id] as number)
    table.fill(id, slot, end)
    slot = end
  }
}

/** Exchanges random replicas, then puts the replicas of each partition into a random order. */
export function mix(placement: Placement, random: SeededRandom): void {
  const slots = placement.table.length
  for (let count = 0; count < slots * EXCHANGES_TRIED_PER_SLOT; count += 1) {
    placement.exchange(random.below(slots), random.below(slots))
  }
  shuffleReplicas(placement.table, placement.partitionCount, random)
}

/** So that no replica number belongs to one zone: clients of the ring ask the first replica first. */
function shuffleReplicas(table: AssignmentRow, partitionCount: number, random: SeededRandom): void {
  for (let partition = 0; partition < partitionCount; partition += 1) {
    const replicas = Math.ceil((table.length - partition) / partitionCount)
    for (let last = replicas - 1; last > 0; last -= 1) {
      const one = partition + last * partitionCount
      const other = partition + random.below(last + 1) * partitionCount
      const id = table[one] as number
      table[one] = table[other] as number
      table[other] = id
    }
  }
}

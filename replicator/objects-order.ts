/** What is done first: partitions with too few good copies, then what frees a full disk, then the rest. Pure. */

export interface PartitionTask {
  readonly partition: number
  readonly kind: 'make_equal' | 'hand_over'
  /** Primaries that can be reached and are synced, this one among them. */
  readonly goodCopies: number
  readonly replicas: number
  /** Asked for: it changed lately, or somebody waits. */
  readonly urgency: 'hurried' | 'usual'
}

/** The tasks in the order in which they are done. `disk`: of this device, which handing over gives room. */
export function inOrder(tasks: readonly PartitionTask[], disk: 'roomy' | 'full'): readonly PartitionTask[] {
  return tasks
    .map((task) => ({ task, rank: rankOf(task, disk) }))
    .toSorted((left, right) => left.rank - right.rank || left.task.partition - right.task.partition)
    .map(({ task }) => task)
}

const PER_CLASS = 1_000

function rankOf(task: PartitionTask, disk: 'roomy' | 'full'): number {
  if (task.urgency === 'hurried') return 0
  if (task.goodCopies < task.replicas) return PER_CLASS + Math.min(task.goodCopies, PER_CLASS - 1)
  if (task.kind === 'hand_over') return disk === 'full' ? 2 * PER_CLASS : 4 * PER_CLASS
  return 3 * PER_CLASS
}

/**
 * Whether an object is deleted because of a task, judged on what its replicas say. The rule is stricter than Swift's: an
 * object goes only when the newest version that a strict majority knows still expires at the time of the task. A single
 * replica that missed a later PUT or POST would otherwise bury what replaced the expired version. Pure.
 */
import { justAfter, type Timestamp, ZERO_TIMESTAMP } from '#base/timestamp.ts'
import { majoritySize } from '#cluster/quorum.ts'
import type { Task } from './task.ts'

/** What one replica says of an object. */
export type Witness =
  | {
      readonly kind: 'found'
      readonly voter: boolean
      readonly dataTimestamp: Timestamp
      /** Of the latest PUT or POST. */
      readonly timestamp: Timestamp
      readonly deleteAt: number | undefined
      /** The multipart upload that it was made of. */
      readonly uploadId?: string | undefined
    }
  /** `timestamp`: of the tombstone, zero without one. */
  | { readonly kind: 'absent'; readonly voter: boolean; readonly timestamp: Timestamp }

export type TaskVerdict =
  | { readonly kind: 'delete'; readonly timestamp: Timestamp }
  /** It is gone, or is not what the task speaks of: the task is over. */
  | { readonly kind: 'over' }
  /** Nobody has anything: an object that is late to appear, or a task that was left behind. */
  | { readonly kind: 'nothing_there' }
  /** Too few replicas could be asked. */
  | { readonly kind: 'unknown' }

/** `witnesses`: of primaries and handoffs; `primaries`: how many there are. */
export function judge(task: Task, witnesses: readonly Witness[], primaries: number): TaskVerdict {
  const votes = witnesses.filter(({ voter }) => voter).length
  if (votes < majoritySize(primaries)) return { kind: 'unknown' }
  const tombstone = latest(witnesses.filter(({ kind }) => kind === 'absent'))
  const found = witnesses.filter((one) => one.kind === 'found')
  const data = found.reduce<Timestamp>((time, one) => laterOf(time, one.dataTimestamp), ZERO_TIMESTAMP)
  if (found.length === 0 || tombstone >= data) {
    return tombstone === ZERO_TIMESTAMP ? { kind: 'nothing_there' } : { kind: 'over' }
  }
  const timestamp = latest(found.filter(({ dataTimestamp }) => dataTimestamp === data))
  if (task.kind === 'at_once') return atOnce(task, data)
  const newest = found.filter((one) => one.dataTimestamp === data && one.timestamp === timestamp)
  if (!newest.some(({ deleteAt }) => deleteAt === task.deleteAt)) return { kind: 'over' }
  // That version dies, and nothing that was written after it: a PUT that these witnesses have not heard of stays.
  return { kind: 'delete', timestamp: justAfter(timestamp) }
}

/** What was written after somebody asked stays. */
function atOnce({ rowTimestamp }: Task, data: Timestamp): TaskVerdict {
  return data >= rowTimestamp ? { kind: 'over' } : { kind: 'delete', timestamp: rowTimestamp }
}

function latest(witnesses: readonly { readonly timestamp: Timestamp }[]): Timestamp {
  return witnesses.reduce<Timestamp>((time, one) => laterOf(time, one.timestamp), ZERO_TIMESTAMP)
}

function laterOf(left: Timestamp, right: Timestamp): Timestamp {
  return left >= right ? left : right
}

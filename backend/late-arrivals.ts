/**
 * What arrives at a replica long after the time that it bears: a slow upload, a row that waited in a queue, an object that
 * another cluster sends with its own time. A stamp says of everything of before some moment that others have it too; what
 * arrives behind that moment with a time of before is not part of it, and must take the stamp back.
 *
 * In memory: a stamp is taken back durably before the late one is stored, and no pass that began before a crash writes
 * another one after it.
 */
import { overlap, type PartitionRange } from './range-states.ts'
import type { SyncStamp } from './sync-stamp.ts'

/** Nothing is said of what is younger than this when a pass begins, so it cannot be late; milliseconds. */
export const ON_TIME_MS = 5_000

interface Late {
  readonly range: PartitionRange
  /** The earliest time that any of them bears, and when the last of them arrived; wall clock, milliseconds. */
  writtenMs: number
  arrivedMs: number
}

/** The latest moment of which the stamp says that others have what was here. */
export function saidUntil({ majorityMs, allMs, noticedMs }: SyncStamp): number {
  return Math.max(majorityMs, allMs, noticedMs)
}

/** The stamp without what it says of `fromMs` and later. That nothing was missed until then remains true. */
export function takenBack(stamp: SyncStamp, fromMs: number): SyncStamp {
  const { touchedMs, majorityMs, allMs, noticedMs } = stamp
  // A time of 0 would mean that it never was.
  const limitMs = Math.max(1, fromMs - 1)
  return {
    ...stamp,
    touchedMs: Math.max(touchedMs, majorityMs, noticedMs),
    majorityMs: Math.min(majorityMs, limitMs),
    allMs: Math.min(allMs, limitMs),
    noticedMs: Math.min(noticedMs, limitMs),
  }
}

export class LateArrivals {
  /** By part power and number: a stamp asks for its own range, among as many as there are partitions. */
  readonly #late = new Map<number, Map<number, Late>>()

  note(range: PartitionRange, writtenMs: number, arrivedMs: number): void {
    const { partPower, partition } = range
    const ofPower = this.#late.get(partPower) ?? new Map<number, Late>()
    this.#late.set(partPower, ofPower)
    const known = ofPower.get(partition)
    if (known === undefined) {
      ofPower.set(partition, { range, writtenMs, arrivedMs })
      return
    }
    known.writtenMs = Math.min(known.writtenMs, writtenMs)
    known.arrivedMs = Math.max(known.arrivedMs, arrivedMs)
  }

  /** What may be said in truth of a range by who began to compare it at about the time of the stamp. */
  limited(range: PartitionRange, stamp: SyncStamp): SyncStamp {
    let limited = stamp
    for (const late of this.#overlapping(range)) {
      const isBehind = late.arrivedMs >= saidUntil(stamp) && late.writtenMs <= saidUntil(stamp)
      if (isBehind) limited = takenBack(limited, late.writtenMs)
      // Everybody was compared after it came.
      if (late.arrivedMs < stamp.allMs) this.#late.get(late.range.partPower)?.delete(late.range.partition)
    }
    return limited
  }

  #overlapping(range: PartitionRange): readonly Late[] {
    return [...this.#late].flatMap(([partPower, ofPower]) => {
      if (partPower > range.partPower)
        return [...ofPower.values()].filter((late) => overlap(late.range, range))
      const coarser = Math.floor(range.partition / 2 ** (range.partPower - partPower))
      return ofPower.get(coarser) ?? []
    })
  }
}

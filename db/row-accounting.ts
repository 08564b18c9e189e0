/** Counters and digests of a database after one row became another. */
import { dayOf } from './days.ts'
import { toggle } from './digest.ts'
import { NO_STATS, type PolicyStats, type TombstoneDay } from './info.ts'
import type { RowForm } from './row-kind.ts'

/**
 * Takes `before` out of the counters and puts `after` in; either may be missing. A row is counted under the storage
 * policy it names, so a change of policy moves it.
 */
export function recount<Row>(
  kind: RowForm<Row>,
  stats: ReadonlyMap<number, PolicyStats>,
  before: Row | undefined,
  after: Row | undefined,
): ReadonlyMap<number, PolicyStats> {
  const changed = new Map(stats)
  if (before !== undefined) count(kind, changed, before, -1)
  if (after !== undefined) count(kind, changed, after, 1)
  return changed
}

function count<Row>(kind: RowForm<Row>, stats: Map<number, PolicyStats>, row: Row, sign: 1 | -1): void {
  const { policyIndex, objects, bytes } = kind.statsOf(row)
  const old = stats.get(policyIndex) ?? NO_STATS
  const common = { ...old, objects: old.objects + sign * objects, bytes: old.bytes + sign * bytes }
  const digest = kind.digestOf(row)
  stats.set(
    policyIndex,
    kind.isDeleted(row)
      ? {
          ...common,
          tombstones: old.tombstones + sign,
          tombstoneDigest: toggled(old.tombstoneDigest, digest),
          tombstoneDays: recountedDay(old.tombstoneDays, dayOf(kind.changedAt(row)), digest, sign),
        }
      : { ...common, rows: old.rows + sign, liveDigest: toggled(old.liveDigest, digest) },
  )
}

function recountedDay(
  days: ReadonlyMap<number, TombstoneDay>,
  day: number,
  row: Buffer,
  sign: 1 | -1,
): ReadonlyMap<number, TombstoneDay> {
  const known = days.get(day)
  // Deleted before days were counted.
  if (known === undefined && sign < 0) return days
  const tombstones = (known?.tombstones ?? 0) + sign
  const changed = new Map(days)
  if (tombstones === 0) changed.delete(day)
  else changed.set(day, { tombstones, digest: known === undefined ? row : toggled(known.digest, row) })
  return changed
}

function toggled(digest: Buffer, row: Buffer): Buffer {
  const result = Buffer.from(digest)
  toggle(result, row)
  return result
}

/** Counters and digests of a database after one row became another. */
import { toggle } from './digest.ts'
import { NO_STATS, type PolicyStats } from './info.ts'
import type { RowKind } from './row-kind.ts'

/**
 * Takes `before` out of the counters and puts `after` in; either may be missing. A row is counted under the storage
 * policy it names, so a change of policy moves it.
 */
export function recount<Row>(
  kind: RowKind<Row>,
  stats: ReadonlyMap<number, PolicyStats>,
  before: Row | undefined,
  after: Row | undefined,
): ReadonlyMap<number, PolicyStats> {
  const changed = new Map(stats)
  if (before !== undefined) count(kind, changed, before, -1)
  if (after !== undefined) count(kind, changed, after, 1)
  return changed
}

function count<Row>(kind: RowKind<Row>, stats: Map<number, PolicyStats>, row: Row, sign: 1 | -1): void {
  const { policyIndex, objects, bytes } = kind.statsOf(row)
  const old = stats.get(policyIndex) ?? NO_STATS
  const deleted = kind.isDeleted(row)
  stats.set(policyIndex, {
    rows: old.rows + (deleted ? 0 : sign),
    objects: old.objects + sign * objects,
    bytes: old.bytes + sign * bytes,
    tombstones: old.tombstones + (deleted ? sign : 0),
    liveDigest: deleted ? old.liveDigest : toggled(old.liveDigest, kind.digestOf(row)),
    tombstoneDigest: deleted ? toggled(old.tombstoneDigest, kind.digestOf(row)) : old.tombstoneDigest,
  })
}

function toggled(digest: Buffer, row: Buffer): Buffer {
  const result = Buffer.from(digest)
  toggle(result, row)
  return result
}

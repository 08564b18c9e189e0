/** Giving back the space of deleted keys, where the engine can: LevelDB keeps deleted entries until a compaction. */
import type { KvStore } from '#base/environment.ts'

interface Compacting {
  compactRange(start: Buffer, end: Buffer): Promise<void>
  approximateSize(start: Buffer, end: Buffer): Promise<number>
}

/** Rewrites the tables between the two keys without what was deleted. Does nothing in memory. */
export async function compactRange(store: KvStore, start: Buffer, end: Buffer): Promise<void> {
  const compacting = store as Partial<Compacting>
  if (typeof compacting.compactRange === 'function') await compacting.compactRange(start, end)
}

/** Bytes on disk between the two keys, roughly: what a compaction of the range would have to rewrite. 0 in memory. */
export async function approximateSize(store: KvStore, start: Buffer, end: Buffer): Promise<number> {
  const compacting = store as Partial<Compacting>
  if (typeof compacting.approximateSize !== 'function') return 0
  return compacting.approximateSize(start, end)
}

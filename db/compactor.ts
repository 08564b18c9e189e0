/**
 * Rows that were deleted leave dead entries in LevelDB, and a listing that has to pass over hundreds of thousands of them
 * is slow (measured: a page after 298,000 fresh deletions took 35 ms instead of 2). So the range in which a container's
 * rows were deleted is compacted in the background once there are enough of them, one container at a time. A range that
 * holds many more live rows is left alone until more were deleted: there the dead entries lie far apart, and rewriting
 * all would cost more than it brings.
 */
import type { KvStore } from '#base/environment.ts'
import { approximateSize, compactRange } from '#kv/compact.ts'

/** Deletions in one container that call for a compaction. */
const DELETIONS_BEFORE_COMPACTION = 20_000
/** A compaction may rewrite so many bytes for each deletion: eight rows of the usual size. */
const REWRITTEN_BYTES_PER_DELETION = 8 * 150
/** Containers whose deletions are counted; beyond this the counts start afresh. */
const COUNTED_MAX = 10_000

/** Rows of one database that left the table of live rows. */
export interface Deletions {
  readonly count: number
  /** Keys of the first and the last of them. */
  readonly first: Buffer
  readonly last: Buffer
}

interface Counted extends Deletions {
  /** Look again when there are so many. */
  readonly lookAt: number
}

export class Compactor {
  readonly #store: KvStore
  readonly #onFailure: (error: unknown) => void
  readonly #counted = new Map<string, Counted>()
  #compacting: Promise<void> | undefined
  #waiting: string[] = []

  constructor(store: KvStore, onFailure: (error: unknown) => void) {
    this.#store = store
    this.#onFailure = onFailure
  }

  /** Counts deletions in a database, known by any name that is its own. */
  noteDeletions(database: string, deletions: Deletions): void {
    if (this.#counted.size >= COUNTED_MAX) this.#counted.clear()
    const known = this.#counted.get(database)
    const together = known === undefined ? deletions : joined(known, deletions)
    const lookAt = known?.lookAt ?? DELETIONS_BEFORE_COMPACTION
    this.#counted.set(database, { ...together, lookAt })
    if (together.count < lookAt || this.#waiting.includes(database)) return
    this.#waiting.push(database)
    this.#compacting ??= this.#compactAll()
  }

  /** Resolves when no compaction is under way. */
  async idle(): Promise<void> {
    await this.#compacting
  }

  async #compactAll(): Promise<void> {
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        await this.#compact(next)
      }
    } catch (error) {
      this.#onFailure(error)
    }
    this.#compacting = undefined
  }

  async #compact(database: string): Promise<void> {
    const counted = this.#counted.get(database)
    if (counted === undefined) return
    const { count, first, last } = counted
    const sizeBytes = await approximateSize(this.#store, first, last)
    if (sizeBytes > count * REWRITTEN_BYTES_PER_DELETION) {
      this.#counted.set(database, { ...counted, lookAt: count * 2 })
      return
    }
    this.#counted.delete(database)
    await compactRange(this.#store, first, last)
  }
}

/** Both together. */
export function joined(left: Deletions, right: Deletions): Deletions {
  return {
    count: left.count + right.count,
    first: Buffer.compare(left.first, right.first) <= 0 ? left.first : right.first,
    last: Buffer.compare(left.last, right.last) >= 0 ? left.last : right.last,
  }
}

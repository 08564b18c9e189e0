/**
 * Durable writes that share their syncs. One synced batch is under way at a time; what arrives meanwhile waits and goes
 * together into the next. `commit` resolves only when its operations are on disk, all of them or none.
 */
import type { KvStore } from '#base/environment.ts'

export type KvOperation =
  | { readonly type: 'put'; readonly key: Buffer; readonly value: Buffer }
  | { readonly type: 'del'; readonly key: Buffer }

/** Operations of one batch at most; a larger commit is still written whole. */
const BATCH_OPERATIONS_MAX = 10_000

interface Waiting {
  readonly operations: readonly KvOperation[]
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}

/** Writes one atomic batch and syncs it. Rejects with the store's error; never retry a failed sync. */
export async function writeSynced(store: KvStore, operations: readonly KvOperation[]): Promise<void> {
  await store.batch(operations as KvOperation[], { sync: true } as object)
}

/** Writes one atomic batch that a machine that loses power may forget, together with everything written after it. */
export async function writeUnsynced(store: KvStore, operations: readonly KvOperation[]): Promise<void> {
  await store.batch(operations as KvOperation[])
}

export class GroupCommit {
  readonly #store: KvStore
  #waiting: Waiting[] = []
  #writing = false

  constructor(store: KvStore) {
    this.#store = store
  }

  /** How many commits wait for the batch that is being written; for back-pressure and figures. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** Makes the operations durable, atomically. Commits are applied in the order of the calls. */
  commit(operations: readonly KvOperation[]): Promise<void> {
    if (operations.length === 0) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#waiting.push({ operations, resolve, reject })
      if (!this.#writing) {
        this.#writing = true
        queueMicrotask(() => void this.#writeAll())
      }
    })
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#takeGroup()
      try {
        await writeSynced(this.#store, joined(group))
        for (const commit of group) commit.resolve()
      } catch (error) {
        for (const commit of group) commit.reject(error)
      }
    }
    this.#writing = false
  }

  #takeGroup(): readonly Waiting[] {
    let operations = 0
    let count = 0
    for (const commit of this.#waiting) {
      operations += commit.operations.length
      if (count > 0 && operations > BATCH_OPERATIONS_MAX) break
      count += 1
    }
    return this.#waiting.splice(0, count)
  }
}

function joined(group: readonly Waiting[]): readonly KvOperation[] {
  const [first] = group
  return group.length === 1 && first !== undefined ? first.operations : group.flatMap((one) => one.operations)
}

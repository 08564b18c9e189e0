/**
 * The key-value engine's twin in memory: stores that remember, per path, what was synced. `crash()` is the machine losing
 * power: every open store is gone, and each path opens again with what had been synced before.
 */
import type { KvEngine, KvStore, Random } from '#base/environment.ts'
import { failStop } from './fail-stop.ts'
import type { KvOperation } from './group-commit.ts'
import { kvError } from './kv-error.ts'
import { MemoryStore, StoreContents } from './memory-store.ts'

/**
 * What survives of the writes that were not synced when the machine lost power. By chance: of each store the first ones, as
 * many as its log happened to have on the disk.
 */
export type UnsyncedWrites = 'lost' | 'kept' | Random

class Persisted {
  readonly contents = new StoreContents()
  store: MemoryStore | undefined
  corrupt: FoundDamage | undefined
  broken: BrokenWrites | undefined
}

/** When damage is met: a log or a list of tables that makes no sense, or a table that is not looked at before it is read. */
export type FoundDamage = 'opening' | 'reading'

interface BrokenWrites {
  readonly error: Error
  /** Whether what failed may be found when the store is opened again. */
  readonly leavesTraces: () => boolean
}

export class MemoryKv implements KvEngine {
  readonly #paths = new Map<string, Persisted>()
  readonly #onWrite: () => void

  /** `onWrite` is called in the midst of every write to any store; it may `crash()` them all. */
  constructor(onWrite: () => void = () => {}) {
    this.#onWrite = onWrite
  }

  async open(path: string): Promise<KvStore> {
    const persisted = this.#at(path)
    if (persisted.store?.isOpen === true) throw kvError('LEVEL_LOCKED', `store ${path} is open already`)
    if (persisted.corrupt === 'opening') throw kvError('LEVEL_CORRUPTION', `store ${path} is corrupt`)
    persisted.contents.recover()
    const store = new MemoryStore(persisted.contents, {
      failure: (operations) => failureOf(persisted, operations),
      inWrite: this.#onWrite,
      mayRead: () => {
        if (persisted.corrupt === 'reading')
          throw kvError('LEVEL_CORRUPTION', `a table of ${path} is corrupt`)
      },
    })
    persisted.store = store
    return failStop(store as unknown as KvStore)
  }

  async move(path: string, target: string): Promise<void> {
    const persisted = this.#paths.get(path)
    if (persisted === undefined) throw kvError('ENOENT', `no store at ${path}`)
    if (persisted.store?.isOpen === true) throw kvError('LEVEL_LOCKED', `store ${path} is open`)
    this.#paths.delete(path)
    this.#paths.set(target, persisted)
  }

  /**
   * The machine loses power: open stores fail from now on, and unsynced writes are lost (or happen to be kept). All of it has
   * happened when the call returns.
   */
  async crash(unsynced: UnsyncedWrites = 'lost'): Promise<void> {
    const closed = [...this.#paths.values()].map(({ contents, store }) => {
      contents.keepUnsynced(survivors(contents.unsynced, unsynced))
      return store?.close() ?? Promise.resolve()
    })
    await Promise.all(closed)
  }

  /** From now on the store cannot be opened, or not be read: its files are damaged. */
  corrupt(path: string, found: FoundDamage = 'opening'): void {
    this.#at(path).corrupt = found
  }

  /**
   * From now on every write to the store fails with this error; `undefined` mends what is opened afterwards. A write that
   * fails when it is synced lies in the log, and may be there when the store is opened again: those that `leavesTraces` picks.
   */
  breakWrites(path: string, error: Error | undefined, leavesTraces: () => boolean = () => false): void {
    this.#at(path).broken = error === undefined ? undefined : { error, leavesTraces }
  }

  /** Paths of all stores there are, for tests of quarantine. */
  paths(): readonly string[] {
    return [...this.#paths.keys()].toSorted()
  }

  #at(path: string): Persisted {
    const known = this.#paths.get(path)
    if (known !== undefined) return known
    const persisted = new Persisted()
    this.#paths.set(path, persisted)
    return persisted
  }
}

function failureOf({ broken, contents }: Persisted, operations: readonly KvOperation[]): Error | undefined {
  if (broken?.leavesTraces() === true) contents.leave(operations)
  return broken?.error
}

/** How many of the writes that were not synced are kept. */
function survivors(count: number, unsynced: UnsyncedWrites): number {
  if (unsynced === 'lost' || count === 0) return 0
  return unsynced === 'kept' ? count : unsynced.below(count + 1)
}

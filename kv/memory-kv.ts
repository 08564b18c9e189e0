/**
 * The key-value engine's twin in memory: `memory-level` stores that remember, per path, what was synced. `crash()` is
 * the machine losing power: every open store is gone, and each path opens again with what had been synced before.
 *
 * As in LevelDB, a synced write makes every earlier write of the same store durable too.
 */
import { MemoryLevel } from 'memory-level'
import type { KvEngine, KvStore } from '#base/environment.ts'
import { aroundWrites, failStop } from './fail-stop.ts'

/** What survives of the writes that were not synced when the machine lost power. */
export type UnsyncedWrites = 'lost' | 'kept'

type Applied = Map<string, { readonly key: Buffer; readonly value: Buffer }>

interface WriteEvent {
  readonly type: 'put' | 'del'
  readonly encodedKey: Buffer
  readonly encodedValue?: Buffer
  readonly sync?: boolean
}

interface KeyRange {
  readonly gt?: Buffer
  readonly gte?: Buffer
  readonly lt?: Buffer
  readonly lte?: Buffer
}

class Persisted {
  readonly durable: Applied = new Map()
  unsynced: (() => void)[] = []
  store: MemoryLevel<Buffer, Buffer> | undefined
  corrupt = false
  broken: Error | undefined

  sync(): void {
    for (const apply of this.unsynced) apply()
    this.unsynced = []
  }

  record(operations: readonly WriteEvent[]): void {
    this.unsynced.push(() => {
      for (const operation of operations) {
        const name = operation.encodedKey.toString('latin1')
        if (operation.type === 'del') this.durable.delete(name)
        else this.durable.set(name, { key: operation.encodedKey, value: operation.encodedValue as Buffer })
      }
    })
    if (operations.some((operation) => operation.sync === true)) this.sync()
  }

  recordClear(range: KeyRange): void {
    this.unsynced.push(() => {
      for (const [name, { key }] of this.durable) if (within(key, range)) this.durable.delete(name)
    })
  }
}

export class MemoryKv implements KvEngine {
  readonly #paths = new Map<string, Persisted>()

  async open(path: string): Promise<KvStore> {
    const persisted = this.#at(path)
    if (persisted.store !== undefined) throw coded(`store ${path} is open already`, 'LEVEL_LOCKED')
    if (persisted.corrupt) throw coded(`store ${path} is corrupt`, 'LEVEL_CORRUPTION')
    const level = new MemoryLevel<Buffer, Buffer>({ keyEncoding: 'buffer', valueEncoding: 'buffer' })
    persisted.store = level
    persisted.sync()
    await level.open()
    await level.batch([...persisted.durable.values()].map((entry) => ({ type: 'put' as const, ...entry })))
    this.#watch(persisted, level)
    const breakable = aroundWrites(level as unknown as KvStore, async (write) => {
      if (persisted.broken !== undefined) throw persisted.broken
      return await write()
    })
    return failStop(breakable)
  }

  async move(path: string, target: string): Promise<void> {
    const persisted = this.#paths.get(path)
    if (persisted === undefined) throw coded(`no store at ${path}`, 'ENOENT')
    if (persisted.store !== undefined) throw coded(`store ${path} is open`, 'LEVEL_LOCKED')
    this.#paths.delete(path)
    this.#paths.set(target, persisted)
  }

  /** The machine loses power: open stores fail from now on, and unsynced writes are lost (or happen to be kept). */
  async crash(unsynced: UnsyncedWrites = 'lost'): Promise<void> {
    const stores: (MemoryLevel<Buffer, Buffer> | undefined)[] = []
    for (const persisted of this.#paths.values()) {
      if (unsynced === 'kept') persisted.sync()
      persisted.unsynced = []
      stores.push(persisted.store)
      persisted.store = undefined
    }
    await Promise.all(stores.flatMap((store) => (store === undefined ? [] : [store.close()])))
  }

  /** From now on the store cannot be opened: its files are damaged. */
  corrupt(path: string): void {
    this.#at(path).corrupt = true
  }

  /** From now on every write to the store fails with this error; `undefined` mends what is opened afterwards. */
  breakWrites(path: string, error: Error | undefined): void {
    this.#at(path).broken = error
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

  #watch(persisted: Persisted, level: MemoryLevel<Buffer, Buffer>): void {
    level.on('write', (operations: unknown) => {
      if (persisted.store === level) persisted.record(operations as readonly WriteEvent[])
    })
    level.on('clear', (options: unknown) => {
      if (persisted.store === level) persisted.recordClear(options as KeyRange)
    })
    level.on('closing', () => {
      if (persisted.store === level) persisted.store = undefined
    })
  }
}

function within(key: Buffer, range: KeyRange): boolean {
  if (range.gt !== undefined && Buffer.compare(key, range.gt) <= 0) return false
  if (range.gte !== undefined && Buffer.compare(key, range.gte) < 0) return false
  if (range.lt !== undefined && Buffer.compare(key, range.lt) >= 0) return false
  return range.lte === undefined || Buffer.compare(key, range.lte) <= 0
}

function coded(message: string, code: string): Error {
  return Object.assign(new Error(message), { code })
}

/**
 * Databases that are gone, and whose rows still have to be. A removal is durable with one small batch: info and metadata
 * go, and a mark of the device says that the rest is to go too. The rows follow in slices, so that other requests pass in
 * between; after a crash the next process goes on. Until the last row is gone nobody may make the database anew.
 */
import type { KvStore } from '#base/environment.ts'
import { type KvOperation, writeSynced, writeUnsynced } from '#kv/group-commit.ts'
import {
  databasesBetween,
  deviceKey,
  devicePrefix,
  endOfDatabase,
  HASH_BYTES,
  infoKey,
  metadataKey,
} from './keys.ts'

/** Keys removed with one batch. */
const SLICE_KEYS = 2000
const FLOOR_KEY = devicePrefix('sequenceFloor')

export class Removals {
  readonly #store: KvStore
  readonly #onFailure: (error: unknown) => void
  /** By hash as latin1: resolves when the last row is gone. */
  readonly #running = new Map<string, Promise<void>>()
  #floor = 0

  constructor(store: KvStore, onFailure: (error: unknown) => void) {
    this.#store = store
    this.#onFailure = onFailure
  }

  /** Is anything being removed? */
  get isBusy(): boolean {
    return this.#running.size > 0
  }

  /** A new database numbers its changes from here. */
  get sequenceFloor(): number {
    return this.#floor
  }

  /** Goes on with what an earlier process began. To be awaited before anything is written. */
  async recover(): Promise<void> {
    const floor = await this.#store.get(FLOOR_KEY)
    this.#floor = floor === undefined ? 0 : Number(floor.toString())
    const prefix = devicePrefix('removals')
    const end = Buffer.concat([prefix, Buffer.alloc(HASH_BYTES + 1, 255)])
    for (const key of await this.#store.keys({ gte: prefix, lt: end }).all()) {
      this.#start((key as Buffer).subarray(prefix.length))
    }
  }

  /** Resolves when the database of this hash may be made anew; `undefined` when that is now. */
  under(hash: Buffer): Promise<void> | undefined {
    return this.#running.get(hash.toString('latin1'))
  }

  /** Durably gone when it resolves. The device's lists of databases are the caller's. */
  async remove(hash: Buffer, sequence: number, alsoRemoved: readonly Buffer[]): Promise<void> {
    const floor = Math.max(this.#floor, sequence)
    const gone = [infoKey(hash), metadataKey(hash), ...alsoRemoved]
    await writeSynced(this.#store, [
      ...gone.map((key): KvOperation => ({ type: 'del', key })),
      { type: 'put', key: deviceKey('removals', hash), value: Buffer.alloc(0) },
      { type: 'put', key: FLOOR_KEY, value: Buffer.from(String(floor)) },
    ])
    this.#floor = floor
    this.#start(hash)
  }

  /** Resolves when nothing is being removed. */
  async idle(): Promise<void> {
    await Promise.all(this.#running.values())
  }

  #start(hash: Buffer): void {
    const key = hash.toString('latin1')
    const running = this.#removeRows(hash)
      .catch((error: unknown) => this.#onFailure(error))
      .finally(() => this.#running.delete(key))
    this.#running.set(key, running)
  }

  async #removeRows(hash: Buffer): Promise<void> {
    const { gte } = databasesBetween(hash, undefined)
    const range = { gte, lt: endOfDatabase(hash), limit: SLICE_KEYS }
    for (;;) {
      const keys = await this.#store.keys(range).all()
      if (keys.length === 0) break
      await writeUnsynced(
        this.#store,
        keys.map((key) => ({ type: 'del', key: key as Buffer })),
      )
    }
    await writeSynced(this.#store, [{ type: 'del', key: deviceKey('removals', hash) }])
  }
}

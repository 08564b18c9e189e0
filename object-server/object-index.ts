/**
 * The index of one policy on one device: the state of every object by hash, digests over hash ranges, leaf directories
 * in use, and container rows that wait for delivery. What changes together is one atomic batch; `commit` resolves when
 * it is on disk. Only `disk-engine.ts` and what recovers it write here.
 */
import type { KvEngine, KvStore } from '#base/environment.ts'
import type { Timestamp } from '#base/timestamp.ts'
import { GroupCommit, type KvOperation, writeUnsynced } from '#kv/group-commit.ts'
import { type ContainerUpdate, decodeUpdate, encodeUpdate, keyOfUpdate } from './container-update.ts'
import {
  ALL_DIGESTS,
  ALL_LEAVES,
  ALL_OBJECTS,
  ALL_RECHECKS,
  ALL_UPDATES,
  digestKey,
  hashOfKey,
  type KeyRange,
  leafKey,
  leafOfKey,
  markKey,
  objectKey,
  objectsBelow,
  prefixOfDigestKey,
  recheckKey,
  timestampOfUpdateKey,
} from './index-keys.ts'
import { type FileTimes, type Leaf, leafOf } from './layout.ts'
import { RangeChanges } from './leases/range-changes.ts'
import { EMPTY_STATE, isEmpty, type ObjectState } from './object-state.ts'
import { errorOf, type HeldSum, type RangeDigest, RangeDigests, rangeOf } from './range-digests.ts'
import { RewrittenRows } from './rewritten-rows.ts'
import { decodeEntry, decodeFileTimes, encodeEntry } from './stored-bytes.ts'

const FORMAT = Buffer.from('1')
/** Set when the index holds everything that the files say; without it, it is rebuilt from them. */
const COMPLETE_MARK = markKey('complete')
/** Set while nobody has the index open and nothing was under way when it was closed. */
const CLEAN_MARK = markKey('clean')
/** Says by which rule the digests were made (`comparedText`); those of another rule are made anew before anything is compared. */
const DIGESTS_MARK = markKey('digests')
const DIGESTS_RULE = Buffer.from('2')
/** Never there: taking it away changes nothing, and is done when everything before it is. */
const BARRIER = markKey('barrier')

export interface IndexChange {
  readonly hash: string
  readonly before: ObjectState
  readonly after: ObjectState
  readonly updates: readonly ContainerUpdate[]
  /** What becomes durable with it: the record of a conditional write. */
  readonly along?: readonly KvOperation[]
}

/** Entries of a page of `filesBelow`, and bytes that LevelDB reads for it at a time (its own default is 16 KiB). */
const PAGE_ENTRIES = 1000
/** Entries that are read together where all are wanted, and few are in memory at a time. */
const STATES_AT_ONCE = 100
const READ_AHEAD = { highWaterMarkBytes: 1024 * 1024 }
/** So many outcomes of rows are held in memory at most. */
const SETTLED_MAX = 1000

/** How the index was found when it was opened. */
export type IndexCondition = 'complete_and_clean' | 'complete' | 'incomplete'

export class ObjectIndex {
  readonly #store: KvStore
  readonly #group: GroupCommit
  readonly #digests = new RangeDigests()
  readonly #rewritten = new RewrittenRows()
  /** In which ranges something is being written. */
  readonly ranges = new RangeChanges()
  /** What became of rows, not yet written. */
  #settled: KvOperation[] = []
  #condition: IndexCondition = 'incomplete'
  #digestsAre: 'right' | 'of_an_earlier_rule' = 'right'

  private constructor(store: KvStore) {
    this.#store = store
    this.#group = new GroupCommit(store)
  }

  /** Rejects with `LEVEL_LOCKED` or `LEVEL_CORRUPTION`. From here on the index is not clean. */
  static async open(engine: KvEngine, path: string): Promise<ObjectIndex> {
    const index = new ObjectIndex(await engine.open(path))
    try {
      await index.#load()
    } catch (error) {
      await index.#store.close()
      throw error
    }
    return index
  }

  get condition(): IndexCondition {
    return this.#condition
  }

  /** `of_an_earlier_rule`: `renewDigests` must come before anything is changed or compared. */
  get digestsAre(): 'right' | 'of_an_earlier_rule' {
    return this.#digestsAre
  }

  /**
   * Makes all digests from the entries. `complete` gives an entry what an earlier version of Martlet did not write into it.
   * One batch: after a crash it is done again.
   */
  async renewDigests(complete: (hash: string, state: ObjectState) => Promise<ObjectState>): Promise<void> {
    const renewed = new Map<string, Buffer>()
    const completed: KvOperation[] = []
    this.#digests.clear()
    for await (const { hash, state } of this.objectsBelow('')) {
      const whole = await complete(hash, state)
      if (whole !== state) completed.push({ type: 'put', key: objectKey(hash), value: encodeEntry(whole) })
      renewed.set(rangeOf(hash), this.#digests.change(hash, EMPTY_STATE, whole))
    }
    const before = await this.#keys(ALL_DIGESTS)
    await this.#group.commit([
      ...before.map((key) => ({ type: 'del' as const, key })),
      ...[...renewed].map(([prefix, value]) => ({ type: 'put' as const, key: digestKey(prefix), value })),
      ...completed,
      { type: 'put', key: DIGESTS_MARK, value: DIGESTS_RULE },
    ])
    this.#digestsAre = 'right'
  }

  async get(hash: string): Promise<ObjectState> {
    const value = await this.#store.get(objectKey(hash))
    return value === undefined ? EMPTY_STATE : decodeEntry(value)
  }

  /** Of many hashes, in their order: one look at the store for all of them. */
  async getMany(hashes: readonly string[]): Promise<readonly ObjectState[]> {
    const values = await this.#store.getMany(hashes.map(objectKey))
    return values.map((value) => (value === undefined ? EMPTY_STATE : decodeEntry(value)))
  }

  /** Makes one change durable. Calls are applied in their order; `before` must be what the index holds. */
  async commit(change: IndexChange): Promise<void> {
    const end = this.ranges.begin(change.hash, change.after)
    try {
      await this.#group.commit([...this.#takeSettled(), ...this.#operationsOf(change)])
    } finally {
      end()
    }
  }

  /** Tables that other files of this room keep here (`promise-store.ts`): a value, a range of them, a durable batch. */
  value(key: Buffer): Promise<Buffer | undefined> {
    return this.#store.get(key)
  }

  entries(range: KeyRange): AsyncIterable<readonly [key: Buffer, value: Buffer]> {
    return this.#store.iterator({ ...range })
  }

  write(operations: readonly KvOperation[]): Promise<void> {
    return this.#group.commit(operations)
  }

  markLeaf(leaf: Leaf): Promise<void> {
    return this.#group.commit([{ type: 'put', key: leafKey(leaf), value: Buffer.alloc(0) }])
  }

  /** What the leaves hold is in the index: a mark too many only costs a look. */
  unmarkLeaves(leaves: readonly Leaf[]): Promise<void> {
    return this.#group.commit(leaves.map((leaf) => ({ type: 'del', key: leafKey(leaf) })))
  }

  async markedLeaves(): Promise<readonly Leaf[]> {
    return (await this.#keys(ALL_LEAVES)).map(leafOfKey)
  }

  /** Durably notes that the object's file is about to change under its name; the next `commit` takes the note back. */
  markForRecheck(hash: string): Promise<void> {
    return this.#group.commit([{ type: 'put', key: recheckKey(hash), value: Buffer.alloc(0) }])
  }

  async markedForRecheck(): Promise<readonly string[]> {
    return (await this.#keys(ALL_RECHECKS)).map(hashOfKey)
  }

  /** Objects whose hash begins with the hex digits (an even number), in the order of their hashes. */
  async *objectsBelow(
    prefix: string,
  ): AsyncGenerator<{ readonly hash: string; readonly state: ObjectState }> {
    const range = prefix === '' ? ALL_OBJECTS : objectsBelow(prefix)
    for await (const [key, value] of this.#store.iterator({ ...range })) {
      yield { hash: hashOfKey(key), state: decodeEntry(value) }
    }
  }

  /**
   * Objects of the ranges (four hex digits) from the first to the last, behind a hash, in the order of their hashes: one look
   * at the store for all of them.
   */
  async *objectsBetween(
    first: string,
    last: string,
    after?: string,
  ): AsyncGenerator<{ readonly hash: string; readonly state: ObjectState }> {
    const [{ gte }, { lt }] = [objectsBelow(first), objectsBelow(last)]
    const behind = after === undefined ? gte : objectKey(after)
    const iterator = this.#store.iterator(behind.compare(gte) > 0 ? { gt: behind, lt } : { gte, lt })
    try {
      for (;;) {
        const page = await iterator.nextv(STATES_AT_ONCE)
        if (page.length === 0) return
        for (const [key, value] of page) yield { hash: hashOfKey(key), state: decodeEntry(value) }
      }
    } finally {
      await iterator.close()
    }
  }

  /** Those below a prefix behind a hash: a reader that stops and goes on later holds nothing in between. */
  async *objectsAfter(
    prefix: string,
    after: string | undefined,
  ): AsyncGenerator<{ readonly hash: string; readonly state: ObjectState }> {
    const { lt, gte } = objectsBelow(prefix)
    const range = after === undefined ? { gte, lt } : { gt: objectKey(after), lt }
    for await (const [key, value] of this.#store.iterator({ ...range })) {
      yield { hash: hashOfKey(key), state: decodeEntry(value) }
    }
  }

  /**
   * What the digest of a range (four hex digits) lacks for it to be that of the entries. Changes under way may show. With
   * a barrier, those that were under way at the call do not: an error that shows twice is one.
   */
  async digestError(prefix: string, waiting: 'at_once' | 'barrier'): Promise<HeldSum | undefined> {
    const sum = this.#digests.held(prefix)
    if (waiting === 'barrier') await this.#group.commit([{ type: 'del', key: BARRIER }])
    const entries: { readonly hash: string; readonly state: ObjectState }[] = []
    for await (const entry of this.objectsBelow(prefix)) entries.push(entry)
    return errorOf(sum, entries)
  }

  /** Corrects the digest of a range; changes that come meanwhile are kept. */
  correctDigest(prefix: string, error: HeldSum): Promise<void> {
    const value = this.#digests.correct(prefix, error)
    return this.#group.commit([{ type: 'put', key: digestKey(prefix), value }])
  }

  /** Which files the objects of a leaf have, in pages: all that recovery needs to know of most of them. */
  async *filesBelow(leaf: Leaf): AsyncGenerator<readonly (FileTimes & { readonly hash: string })[]> {
    const iterator = this.#store.iterator({ ...objectsBelow(leaf), ...READ_AHEAD })
    try {
      for (;;) {
        const page = await iterator.nextv(PAGE_ENTRIES)
        if (page.length === 0) return
        yield page.map(([key, value]) => ({ hash: hashOfKey(key), ...decodeFileTimes(value) }))
      }
    } finally {
      await iterator.close()
    }
  }

  /** Leaves that have entries: one look at the store for each of them. */
  async leavesWithEntries(): Promise<readonly Leaf[]> {
    const leaves: Leaf[] = []
    const iterator = this.#store.keys({ ...ALL_OBJECTS })
    try {
      for (let key = await iterator.next(); key !== undefined; key = await iterator.next()) {
        const leaf = leafOf(hashOfKey(key as Buffer))
        leaves.push(leaf)
        iterator.seek(objectsBelow(leaf).lt)
      }
    } finally {
      await iterator.close()
    }
    return leaves
  }

  digestBelow(prefix: string): RangeDigest {
    return this.#digests.below(prefix)
  }

  /** The ranges of a leaf (four hex digits each) in which something lies. */
  occupiedRanges(leaf: Leaf): readonly string[] {
    return this.#digests.occupied(leaf)
  }

  allDigests(): ReturnType<RangeDigests['all']> {
    return this.#digests.all()
  }

  get digestChanges(): number {
    return this.#digests.changes
  }

  digestSum(range: number): ReturnType<RangeDigests['sum']> {
    return this.#digests.sum(range)
  }

  digestSums(): ReturnType<RangeDigests['sums']> {
    return this.#digests.sums()
  }

  /**
   * Rows that wait, those of one object together, the newest last; at most `limit`, those behind `after`, and fewer only
   * when there are no more. A row that cannot be understood is passed over and stays.
   */
  async updates(limit: number, after?: ContainerUpdate): Promise<readonly ContainerUpdate[]> {
    await this.#flushSettled()
    const range = after === undefined ? ALL_UPDATES : { gt: keyOfUpdate(after), lt: ALL_UPDATES.lt }
    const updates: ContainerUpdate[] = []
    for await (const value of this.#store.values({ ...range })) {
      const update = decodeUpdate(value)
      if (update !== undefined) updates.push(update)
      if (updates.length >= limit) break
    }
    return updates
  }

  async countUpdates(): Promise<number> {
    return (await this.updateFigures()).count
  }

  /** Rows that wait, and when what the oldest of them tells happened. Costs a look at each key. */
  async updateFigures(): Promise<{ readonly count: number; readonly oldest: Timestamp | undefined }> {
    await this.#flushSettled()
    let count = 0
    let oldest: Timestamp | undefined
    for await (const key of this.#store.keys({ ...ALL_UPDATES })) {
      const timestamp = timestampOfUpdateKey(key as Buffer)
      if (oldest === undefined || timestamp < oldest) oldest = timestamp
      count += 1
    }
    return { count, oldest }
  }

  /**
   * Rows were delivered, or only some of their targets are left. Written with the next commit, or before anybody lists
   * the rows: should it be lost, delivering again is harmless.
   */
  async settleUpdates(
    delivered: readonly ContainerUpdate[],
    changed: readonly ContainerUpdate[] = [],
  ): Promise<void> {
    for (const update of delivered) {
      if (!this.#rewritten.isLatest(update)) continue
      this.#rewritten.forget(update)
      this.#settled.push({ type: 'del', key: keyOfUpdate(update) })
    }
    for (const update of changed) if (this.#rewritten.isLatest(update)) this.#settled.push(putUpdate(update))
    if (this.#settled.length >= SETTLED_MAX) await this.#flushSettled()
  }

  /** Everything the files say is in the index from here on. */
  async markComplete(): Promise<void> {
    await this.#group.commit([{ type: 'put', key: COMPLETE_MARK, value: FORMAT }])
    this.#condition = 'complete'
  }

  /** Closes it with nothing under way: the next start has nothing to reconcile. */
  async closeClean(): Promise<void> {
    const leaves = await this.#keys(ALL_LEAVES)
    const rechecks = await this.#keys(ALL_RECHECKS)
    await this.#group.commit([
      ...this.#takeSettled(),
      ...[...leaves, ...rechecks].map((key) => ({ type: 'del' as const, key })),
      { type: 'put', key: CLEAN_MARK, value: FORMAT },
    ])
    await this.#store.close()
  }

  /** Closes it as it is, after a failure. */
  async close(): Promise<void> {
    await this.#store.close()
  }

  async #load(): Promise<void> {
    const complete = await this.#store.get(COMPLETE_MARK)
    const clean = await this.#store.get(CLEAN_MARK)
    if (complete !== undefined && !complete.equals(FORMAT)) {
      throw new Error(`object index of format ${complete.toString()} is not known`)
    }
    if (complete !== undefined) this.#condition = clean === undefined ? 'complete' : 'complete_and_clean'
    if (clean !== undefined) await this.#group.commit([{ type: 'del', key: CLEAN_MARK }])
    for await (const [key, value] of this.#store.iterator({ ...ALL_DIGESTS })) {
      this.#digests.load(prefixOfDigestKey(key), value)
    }
    await this.#loadRule()
  }

  async #loadRule(): Promise<void> {
    const rule = await this.#store.get(DIGESTS_MARK)
    if (rule?.equals(DIGESTS_RULE) === true) return
    const [first] = await this.#store.keys({ ...ALL_OBJECTS, limit: 1 }).all()
    if (first !== undefined) this.#digestsAre = 'of_an_earlier_rule'
    else await this.#group.commit([{ type: 'put', key: DIGESTS_MARK, value: DIGESTS_RULE }])
  }

  #takeSettled(): readonly KvOperation[] {
    const settled = this.#settled
    if (settled.length > 0) this.#settled = []
    return settled
  }

  async #flushSettled(): Promise<void> {
    const settled = this.#takeSettled()
    if (settled.length > 0) await writeUnsynced(this.#store, settled)
  }

  #operationsOf(change: IndexChange): KvOperation[] {
    const { hash, before, after } = change
    const key = objectKey(hash)
    this.#rewritten.note(before, change.updates)
    return [
      isEmpty(after) ? { type: 'del', key } : { type: 'put', key, value: encodeEntry(after) },
      { type: 'put', key: digestKey(rangeOf(hash)), value: this.#digests.change(hash, before, after) },
      { type: 'del', key: recheckKey(hash) },
      ...change.updates.map(putUpdate),
      ...(change.along ?? []),
    ]
  }

  async #keys(range: KeyRange): Promise<Buffer[]> {
    return await this.#store.keys({ ...range }).all()
  }
}

function putUpdate(update: ContainerUpdate): KvOperation {
  return { type: 'put', key: keyOfUpdate(update), value: encodeUpdate(update) }
}

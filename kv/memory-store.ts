/**
 * One key-value store in memory, with what is used of `abstract-level`'s interface. Entries lie in one array in the order of
 * their keys. A reader sees the store as it was when it began: whoever writes while somebody reads makes a copy of the
 * array. What was written since the last sync can be taken back.
 *
 * As in LevelDB, a synced write makes every earlier write of the same store durable too, and what a machine that loses
 * power keeps of the others are the first of them: each write is a record of one log, there as a whole or not at all.
 */
import type { KvOperation } from './group-commit.ts'
import { kvError } from './kv-error.ts'

/** Bounds of a range of keys, and how it is read. */
export interface StoreRange {
  readonly gt?: Buffer
  readonly gte?: Buffer
  readonly lt?: Buffer
  readonly lte?: Buffer
  readonly reverse?: boolean
  readonly limit?: number
  readonly snapshot?: StoreSnapshot
  /** `utf8`: values are given as text. */
  readonly valueEncoding?: 'buffer' | 'utf8'
}

interface Entry {
  /** The bytes of the key, one to a character: texts are compared faster than buffers, and in the same order. */
  readonly name: string
  readonly key: Buffer
  readonly value: Buffer
}

/** The entries at one moment, and how many still look at them. */
export interface Version {
  readonly entries: Entry[]
  readers: number
}

/** What an entry was before it was changed. */
interface Undo {
  readonly name: string
  readonly before: Entry | undefined
}

export class StoreContents {
  #version: Version = { entries: [], readers: 0 }
  /** Of each write since the last sync, in their order. */
  #unsynced: Undo[][] = []
  /** Of a write that failed: in the log, and nowhere else. */
  #left: readonly KvOperation[] = []

  get(key: Buffer, { entries }: Version = this.#version): Buffer | undefined {
    const name = nameOf(key)
    const entry = entries[placeOf(entries, name)]
    return entry?.name === name ? entry.value : undefined
  }

  /** The entries as they are now, until `release`. */
  hold(): Version {
    this.#version.readers += 1
    return this.#version
  }

  /** How many writes were not synced. */
  get unsynced(): number {
    return this.#unsynced.length
  }

  write(operations: readonly KvOperation[]): void {
    this.#unsynced.push([])
    for (const operation of operations) {
      const { key } = operation
      this.#set(nameOf(key), operation.type === 'put' ? { key, value: operation.value } : undefined)
    }
  }

  clear(range: StoreRange): void {
    this.#unsynced.push([])
    const { entries } = this.#version
    const [first, end] = placesOf(entries, range)
    for (const { name } of entries.slice(first, end)) this.#set(name, undefined)
  }

  /** A write failed, and yet is there when the store is opened again, unless power is lost with it. */
  leave(operations: readonly KvOperation[]): void {
    this.#left = operations
  }

  /** The store is opened: what is in its log is taken over, and durable. */
  recover(): void {
    if (this.#left.length > 0) this.write(this.#left)
    this.#left = []
    this.sync()
  }

  /** Everything that was written so far is durable. */
  sync(): void {
    this.#unsynced = []
  }

  /** Of the writes that were not synced the first so many are kept, and durable now; the others are lost. */
  keepUnsynced(kept: number): void {
    if (kept < this.#unsynced.length) this.#left = []
    const lost = this.#unsynced.splice(kept).flat()
    this.#unsynced.push([])
    for (const { name, before } of lost.toReversed()) this.#set(name, before)
    this.sync()
  }

  #set(name: string, now: { readonly key: Buffer; readonly value: Buffer } | undefined): void {
    const entries = this.#own()
    const at = placeOf(entries, name)
    const before = entries[at]?.name === name ? entries[at] : undefined
    this.#unsynced.at(-1)?.push({ name, before })
    if (now !== undefined) {
      entries.splice(at, before === undefined ? 0 : 1, { name, key: now.key, value: now.value })
    } else if (before !== undefined) entries.splice(at, 1)
  }

  /** The array to be changed: another one while somebody reads. */
  #own(): Entry[] {
    if (this.#version.readers > 0) this.#version = { entries: [...this.#version.entries], readers: 0 }
    return this.#version.entries
  }
}

/** The store as it was at one moment. */
export class StoreSnapshot {
  readonly version: Version

  constructor(version: Version) {
    this.version = version
  }

  async close(): Promise<void> {
    this.version.readers -= 1
  }
}

type Shown = 'entries' | 'keys' | 'values'

/** Of the store that is read. */
interface IteratorFate {
  readonly isOpen: () => boolean
  readonly mayRead: () => void
}

/** Reads a range. Whatever is written meanwhile it does not see. */
export class StoreIterator {
  readonly #version: Version
  readonly #range: StoreRange
  readonly #shown: Shown
  readonly #fate: IteratorFate
  #at: number
  #first: number
  #end: number
  #left: number
  #closed = false

  constructor(contents: StoreContents, range: StoreRange, shown: Shown, fate: IteratorFate) {
    this.#version = range.snapshot?.version ?? contents.hold()
    if (range.snapshot !== undefined) this.#version.readers += 1
    this.#range = range
    this.#shown = shown
    this.#fate = fate
    const [first, end] = placesOf(this.#version.entries, range)
    this.#first = first
    this.#end = end
    this.#at = range.reverse === true ? end - 1 : first
    this.#left = range.limit === undefined || range.limit < 0 ? Number.POSITIVE_INFINITY : range.limit
  }

  async next(): Promise<unknown> {
    return this.#take(1)[0]
  }

  async nextv(size: number): Promise<unknown[]> {
    return this.#take(size)
  }

  async all(): Promise<unknown[]> {
    const all = this.#take(Number.POSITIVE_INFINITY)
    await this.close()
    return all
  }

  seek(target: Buffer): void {
    const { entries } = this.#version
    const name = nameOf(target)
    const place = placeOf(entries, name)
    if (this.#range.reverse !== true) {
      this.#at = place < this.#first ? this.#end : place
      return
    }
    const last = entries[place]?.name === name ? place : place - 1
    this.#at = last >= this.#end ? this.#first - 1 : last
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#version.readers -= 1
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<unknown> {
    try {
      for (let item = await this.next(); item !== undefined; item = await this.next()) yield item
    } finally {
      await this.close()
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #take(count: number): unknown[] {
    if (this.#closed || !this.#fate.isOpen())
      throw kvError('LEVEL_ITERATOR_NOT_OPEN', 'the iterator is closed')
    this.#fate.mayRead()
    const taken: unknown[] = []
    const step = this.#range.reverse === true ? -1 : 1
    while (taken.length < count && this.#left > 0 && this.#at >= this.#first && this.#at < this.#end) {
      taken.push(this.#show(this.#version.entries[this.#at] as Entry))
      this.#at += step
      this.#left -= 1
    }
    return taken
  }

  #show({ key, value }: Entry): unknown {
    if (this.#shown === 'keys') return key
    const shown = this.#range.valueEncoding === 'utf8' ? value.toString() : value
    return this.#shown === 'values' ? shown : [key, shown]
  }
}

interface WriteOptions {
  readonly sync?: boolean
}

/** What befalls those who use a store. */
export interface StoreFate {
  /** Throws what a read fails with. */
  readonly mayRead: () => void
  /** What a write fails with, before it is done. */
  readonly failure: (operations: readonly KvOperation[]) => Error | undefined
  /** Called while a write is under way; may crash the machine. */
  readonly inWrite: () => void
}

/** An open store. Every method rejects once it is closed. */
export class MemoryStore {
  readonly #contents: StoreContents
  readonly #fate: StoreFate
  #open = true

  constructor(contents: StoreContents, fate: StoreFate) {
    this.#contents = contents
    this.#fate = fate
  }

  async get(key: Buffer, options?: StoreRange): Promise<Buffer | undefined> {
    this.#mayRead()
    return this.#contents.get(key, options?.snapshot?.version)
  }

  async getMany(keys: readonly Buffer[], options?: StoreRange): Promise<(Buffer | undefined)[]> {
    this.#mayRead()
    return keys.map((key) => this.#contents.get(key, options?.snapshot?.version))
  }

  async has(key: Buffer): Promise<boolean> {
    return (await this.get(key)) !== undefined
  }

  put(key: Buffer, value: Buffer, options?: WriteOptions): Promise<void> {
    return this.#write([{ type: 'put', key, value }], options)
  }

  del(key: Buffer, options?: WriteOptions): Promise<void> {
    return this.#write([{ type: 'del', key }], options)
  }

  batch(operations: readonly KvOperation[], options?: WriteOptions): Promise<void> {
    return this.#write(operations, options)
  }

  async clear(range: StoreRange = {}): Promise<void> {
    this.#check()
    this.#mayFail([])
    this.#contents.clear(range)
    this.#isUnderWay()
  }

  iterator(range: StoreRange = {}): StoreIterator {
    return this.#iterator(range, 'entries')
  }

  keys(range: StoreRange = {}): StoreIterator {
    return this.#iterator(range, 'keys')
  }

  values(range: StoreRange = {}): StoreIterator {
    return this.#iterator(range, 'values')
  }

  snapshot(): StoreSnapshot {
    this.#check()
    return new StoreSnapshot(this.#contents.hold())
  }

  async close(): Promise<void> {
    this.#open = false
  }

  get isOpen(): boolean {
    return this.#open
  }

  async #write(operations: readonly KvOperation[], options?: WriteOptions): Promise<void> {
    this.#check()
    for (const { key } of operations) {
      if (!Buffer.isBuffer(key)) throw kvError('LEVEL_INVALID_KEY', 'a key is no buffer')
    }
    this.#mayFail(operations)
    this.#contents.write(operations)
    this.#isUnderWay()
    if (options?.sync === true) this.#contents.sync()
  }

  #mayFail(operations: readonly KvOperation[]): void {
    const failure = this.#fate.failure(operations)
    if (failure !== undefined) throw failure
  }

  /** Whose machine dies over a write never learns whether it will be there. */
  #isUnderWay(): void {
    this.#fate.inWrite()
    this.#check()
  }

  #iterator(range: StoreRange, shown: Shown): StoreIterator {
    this.#check()
    const fate: IteratorFate = { isOpen: () => this.#open, mayRead: this.#fate.mayRead }
    return new StoreIterator(this.#contents, range, shown, fate)
  }

  #mayRead(): void {
    this.#check()
    this.#fate.mayRead()
  }

  #check(): void {
    if (!this.#open) throw kvError('LEVEL_DATABASE_NOT_OPEN', 'the store is not open')
  }
}

function nameOf(key: Buffer): string {
  return key.toString('latin1')
}

/** Where the name is, or belongs. */
function placeOf(entries: readonly Entry[], name: string): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((entries[middle] as Entry).name < name) low = middle + 1
    else high = middle
  }
  return low
}

/** The first place behind the name. */
function placeAfter(entries: readonly Entry[], name: string): number {
  const place = placeOf(entries, name)
  return entries[place]?.name === name ? place + 1 : place
}

function placesOf(
  entries: readonly Entry[],
  { gt, gte, lt, lte }: StoreRange,
): readonly [first: number, end: number] {
  let first = 0
  let end = entries.length
  if (gte !== undefined) first = placeOf(entries, nameOf(gte))
  else if (gt !== undefined) first = placeAfter(entries, nameOf(gt))
  if (lte !== undefined) end = placeAfter(entries, nameOf(lte))
  else if (lt !== undefined) end = placeOf(entries, nameOf(lt))
  return [first, Math.max(first, end)]
}

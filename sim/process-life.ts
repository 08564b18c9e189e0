/**
 * One life of a process of a simulated cluster, from its start to its death. What it was given of the world ends with it:
 * no timer fires, no read of its disk or store returns, nothing it sends arrives. Promises of a dead process stay open for
 * ever, as its stack would have vanished.
 */
import type { Clock, Disk, DiskFile, KvEngine, KvStore, Timer } from '#base/environment.ts'

/** What nobody will ever answer. Each wait has a promise of its own, so that nothing keeps what the dead had. */
export function never(): Promise<never> {
  return new Promise(() => {})
}

export class ProcessLife {
  readonly name: string
  readonly #mourners = new Set<() => void>()
  #alive = true

  constructor(name: string) {
    this.name = name
  }

  get isAlive(): boolean {
    return this.#alive
  }

  /** The process is killed. */
  end(): void {
    if (!this.#alive) return
    this.#alive = false
    const mourners = [...this.#mourners]
    this.#mourners.clear()
    for (const tell of mourners) tell()
  }

  /** Calls `tell` when the process dies; the function returned ends that. */
  onEnd(tell: () => void): () => void {
    this.#mourners.add(tell)
    return () => this.#mourners.delete(tell)
  }

  /** The promise, as long as the process lives to see its outcome. */
  while<Value>(promise: Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      promise.then(
        (value) => {
          if (this.#alive) resolve(value)
        },
        (error: unknown) => {
          if (this.#alive) reject(error)
        },
      )
    })
  }

  /** The outcome of the promise, or `undefined` when the process dies first: for who waits outside of it. */
  orEnd<Value>(promise: Promise<Value>): Promise<Value | undefined> {
    return new Promise((resolve, reject) => {
      if (!this.#alive) return resolve(undefined)
      const forget = this.onEnd(() => resolve(undefined))
      promise.finally(forget).then(resolve, reject)
    })
  }

  /** What `start` gives, unless the process is dead already. */
  run<Value>(start: () => Promise<Value>): Promise<Value> {
    return this.#alive ? this.while(start()) : never()
  }

  /** The same of what is over at once, or never: the process can die in its midst, but not while it is waited for. */
  runAtOnce<Value>(start: () => Promise<Value>): Promise<Value> {
    if (!this.#alive) return never()
    const promise = start()
    if (this.#alive) return promise
    promise.catch(() => {})
    return never()
  }
}

/** No timer is shorter, or who waits for the remainder of a rounded sum would wait for ever at the same instant. */
const TICK_MS = 0.001

/** The clock of a machine: the world's time, and a wall clock that may be wrong. */
export class MachineClock implements Clock {
  readonly #world: Clock
  readonly #life: ProcessLife
  readonly #skewMs: () => number

  constructor(world: Clock, life: ProcessLife, skewMs: () => number) {
    this.#world = world
    this.#life = life
    this.#skewMs = skewMs
  }

  wallMs(): number {
    return this.#world.wallMs() + this.#skewMs()
  }

  monotonicMs(): number {
    return this.#world.monotonicMs()
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    return this.#world.setTimer(Math.max(TICK_MS, delayMs), () => {
      if (this.#life.isAlive) callback()
    })
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    if (signal !== undefined)
      return this.#life.run(() => this.#world.sleep(Math.max(TICK_MS, delayMs), signal))
    return new Promise((resolve) => {
      this.setTimer(delayMs, resolve)
    })
  }
}

/** How long an operation of a disk takes, milliseconds; 0 for at once. */
export type Latency = (kind: 'sync' | 'other') => number

/** The disk as a process sees it while it lives, with operations that take time. */
export function livingDisk(disk: Disk, life: ProcessLife, clock: Clock, latency: Latency): Disk {
  const timed = new TimedCalls(life, clock, latency)
  const file = async (open: () => Promise<DiskFile>): Promise<DiskFile> =>
    new LivingFile(await timed.pass('other', open), timed)
  return {
    openRead: (path) => file(() => disk.openRead(path)),
    createExclusive: (path) => file(() => disk.createExclusive(path)),
    mkdir: (path, options) => timed.pass('other', () => disk.mkdir(path, options)),
    readdir: (path) => timed.pass('other', () => disk.readdir(path)),
    rename: (source, target) => timed.pass('other', () => disk.rename(source, target)),
    unlink: (path) => timed.pass('other', () => disk.unlink(path)),
    rmdir: (path) => timed.pass('other', () => disk.rmdir(path)),
    stat: (path) => timed.pass('other', () => disk.stat(path)),
    syncDirectory: (path) => timed.pass('sync', () => disk.syncDirectory(path)),
    space: (path) => timed.pass('other', () => disk.space(path)),
    getXattr: (path, name) => timed.pass('other', () => disk.getXattr(path, name)),
    setXattr: (path, name, value) => timed.pass('other', () => disk.setXattr(path, name, value)),
    readFile: (path) => timed.pass('other', () => disk.readFile(path)),
  }
}

/** Takes half of its time before an operation has its effect and half after it. */
class TimedCalls {
  readonly #life: ProcessLife
  readonly #clock: Clock
  readonly #latency: Latency

  constructor(life: ProcessLife, clock: Clock, latency: Latency) {
    this.#life = life
    this.#clock = clock
    this.#latency = latency
  }

  pass<Value>(kind: 'sync' | 'other', call: () => Promise<Value>): Promise<Value> {
    const halfMs = this.#latency(kind) / 2
    return halfMs > 0 ? this.#slowly(halfMs, call) : this.#life.runAtOnce(call)
  }

  #slowly<Value>(halfMs: number, call: () => Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      // No timer of the dead fires.
      this.#clock.setTimer(halfMs, () => {
        const fail = (error: unknown): void => {
          if (this.#life.isAlive) reject(error)
        }
        call().then((value) => this.#clock.setTimer(halfMs, () => resolve(value)), fail)
      })
    })
  }
}

class LivingFile implements DiskFile {
  readonly #file: DiskFile
  readonly #timed: TimedCalls

  constructor(file: DiskFile, timed: TimedCalls) {
    this.#file = file
    this.#timed = timed
  }

  read(target: Buffer, position: number): Promise<number> {
    return this.#timed.pass('other', () => this.#file.read(target, position))
  }

  write(source: Buffer, position: number): Promise<void> {
    return this.#timed.pass('other', () => this.#file.write(source, position))
  }

  writeAll(sources: readonly Buffer[], position: number): Promise<void> {
    return this.#timed.pass('other', () => this.#file.writeAll(sources, position))
  }

  sync(): Promise<void> {
    return this.#timed.pass('sync', () => this.#file.sync())
  }

  stat(): ReturnType<DiskFile['stat']> {
    return this.#timed.pass('other', () => this.#file.stat())
  }

  close(): Promise<void> {
    return this.#timed.pass('other', () => this.#file.close())
  }
}

/** The stores of a machine as a process sees them while it lives; a synced write takes time. */
export function livingKv(kv: KvEngine, life: ProcessLife, clock: Clock, latency: Latency): KvEngine {
  return {
    open: (path) => life.run(async () => withLife(await kv.open(path), life, clock, latency)),
    move: (path, target) => life.run(() => kv.move(path, target)),
  }
}

type Method = (...given: unknown[]) => Promise<unknown>

/** The methods of a store that only read, those that write, and those that give an iterator. */
const READS = ['get', 'getMany', 'has'] as const
const WRITES = ['put', 'del', 'clear', 'batch'] as const
const ITERATORS = ['iterator', 'keys', 'values'] as const

function withLife(store: KvStore, life: ProcessLife, clock: Clock, latency: Latency): KvStore {
  const changed = store as unknown as Record<string, Method>
  const methodOf = (name: string): Method => (changed[name] as Method).bind(store)
  const timed = new TimedCalls(life, clock, latency)
  for (const name of READS) {
    const read = methodOf(name)
    changed[name] = (...given) => life.runAtOnce(() => read(...given))
  }
  for (const name of WRITES) {
    const write = methodOf(name)
    changed[name] = (...given) => {
      const call = (): Promise<unknown> => write(...given)
      return isSynced(given) ? timed.pass('sync', call) : life.runAtOnce(call)
    }
  }
  const makers = store as unknown as Record<string, (...given: unknown[]) => StoreIterator>
  for (const name of ITERATORS) {
    const make = (makers[name] as (typeof makers)[string]).bind(store)
    makers[name] = (...given) => new LivingIterator(make(...given), life)
  }
  return store
}

function isSynced(given: readonly unknown[]): boolean {
  return given.some((one) => typeof one === 'object' && one !== null && 'sync' in one && one.sync === true)
}

/** What is used of the iterators of a store. */
interface StoreIterator {
  next(): Promise<unknown>
  nextv(size: number): Promise<unknown>
  all(): Promise<unknown>
  seek(target: unknown): void
  close(): Promise<void>
}

class LivingIterator implements StoreIterator {
  readonly #iterator: StoreIterator
  readonly #life: ProcessLife

  constructor(iterator: StoreIterator, life: ProcessLife) {
    this.#iterator = iterator
    this.#life = life
  }

  next(): Promise<unknown> {
    return this.#life.runAtOnce(() => this.#iterator.next())
  }

  nextv(size: number): Promise<unknown> {
    return this.#life.runAtOnce(() => this.#iterator.nextv(size))
  }

  all(): Promise<unknown> {
    return this.#life.runAtOnce(() => this.#iterator.all())
  }

  seek(target: unknown): void {
    this.#iterator.seek(target)
  }

  close(): Promise<void> {
    return this.#life.runAtOnce(() => this.#iterator.close())
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
}

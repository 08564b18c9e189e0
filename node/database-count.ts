/** How many accounts or containers a device holds: one seek for each, whatever their rows. */
import type { Clock, KvStore } from '#base/environment.ts'
import { HASH_BYTES } from '#db/keys.ts'

/** Databases lie behind this byte, one range of keys each (`db/keys.ts`). */
const DATABASE = Buffer.from([1])
const AFTER_ALL = Buffer.from([2])
/** Behind every key of a database. */
const AFTER_DATABASE = Buffer.from([0xff])
/** A count is shown for so long, and so many times as long as counting took. */
const KEEP_MIN_MS = 30_000
const KEEP_PER_COUNT = 100

export class DatabaseCount {
  readonly #store: KvStore
  readonly #clock: Clock
  #known: { readonly count: number; readonly untilMs: number } | undefined
  #counting: Promise<number> | undefined

  constructor(store: KvStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** The number of databases, deleted ones that are still kept among them; not older than some seconds per thousand. */
  async now(): Promise<number> {
    if (this.#known !== undefined && this.#clock.monotonicMs() < this.#known.untilMs) return this.#known.count
    this.#counting ??= this.#count().finally(() => {
      this.#counting = undefined
    })
    return this.#counting
  }

  async #count(): Promise<number> {
    const startedMs = this.#clock.monotonicMs()
    let count = 0
    let after = DATABASE
    for (;;) {
      const [key] = await this.#store.keys({ gt: after, lt: AFTER_ALL, limit: 1 }).all()
      if (key === undefined) break
      count += 1
      after = Buffer.concat([(key as Buffer).subarray(0, 1 + HASH_BYTES), AFTER_DATABASE])
    }
    const endedMs = this.#clock.monotonicMs()
    const keepMs = Math.max(KEEP_MIN_MS, (endedMs - startedMs) * KEEP_PER_COUNT)
    this.#known = { count, untilMs: endedMs + keepMs }
    return count
  }
}

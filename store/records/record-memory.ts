/**
 * What a process remembers of records, presence and absence alike, for `RECORD_STALENESS_MS`. Those who ask at the same
 * moment share one read. What is asked for again in the second half of its time is read anew meanwhile, so that nobody waits
 * for a record that is in steady use. What was forgotten while it was being read is not remembered when it comes.
 */
import { AgingLru } from '#base/aging-lru.ts'
import type { Clock } from '#base/environment.ts'
import { RECORD_STALENESS_MS, type RecordRead } from './contract.ts'

/** Most records remembered by a process. */
const REMEMBERED_MAX = 4000
const REFRESH_AFTER_MS = RECORD_STALENESS_MS / 2

interface Remembered {
  readonly read: RecordRead<unknown>
  readonly readAtMs: number
}

export class RecordMemory {
  readonly #clock: Clock
  readonly #held: AgingLru<Remembered>
  readonly #reading = new Map<string, Promise<RecordRead<unknown>>>()

  constructor(clock: Clock) {
    this.#clock = clock
    this.#held = new AgingLru(clock, REMEMBERED_MAX)
  }

  /** What is remembered, or else what `read` finds. */
  get(key: string, read: () => Promise<RecordRead<unknown>>): Promise<RecordRead<unknown>> {
    const held = this.#held.get(key)
    if (held === undefined) return this.#reading.get(key) ?? this.#read(key, read)
    const isAging = this.#clock.monotonicMs() - held.readAtMs >= REFRESH_AFTER_MS
    if (isAging && !this.#reading.has(key)) this.#read(key, read).catch(() => {})
    return Promise.resolve(held.read)
  }

  forget(key: string): void {
    this.#held.delete(key)
    this.#reading.delete(key)
  }

  async #start(
    key: string,
    read: () => Promise<RecordRead<unknown>>,
    isWanted: () => boolean,
  ): Promise<RecordRead<unknown>> {
    const readAtMs = this.#clock.monotonicMs()
    try {
      const found = await read()
      const livesMs = readAtMs + RECORD_STALENESS_MS - this.#clock.monotonicMs()
      if (isWanted() && found.kind !== 'unavailable' && livesMs > 0) {
        this.#held.set(key, { read: found, readAtMs }, livesMs)
      }
      return found
    } finally {
      if (isWanted()) this.#reading.delete(key)
    }
  }

  #read(key: string, read: () => Promise<RecordRead<unknown>>): Promise<RecordRead<unknown>> {
    const reading: Promise<RecordRead<unknown>> = this.#start(
      key,
      read,
      () => this.#reading.get(key) === reading,
    )
    this.#reading.set(key, reading)
    return reading
  }
}

/** One writer at a time per key; writers of different keys do not wait for each other. */
import { diskError } from '#disk/disk-error.ts'

export class KeyedLock {
  readonly #last = new Map<string, Promise<unknown>>()
  #isClosed = false

  /** Runs `work` after everything that was given before it for the same key. */
  async run<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    this.#refuseWhenClosed()
    const before = this.#last.get(key)
    const result = before === undefined ? work() : before.then(work, work)
    const done = result.catch(() => {})
    this.#last.set(key, done)
    try {
      return await result
    } finally {
      if (this.#last.get(key) === done) this.#last.delete(key)
    }
  }

  /**
   * The same for several keys at a time, of which none may be given twice. All are asked for in one step, so that no two
   * who wait for some of the same keys can wait for each other.
   */
  async runAll<Result>(keys: readonly string[], work: () => Promise<Result>): Promise<Result> {
    this.#refuseWhenClosed()
    const before = keys.flatMap((key) => this.#last.get(key) ?? [])
    const result = before.length === 0 ? work() : Promise.all(before).then(work)
    const done = result.catch(() => {})
    for (const key of keys) this.#last.set(key, done)
    try {
      return await result
    } finally {
      for (const key of keys) if (this.#last.get(key) === done) this.#last.delete(key)
    }
  }
  /** Nobody begins from here on: who asks is rejected like one whose disk went away. Resolves when all others have ended. */
  async close(): Promise<void> {
    this.#isClosed = true
    while (this.#last.size > 0) await Promise.all(this.#last.values())
  }

  #refuseWhenClosed(): void {
    if (this.#isClosed) throw diskError('ESHUTDOWN', 'lock', 'closed')
  }
}

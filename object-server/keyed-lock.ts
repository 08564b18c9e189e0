/** One writer at a time per key; writers of different keys do not wait for each other. */
export class KeyedLock {
  readonly #last = new Map<string, Promise<unknown>>()

  /** Runs `work` after everything that was given before it for the same key. */
  async run<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
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
}

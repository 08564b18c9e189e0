/**
 * Conditional writes of one name in this process go one after the other: among themselves they need not outbid each
 * other's ballots. A courtesy, not a lock: whoever has waited long enough goes ahead, and other processes do not know.
 */
import type { Clock } from '#base/environment.ts'

export interface Turn {
  /** Lets the next one go. Twice is once. */
  end(): void
}

export class Turns {
  readonly #clock: Clock
  /** Those who wait behind somebody, by name. */
  readonly #lines = new Map<string, (() => void)[]>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Resolves when it is one's turn, or after `waitMs`. */
  async take(name: string, waitMs: number): Promise<Turn> {
    const line = this.#lines.get(name)
    if (line === undefined) {
      this.#lines.set(name, [])
      return this.#turn(name)
    }
    const { promise, resolve } = Promise.withResolvers<'called' | 'impatient'>()
    const called = (): void => resolve('called')
    line.push(called)
    const timer = this.#clock.setTimer(waitMs, () => {
      line.splice(line.indexOf(called), 1)
      resolve('impatient')
    })
    const how = await promise
    timer.cancel()
    return how === 'called' ? this.#turn(name) : { end: () => {} }
  }

  #turn(name: string): Turn {
    let isOver = false
    return {
      end: () => {
        if (isOver) return
        isOver = true
        const next = this.#lines.get(name)?.shift()
        if (next === undefined) this.#lines.delete(name)
        else next()
      },
    }
  }
}

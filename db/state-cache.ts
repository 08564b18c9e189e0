/**
 * Recently used database states, and that there are none. Only the process that owns the device writes them, so what is here
 * is always what is stored. What was read from the store is kept only if nothing was written since the reading began.
 */
import type { DatabaseState } from './info.ts'

/** Databases at most; one takes about a kilobyte, more with much metadata. */
const STATES_MAX = 10_000
/** Databases of which it is remembered that they are not there, at most. */
const MISSING_MAX = 1_000

export class StateCache {
  readonly #states = new Map<string, DatabaseState>()
  readonly #missing = new Set<string>()
  #writes = 0

  get(key: string): DatabaseState | undefined {
    const state = this.#states.get(key)
    if (state !== undefined) this.#keep(key, state)
    return state
  }

  /** Is it known that there is none? */
  isMissing(key: string): boolean {
    return this.#missing.has(key)
  }

  /** A mark to hand to `offer` after reading. */
  mark(): number {
    return this.#writes
  }

  /** Keeps what was read, unless something was written after the mark. `undefined`: there is none. */
  offer(key: string, state: DatabaseState | undefined, mark: number): void {
    if (mark !== this.#writes) return
    if (state !== undefined) return this.#keep(key, state)
    if (this.#missing.size >= MISSING_MAX) this.#missing.clear()
    this.#missing.add(key)
  }

  /** What was just made durable. */
  written(key: string, state: DatabaseState): void {
    this.#writes += 1
    this.#keep(key, state)
  }

  /** What was just removed. */
  forget(key: string): void {
    this.#writes += 1
    this.#states.delete(key)
  }

  #keep(key: string, state: DatabaseState): void {
    this.#missing.delete(key)
    this.#states.delete(key)
    this.#states.set(key, state)
    if (this.#states.size <= STATES_MAX) return
    const [oldest] = this.#states.keys()
    if (oldest !== undefined) this.#states.delete(oldest)
  }
}

/**
 * Recently used database states. Only the process that owns the device writes them, so what is here is always what is
 * stored. A state read from the store is kept only if nothing was written since the reading began.
 */
import type { DatabaseState } from './info.ts'

/** Databases at most; one takes about a kilobyte, more with much metadata. */
const STATES_MAX = 10_000

export class StateCache {
  readonly #states = new Map<string, DatabaseState>()
  #writes = 0

  get(key: string): DatabaseState | undefined {
    const state = this.#states.get(key)
    if (state !== undefined) this.#keep(key, state)
    return state
  }

  /** A mark to hand to `offer` after reading. */
  mark(): number {
    return this.#writes
  }

  /** Keeps what was read, unless something was written after the mark. */
  offer(key: string, state: DatabaseState, mark: number): void {
    if (mark === this.#writes) this.#keep(key, state)
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
    this.#states.delete(key)
    this.#states.set(key, state)
    if (this.#states.size <= STATES_MAX) return
    const [oldest] = this.#states.keys()
    if (oldest !== undefined) this.#states.delete(oldest)
  }
}

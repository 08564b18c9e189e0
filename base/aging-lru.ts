/** A map of bounded size whose entries age; the least recently used leaves first. */
import type { Clock } from './environment.ts'

interface Entry<Value> {
  readonly value: Value
  readonly untilMs: number
}

export class AgingLru<Value> {
  readonly #clock: Clock
  readonly #entriesMax: number
  readonly #entries = new Map<string, Entry<Value>>()

  constructor(clock: Clock, entriesMax: number) {
    this.#clock = clock
    this.#entriesMax = entriesMax
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#entries.delete(key)
    if (entry.untilMs <= this.#clock.monotonicMs()) return undefined
    this.#entries.set(key, entry)
    return entry.value
  }

  set(key: string, value: Value, livesMs: number): void {
    this.#entries.delete(key)
    this.#entries.set(key, { value, untilMs: this.#clock.monotonicMs() + livesMs })
    if (this.#entries.size <= this.#entriesMax) return
    const [oldest] = this.#entries.keys()
    if (oldest !== undefined) this.#entries.delete(oldest)
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }

  clear(): void {
    this.#entries.clear()
  }
}

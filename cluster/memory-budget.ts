/**
 * How much memory this process may hold in request bodies that wait for an answer. What gets no share is streamed
 * instead, where a refusing node cannot be replaced once the body flows.
 */

/** Default budget per process, bytes: a thousand bodies of the largest held size. */
export const HELD_BODIES_BYTES = 64 * 1024 * 1024

export class MemoryBudget {
  readonly #limitBytes: number
  #usedBytes = 0

  constructor(limitBytes: number = HELD_BODIES_BYTES) {
    this.#limitBytes = limitBytes
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** A share that must be given back with `release`; `undefined` when the budget is spent. */
  take(sizeBytes: number): MemoryShare | undefined {
    if (this.#usedBytes + sizeBytes > this.#limitBytes) return undefined
    this.#usedBytes += sizeBytes
    let held = sizeBytes
    return {
      release: () => {
        this.#usedBytes -= held
        held = 0
      },
    }
  }
}

/** Giving back twice does nothing. */
export interface MemoryShare {
  release(): void
}

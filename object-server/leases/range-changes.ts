/**
 * What is being written in which of the 65,536 ranges of hashes that replicas compare (`range-digests.ts`). A digest says
 * what will be there when the writes under way are done; who reads may still find what was there before.
 */
import type { ObjectState } from '../object-state.ts'

/** The range of a hash: its first four hex digits as a number. */
export function rangeNumber(hash: string): number {
  return Number.parseInt(hash.slice(0, 4), 16)
}

/** `state`: what the object will be. */
export type RangeListener = (range: number, state: ObjectState) => void

export class RangeChanges {
  readonly #underWay = new Map<number, number>()
  readonly #listeners: RangeListener[] = []

  /** Told of every change before anybody can see it. */
  onChange(listener: RangeListener): void {
    this.#listeners.push(listener)
  }

  /** Does nothing in the range change at this moment, so that every reader finds what its digest says? */
  isQuiet(range: number): boolean {
    return !this.#underWay.has(range)
  }

  /** To be called before an object becomes `state`; the result when every reader finds that, or it has failed. */
  begin(hash: string, state: ObjectState): () => void {
    const range = rangeNumber(hash)
    this.#underWay.set(range, (this.#underWay.get(range) ?? 0) + 1)
    this.tell(hash, state)
    return () => this.#end(range)
  }

  /** The same of a change that is over. */
  tell(hash: string, state: ObjectState): void {
    for (const listener of this.#listeners) listener(rangeNumber(hash), state)
  }

  #end(range: number): void {
    const left = (this.#underWay.get(range) ?? 1) - 1
    if (left === 0) this.#underWay.delete(range)
    else this.#underWay.set(range, left)
  }
}

/**
 * Rows that took the place of another one of the same object and the same time: of two PUTs with one timestamp, of a PUT
 * that comes behind a later POST, of a DELETE at the time of the PUT. Whoever is delivering the one that was there says of
 * the new one neither that it was delivered nor who still lacks it.
 *
 * In memory only: what was being delivered when the process ended is heard of no more.
 */
import { type ContainerUpdate, keyOfUpdate } from './container-update.ts'
import type { ObjectState } from './object-state.ts'

export class RewrittenRows {
  readonly #latest = new Map<string, ContainerUpdate>()

  /** To be called with each change of an object before its rows are queued. */
  note(before: ObjectState, updates: readonly ContainerUpdate[]): void {
    const times = [before.data?.timestamp, before.meta?.timestamp, before.tombstone]
    for (const update of updates) {
      if (times.includes(update.timestamp)) this.#latest.set(keyText(update), update)
    }
  }

  /** Was this row queued, and not another one in its place since? */
  isLatest(update: ContainerUpdate): boolean {
    // Mostly there is none.
    if (this.#latest.size === 0) return true
    const latest = this.#latest.get(keyText(update))
    return latest === undefined || tellTheSame(latest, update)
  }

  /** The row leaves the queue. */
  forget(update: ContainerUpdate): void {
    if (this.#latest.size > 0) this.#latest.delete(keyText(update))
  }
}

/** Do both say the same of the object, whoever is still to hear it? */
export function tellTheSame(left: ContainerUpdate, right: ContainerUpdate): boolean {
  if (left.method !== right.method) return false
  const names = new Set([...Object.keys(left.headers), ...Object.keys(right.headers)])
  return [...names].every((name) => left.headers[name] === right.headers[name])
}

function keyText(update: ContainerUpdate): string {
  return keyOfUpdate(update).toString('latin1')
}

/**
 * How far a pass over the objects of a device is, and when the last one ended: kept in the notes of the device, so that a
 * restart costs at most the leaf that was being looked at. Any older position is as good, only slower.
 */
import type { Notes } from '#object-server/device-notes.ts'

export interface Position {
  readonly policyIndex: number
  /** The first leaf that is not done yet, 0 to 255. */
  readonly leaf: number
  /** Objects done so far, of all policies. */
  readonly done: number
}

interface Note {
  readonly version: number
  readonly position?: Position | undefined
  /** Wall clock, milliseconds since the epoch. */
  readonly completedMs?: number | undefined
}

const VERSION = 1

export class KeptPosition {
  readonly #notes: Notes
  readonly #name: string

  /** `name`: of the worker. */
  constructor(notes: Notes, name: string) {
    this.#notes = notes
    this.#name = `audit/${name}`
  }

  /** Where a pass was stopped; `undefined` when the next one begins at the beginning. */
  get position(): Position | undefined {
    return this.#note().position
  }

  get completedMs(): number | undefined {
    return this.#note().completedMs
  }

  keep(position: Position): Promise<void> {
    return this.#notes.set(this.#name, {
      version: VERSION,
      position,
      completedMs: this.completedMs,
    } satisfies Note)
  }

  completed(completedMs: number): Promise<void> {
    return this.#notes.set(this.#name, { version: VERSION, completedMs } satisfies Note)
  }

  /** What another version wrote is no position. */
  #note(): Note {
    const note = this.#notes.get(this.#name) as Note | undefined
    return note?.version === VERSION ? note : { version: VERSION }
  }
}

/** The first pass after a start waits at least so long, milliseconds: a start has better things to do. */
const FIRST_PAUSE_MS = 60_000

/** How long until the next pass: soon when one was stopped, else so long after the last one. */
export function pauseUntilNext(kept: KeptPosition, everyMs: number, nowMs: number): number {
  const { completedMs, position } = kept
  return pauseAfter(position === undefined ? completedMs : undefined, everyMs, nowMs)
}

/** The same, given when the last pass was completed; `undefined` when none was, or one is to be gone on with. */
export function pauseAfter(completedMs: number | undefined, everyMs: number, nowMs: number): number {
  if (completedMs === undefined) return FIRST_PAUSE_MS
  return Math.max(FIRST_PAUSE_MS, completedMs + everyMs - nowMs)
}

/**
 * What every background worker is: something that makes passes over what a device holds, can be asked for a pass, watched,
 * paused and stopped at any instant, and says what it found. Every worker is idempotent: it may be killed anywhere and run twice.
 *
 * Workers run inside the process that owns the device and write only through its engines.
 */

/** How a pass treats clients: `gentle` gives way to them and keeps the configured rates, `full` was asked for by a person. */
export type Pace = 'gentle' | 'full'

/** How far a pass is. */
export interface PassProgress {
  readonly done: number
  /** `undefined` until it is known. */
  readonly total: number | undefined
  /** What is counted, in the plural: `partitions`, `objects`, `containers`. */
  readonly unit: string
  readonly bytes: number
  /** Wall clock, milliseconds since the epoch. */
  readonly startedMs: number
  /** Until the end of the pass, seconds; `undefined` until it can be told. */
  readonly etaSeconds: number | undefined
}

/** Figures by name in the style of a metric: `objects_sent`, `bytes_checked`, `tombstones_reclaimed`. */
export type Figures = Readonly<Record<string, number>>

/** What a pass came to. */
export interface PassReport {
  readonly worker: string
  /** Wall clock, milliseconds since the epoch. */
  readonly startedMs: number
  readonly durationMs: number
  /** `stopped`: by its signal or by `pause`; it goes on from there in the next pass. */
  readonly ended: 'complete' | 'stopped' | 'failed'
  /** Read or sent; left out where nothing was. */
  readonly bytes?: number
  /** What was looked at, and what was wrong with it. */
  readonly found: Figures
  /** What was put right. */
  readonly repaired: Figures
  /** What could not be done yet. */
  readonly waiting: Figures
}

export interface PassOptions {
  /** To be read at every step: a gentle pass becomes a full one when a person asks for a pass in the middle of it. */
  readonly pace: Pace
  readonly signal: AbortSignal
}

export interface Worker {
  /** `replicator`, `auditor`, … ; the name of its loop, its metrics and `martlet run NAME`. */
  readonly name: string
  /** One pass; whoever asks while one is under way gets that one's report. Rejects never; a failure is in the report. */
  readonly runOnce: (options: PassOptions) => Promise<PassReport>
  /** `undefined` while no pass is under way. */
  readonly progress: () => PassProgress | undefined
  /** The pass before; `undefined` before the first is over. */
  readonly lastPass: () => PassReport | undefined
  /** How long its loop waits before the next pass, milliseconds; asked after each pass. */
  readonly pauseMs: () => number
  /** Figures of this moment, asked when somebody looks: length of a queue, age of its oldest entry (`oldest_seconds`). */
  readonly live?: () => Promise<Figures>
  /** Told once by the loop whom to wake when something cannot wait for the next pass. */
  readonly onUrgent?: (wake: () => void) => void
}

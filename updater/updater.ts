/**
 * Delivers what storage servers could not deliver when it happened: container rows of objects, figures of containers for
 * their accounts. The queues themselves are durable and belong to the servers; this decides when each is tried.
 *
 * - A queue that delivers is tried again soon, one that delivers nothing of what waits ever later, up to a minute, so that
 *   a dead peer costs little and what is new does not wait long behind what is stuck.
 * - A pass is followed by a pause several times as long as itself, so that clients come first.
 */
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { DeliveryFigures, DeliverySource } from './sources.ts'

export interface UpdaterOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly sources: readonly DeliverySource[]
  /** Told after every try of a source, for metrics. */
  readonly observe?: ((source: string, figures: DeliveryFigures, durationMs: number) => void) | undefined
}

/** What one source came to in a pass. */
export type SourceOutcome =
  | { readonly kind: 'delivered'; readonly figures: DeliveryFigures; readonly durationMs: number }
  /** Its turn has not come. */
  | { readonly kind: 'resting'; readonly forMs: number }
  | { readonly kind: 'failed' }

export interface UpdaterStats {
  readonly durationMs: number
  readonly outcomes: ReadonlyMap<string, SourceOutcome>
}

const FIRST_REST_MS = 1000
const LAST_REST_MS = 60_000
/** A pause is at least so long, and so many times as long as the pass before it. */
const PAUSE_MIN_MS = 1000
const PAUSE_PER_PASS = 4
/** OpenStack Swift's updaters begin a pass every five minutes. */
const PAUSE_MAX_MS = 300_000

interface Rest {
  readonly untilMs: number
  readonly lengthMs: number
}

export class Updater {
  readonly #options: UpdaterOptions
  readonly #rests = new Map<string, Rest>()
  #pauseMs = PAUSE_MIN_MS
  #lastPass: UpdaterStats | undefined

  constructor(options: UpdaterOptions) {
    this.#options = options
  }

  /** How long to wait before the next pass, milliseconds. */
  get pauseMs(): number {
    return this.#pauseMs
  }

  /** The pass before; `undefined` before the first is over. */
  get lastPass(): UpdaterStats | undefined {
    return this.#lastPass
  }

  /** Tries every source whose turn it is, one after the other. Never rejects. */
  async runOnce(): Promise<UpdaterStats> {
    const { clock, sources } = this.#options
    const startedMs = clock.monotonicMs()
    const outcomes = new Map<string, SourceOutcome>()
    for (const source of sources) outcomes.set(source.name, await this.#try(source))
    const durationMs = clock.monotonicMs() - startedMs
    this.#pauseMs = Math.min(PAUSE_MAX_MS, Math.max(PAUSE_MIN_MS, durationMs * PAUSE_PER_PASS))
    this.#lastPass = { durationMs, outcomes }
    return this.#lastPass
  }

  async #try(source: DeliverySource): Promise<SourceOutcome> {
    const { clock, log, observe } = this.#options
    const startedMs = clock.monotonicMs()
    const rest = this.#rests.get(source.name)
    if (rest !== undefined && startedMs < rest.untilMs) {
      return { kind: 'resting', forMs: rest.untilMs - startedMs }
    }
    try {
      const figures = await source.deliver()
      const durationMs = clock.monotonicMs() - startedMs
      observe?.(source.name, figures, durationMs)
      this.#restAfter(source.name, figures)
      return { kind: 'delivered', figures, durationMs }
    } catch (error) {
      log.error({ err: error, source: source.name }, 'delivering what waits failed')
      this.#rest(source.name)
      return { kind: 'failed' }
    }
  }

  #restAfter(name: string, { delivered, waiting }: DeliveryFigures): void {
    if (waiting > 0 && delivered === 0) this.#rest(name)
    else this.#rests.delete(name)
  }

  #rest(name: string): void {
    const before = this.#rests.get(name)
    const lengthMs = before === undefined ? FIRST_REST_MS : Math.min(before.lengthMs * 2, LAST_REST_MS)
    this.#rests.set(name, { lengthMs, untilMs: this.#options.clock.monotonicMs() + lengthMs })
  }
}

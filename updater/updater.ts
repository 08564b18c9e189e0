/**
 * Delivers what storage servers could not deliver when it happened: container rows of objects, figures of containers for
 * their accounts. The queues themselves are durable and belong to the servers; this decides when each is tried.
 *
 * - A queue that delivers is tried again soon, one that delivers nothing of what waits ever later, up to a minute, so that
 *   a dead peer costs little and what is new does not wait long behind what is stuck. A person who asks does not wait.
 * - A queue of figures that change all the time gathers what comes for a few seconds after each delivery.
 * - A pass is followed by a pause several times as long as itself, so that clients come first.
 */
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { Figures, PassOptions, Worker } from '#worker/contract.ts'
import { type Pass, passWorker } from '#worker/pass.ts'
import type { DeliveryFigures, DeliverySource } from './sources.ts'

export interface UpdaterOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly sources: readonly DeliverySource[]
  /** Told after every try of a source, for metrics. */
  readonly observe?: ((source: string, figures: DeliveryFigures, durationMs: number) => void) | undefined
}

const FIRST_REST_MS = 1000
const LAST_REST_MS = 60_000
/** A pause is at least so long, and so many times as long as the pass before it. */
const PAUSE_MIN_MS = 1000
const PAUSE_PER_PASS = 4
/** OpenStack Swift's updaters begin a pass every five minutes. */
const PAUSE_MAX_MS = 300_000
/** Looking at a long queue costs; what was seen is shown for so long, and so many times as long as looking took. */
const LIVE_MIN_MS = 1000
const LIVE_PER_LOOK = 20

/** The worker named `updater`. Its live figures are, of each queue, `NAME` entries and `NAME_oldest_seconds`. */
export function createUpdaterWorker(options: UpdaterOptions): Worker {
  const { clock, log } = options
  const updater = new Updater(options)
  return passWorker({
    name: 'updater',
    clock,
    log,
    unit: 'queues',
    pauseMs: () => updater.pauseMs,
    pass: (pass, how) => updater.pass(pass, how),
    live: () => updater.live(),
  })
}

interface Rest {
  readonly untilMs: number
  readonly lengthMs: number
}

class Updater {
  readonly #options: UpdaterOptions
  readonly #rests = new Map<string, Rest>()
  readonly #gathersUntilMs = new Map<string, number>()
  #pauseMs = PAUSE_MIN_MS
  #live: { readonly figures: Promise<Figures>; readonly untilMs: number } | undefined

  constructor(options: UpdaterOptions) {
    this.#options = options
  }

  /** How long to wait before the next pass, milliseconds. */
  get pauseMs(): number {
    return this.#pauseMs
  }

  /** Tries every source whose turn it is, one after the other. */
  async pass(pass: Pass, how: PassOptions): Promise<'complete' | 'stopped'> {
    const { clock, sources } = this.#options
    const startedMs = clock.monotonicMs()
    pass.expect(sources.length)
    for (const source of sources) {
      if (how.signal.aborted) return 'stopped'
      if (how.pace === 'full' || !this.#isEarly(source.name)) await this.#try(source, pass)
      else if (this.#rests.has(source.name)) pass.count('waiting', `${source.name}_resting`)
      pass.advance()
    }
    const durationMs = clock.monotonicMs() - startedMs
    this.#pauseMs = Math.min(PAUSE_MAX_MS, Math.max(PAUSE_MIN_MS, durationMs * PAUSE_PER_PASS))
    return 'complete'
  }

  live(): Promise<Figures> {
    const nowMs = this.#options.clock.monotonicMs()
    if (this.#live !== undefined && nowMs < this.#live.untilMs) return this.#live.figures
    const figures = this.#look()
    this.#live = { figures, untilMs: nowMs + LIVE_MIN_MS }
    return figures
  }

  async #look(): Promise<Figures> {
    const { clock, sources } = this.#options
    const startedMs = clock.monotonicMs()
    const figures: Record<string, number> = {}
    let oldestSeconds = 0
    for (const source of sources) {
      const waiting = await source.waiting()
      figures[source.name] = waiting.count
      figures[`${source.name}_oldest_seconds`] = waiting.oldestSeconds
      oldestSeconds = Math.max(oldestSeconds, waiting.oldestSeconds)
    }
    const endedMs = clock.monotonicMs()
    const keptMs = Math.max(LIVE_MIN_MS, (endedMs - startedMs) * LIVE_PER_LOOK)
    if (this.#live !== undefined) this.#live = { ...this.#live, untilMs: endedMs + keptMs }
    return { ...figures, oldest_seconds: oldestSeconds }
  }

  /** Does it rest, or gather? */
  #isEarly(name: string): boolean {
    const untilMs = this.#rests.get(name)?.untilMs ?? this.#gathersUntilMs.get(name) ?? 0
    return this.#options.clock.monotonicMs() < untilMs
  }

  async #try(source: DeliverySource, pass: Pass): Promise<void> {
    const { clock, log, observe } = this.#options
    const startedMs = clock.monotonicMs()
    try {
      const figures = await source.deliver()
      observe?.(source.name, figures, clock.monotonicMs() - startedMs)
      this.#note(pass, source.name, figures)
      this.#restAfter(source, figures)
    } catch (error) {
      log.error({ err: error, source: source.name }, 'delivering what waits failed')
      pass.count('waiting', `${source.name}_failed`)
      this.#rest(source.name)
    }
  }

  #note(pass: Pass, name: string, { delivered, waiting, dropped }: DeliveryFigures): void {
    pass.set('found', name, delivered + waiting + dropped)
    pass.set('repaired', `${name}_delivered`, delivered)
    pass.set('waiting', name, waiting)
    if (dropped > 0) pass.set('found', `${name}_dropped`, dropped)
  }

  #restAfter({ name, gatherMs = 0 }: DeliverySource, { delivered, waiting }: DeliveryFigures): void {
    if (waiting > 0 && delivered === 0) return this.#rest(name)
    this.#rests.delete(name)
    if (delivered > 0) this.#gathersUntilMs.set(name, this.#options.clock.monotonicMs() + gatherMs)
  }

  #rest(name: string): void {
    const before = this.#rests.get(name)
    const lengthMs = before === undefined ? FIRST_REST_MS : Math.min(before.lengthMs * 2, LAST_REST_MS)
    this.#rests.set(name, { lengthMs, untilMs: this.#options.clock.monotonicMs() + lengthMs })
  }
}

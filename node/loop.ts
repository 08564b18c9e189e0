/** Work that is done again and again, with a pause in between. A pass that fails is logged; the next one comes. */
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'

export interface LoopOptions {
  readonly name: string
  readonly clock: Clock
  readonly log: Logger
  /** Between the end of a pass and the next one, milliseconds; asked each time. */
  readonly pauseMs: () => number
  readonly pass: () => Promise<unknown>
}

export class Loop {
  readonly #options: LoopOptions
  readonly #stopping = new AbortController()
  readonly #running: Promise<void>

  constructor(options: LoopOptions) {
    this.#options = options
    this.#running = this.#run()
  }

  /** No more passes; resolves when the one under way is over. */
  stop(): Promise<void> {
    this.#stopping.abort()
    return this.#running
  }

  async #run(): Promise<void> {
    const { clock, pauseMs } = this.#options
    const { signal } = this.#stopping
    while (!signal.aborted) {
      await clock.sleep(pauseMs(), signal).catch(() => {})
      if (!signal.aborted) await this.#pass()
    }
  }

  async #pass(): Promise<void> {
    const { name, log, pass } = this.#options
    try {
      await pass()
    } catch (error) {
      log.error({ err: error, loop: name }, 'a pass failed')
    }
  }
}

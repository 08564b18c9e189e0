/** Runs many seeds in several processes at a time, says how far it is, and names the seeds that found something. */
import { randomInt } from 'node:crypto'
import type { RunChoices } from './replay.ts'
import { type SeedResult, SeedRunner } from './seed-runner.ts'

export interface ExploreOptions {
  /** Begins no new seed after so long. */
  readonly minutes: number | undefined
  /** Runs so many seeds. */
  readonly count: number | undefined
  /** Goes on after that time until so many were begun, for half as long again at most. */
  readonly least?: number | undefined
  /** The first seed; the others follow it. Fresh ones when left out. */
  readonly from: number | undefined
  readonly jobs: number
  /** Of every run; what the seeds choose when left out. */
  readonly choices?: RunChoices
  readonly afterViolation: 'go_on' | 'stop'
  /** Told how far it is, and everything about a seed that found something. */
  readonly print: (line: string) => void
}

/** What came of an exploration. */
export interface Explored {
  readonly seeds: number
  readonly seconds: number
  /** Processor time of all seeds. */
  readonly cpuSeconds: number
  readonly operations: number
  readonly acknowledged: number
  readonly failed: readonly SeedResult[]
}

/** Seeds run by one process before another takes its place, so that no run suffers from what earlier ones left. */
const SEEDS_PER_PROCESS = 25
const SEED_LIMIT = 2 ** 31
const PROGRESS_EVERY_MS = 15_000
const OVERTIME = 1.5

/** Runs seeds until there have been enough. */
export async function explore(options: ExploreOptions): Promise<Explored> {
  const exploration = new Exploration(options)
  await Promise.all(Array.from({ length: options.jobs }, () => exploration.work()))
  return exploration.explored
}

/** An exploration in words: how much it was, and how each seed that found something is run again. */
export function summaryOf(explored: Explored): string {
  const { seeds, seconds, cpuSeconds, operations, acknowledged, failed } = explored
  const each = `${(cpuSeconds / Math.max(1, seeds)).toFixed(1)} CPU seconds each`
  const work = `${operations} operations, ${acknowledged} acknowledged`
  const sum = `${seeds} seeds in ${seconds.toFixed(0)} s, ${each}, ${work}, ${failed.length} violations`
  return [sum, ...failed.map(({ replay, check }) => `${check}: ${replay}`)].join('\n')
}

class Exploration {
  readonly #options: ExploreOptions
  readonly #startedMs = performance.now()
  readonly #failed: SeedResult[] = []
  #shownMs = 0
  #begun = 0
  #done = 0
  #cpuSeconds = 0
  #operations = 0
  #acknowledged = 0

  constructor(options: ExploreOptions) {
    this.#options = options
  }

  /** One process after the other, each with some seeds. */
  async work(): Promise<void> {
    while (this.#mayBegin()) {
      const runner = new SeedRunner()
      for (let at = 0; at < SEEDS_PER_PROCESS && this.#mayBegin(); at += 1) {
        const result = await runner.run({ seed: this.#nextSeed(), choices: this.#options.choices ?? {} })
        this.#take(result)
        if (result.check === 'hung' || result.check === 'died') break
      }
      runner.stop()
    }
  }

  get explored(): Explored {
    return {
      seeds: this.#done,
      seconds: (performance.now() - this.#startedMs) / 1000,
      cpuSeconds: this.#cpuSeconds,
      operations: this.#operations,
      acknowledged: this.#acknowledged,
      failed: this.#failed,
    }
  }

  #mayBegin(): boolean {
    const { minutes, count } = this.#options
    if (this.#options.afterViolation === 'stop' && this.#failed.length > 0) return false
    if (count !== undefined && this.#begun >= count) return false
    if (minutes === undefined) return true
    const minutesGone = (performance.now() - this.#startedMs) / 60_000
    return minutesGone < (this.#begun < (this.#options.least ?? 0) ? minutes * OVERTIME : minutes)
  }

  #nextSeed(): number {
    const { from } = this.#options
    const seed = from === undefined ? randomInt(SEED_LIMIT) : from + this.#begun
    this.#begun += 1
    return seed
  }

  #take(result: SeedResult): void {
    this.#done += 1
    this.#cpuSeconds += result.cpuSeconds
    this.#operations += result.operations
    this.#acknowledged += result.acknowledged
    if (!result.isGood) {
      this.#failed.push(result)
      this.#options.print(result.text)
    }
    if (performance.now() - this.#shownMs < PROGRESS_EVERY_MS) return
    this.#shownMs = performance.now()
    const cpu = `${this.#cpuSeconds.toFixed(0)} CPU seconds`
    this.#options.print(`${this.#done} seeds, ${cpu}, ${this.#failed.length} violations`)
  }
}

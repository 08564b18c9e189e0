/**
 * A process that runs seeds, one after the other, and its parent's side of it. A run has a process of its own because it makes
 * much garbage that does not live long, because a broken variant is loaded at the start of a process, and because a run
 * that hangs can be ended.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { type RunChoices, replayCommand } from './replay.ts'

/** What a process that runs seeds is sent. */
export interface SeedToRun {
  readonly seed: number
  readonly choices: RunChoices
}

/** What a process that runs seeds says of one. */
export interface SeedResult {
  readonly seed: number
  /** The command that runs it again. */
  readonly replay: string
  readonly isGood: boolean
  /** For people: everything about the run when it failed, the check that failed first. */
  readonly check: string
  readonly text: string
  readonly operations: number
  readonly acknowledged: number
  /** How many things went wrong on purpose. */
  readonly faults: number
  /** Processor time of all threads of the process. */
  readonly cpuSeconds: number
}

/** A seed that takes longer hangs, on a machine with much else to do too, milliseconds. */
const HUNG_MS = 1_200_000
/**
 * Few runs of the collector of young garbage, in MiB, and none of old garbage before there is as much as a handful of seeds
 * leaves; by the thread that made the garbage alone, because helping threads cost more than they save where each core has a
 * seed of its own. And code that is compiled when it is first called, as a process that lives for some seconds gains most by.
 */
const NODE_OPTIONS: readonly string[] = [
  '--max-semi-space-size=64',
  '--single-threaded-gc',
  '--no-minor-gc-task',
  '--initial-old-space-size=512',
  '--always-sparkplug',
]

export class SeedRunner {
  readonly #child: ChildProcess
  readonly #mutant: string | undefined

  /** `mutant`: name of the broken variant that is run; that of this very process when left out. */
  constructor(mutant: string | undefined = process.env['MUTANT']) {
    this.#mutant = mutant
    const loader = mutant === undefined ? [] : ['--import', new URL('./mutate.ts', import.meta.url).href]
    this.#child = fork(new URL('./seed-process.ts', import.meta.url), {
      env: { ...process.env, MUTANT: mutant },
      execArgv: [...loader, ...NODE_OPTIONS],
    })
  }

  /** Runs a seed to its end. Never rejects: a process that hangs or dies is a result too, and no good for another run. */
  async run(wanted: SeedToRun): Promise<SeedResult> {
    const answer = Promise.withResolvers<SeedResult>()
    const timer = setTimeout(() => answer.resolve(this.#failure(wanted, 'hung')), HUNG_MS)
    const take = (message: unknown): void => answer.resolve(message as SeedResult)
    const die = (): void => answer.resolve(this.#failure(wanted, 'died'))
    this.#child.once('message', take)
    this.#child.once('exit', die)
    this.#child.send(wanted, (error) => {
      if (error !== null) die()
    })
    const result = await answer.promise
    clearTimeout(timer)
    this.#child.off('message', take)
    this.#child.off('exit', die)
    return result
  }

  stop(): void {
    this.#child.kill('SIGKILL')
  }

  #failure({ seed, choices }: SeedToRun, check: string): SeedResult {
    return {
      seed,
      replay: replayCommand(seed, choices, this.#mutant),
      isGood: false,
      check,
      text: `seed ${seed}: the process ${check}`,
      operations: 0,
      acknowledged: 0,
      faults: 0,
      cpuSeconds: 0,
    }
  }
}

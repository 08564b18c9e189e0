/**
 * Keeps a set of processes running: starts them, starts a dead one again, and stops them all in order. It does nothing
 * else while requests run, so that it has no reason to die.
 *
 * - A process that dies is started again after a pause that doubles as long as it keeps dying.
 * - The public port gives connections only to processes that are ready.
 * - To stop: no new connections; every process finishes its clients' requests while all still serve each other; then
 *   every process closes what it has. What has not ended when its time is over is killed.
 */
import type { PublicPort } from './public-port.ts'
import {
  type NotStarted,
  type Program,
  SupervisedProcess,
  type SupervisedProcessOptions,
} from './supervised-process.ts'

export interface SupervisorOptions extends SupervisedProcessOptions {
  readonly programs: readonly Program[]
  /** How long the requests under way may take at a stop, milliseconds. */
  readonly drainMs: number
}

/** Time that a process has for each of the two steps of a stop, in the first one beyond `drainMs`. */
const STOP_STEP_MS = 3_000

export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #processes: SupervisedProcess[]
  #port: PublicPort | undefined
  #stopping: Promise<void> | undefined

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#processes = options.programs.map((program) => new SupervisedProcess(program, options))
  }

  /** Forks all processes. They begin when their assignments are there. */
  start(): void {
    for (const process of this.#processes) process.start()
  }

  /** Runs one more program from now on; after a stop it does nothing. */
  add(program: Program): void {
    if (this.#stopping !== undefined) return
    const process = new SupervisedProcess(program, this.#options)
    this.#processes.push(process)
    process.start()
    if (this.#port !== undefined) process.serve(this.#port)
  }

  /** Resolves when every process is ready for the first time, or one of them says that it cannot, or a stop came first. */
  async started(): Promise<{ readonly kind: 'ready' } | NotStarted> {
    const all = Promise.all(this.#processes.map((process) => process.ready))
    const ready = all.then(() => ({ kind: 'ready' }) as const)
    return Promise.race([ready, ...this.#processes.map((process) => process.notStarted)])
  }

  /** From now on processes get the port's connections whenever they are ready. */
  serve(port: PublicPort): void {
    this.#port = port
    for (const process of this.#processes) process.serve(port)
  }

  /** Process ids by program name, of those that are running. */
  get pids(): ReadonlyMap<string, number> {
    const running = this.#processes.flatMap(({ name, pid }) =>
      pid === undefined ? [] : [[name, pid] as const],
    )
    return new Map(running)
  }

  /** Stops all processes in order. Resolves when the last is gone; never rejects. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll()
    return this.#stopping
  }

  /** Ends processes that have been given nothing to do yet. */
  async abandon(): Promise<void> {
    this.#stopping ??= Promise.all(this.#processes.map((process) => process.abandon())).then(() => {})
    await this.#stopping
  }

  async #stopAll(): Promise<void> {
    for (const process of this.#processes) process.drain()
    await this.#atMost(
      this.#options.drainMs + STOP_STEP_MS,
      this.#processes.map((process) => process.drained),
    )
    for (const process of this.#processes) process.close()
    const over = this.#processes.map((process) => process.over)
    await this.#atMost(STOP_STEP_MS, over)
    for (const process of this.#processes) process.kill()
    await Promise.all(over)
  }

  async #atMost(limitMs: number, all: readonly Promise<void>[]): Promise<void> {
    const timeUp = Promise.withResolvers<void>()
    const timer = this.#options.clock.setTimer(limitMs, timeUp.resolve)
    await Promise.race([Promise.all(all), timeUp.promise])
    timer.cancel()
  }
}

/**
 * One process under the supervisor, from its first start to its end, however often it dies in between.
 */
import type { Socket } from 'node:net'
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import { BackOff } from './back-off.ts'
import type { Order, Report, StartFailure } from './messages.ts'
import type { PublicPort, Receiver } from './public-port.ts'

/** A started process as the supervisor sees it. */
export interface ChildProcess {
  readonly pid: number
  /** A process that is going away may miss it. */
  send(order: Order, socket?: Socket): void
  kill(signal: 'SIGKILL'): void
}

export interface ChildListener {
  reported(report: Report): void
  /** The process is gone; `how` is an exit code or a signal's name. */
  exited(how: string): void
}

/** Starts the process of a program. */
export type Fork = (program: string, listener: ChildListener) => ChildProcess

export interface Program {
  readonly name: string
  /**
   * What a process is told at its start, made anew for each: what was true of the first need not be true of a later one.
   * May still be under way when the process is forked.
   */
  readonly assignment: (start: ProgramStart) => Promise<unknown>
}

/** `after_service`: a process of the program was ready before. */
export type ProgramStart = 'before_service' | 'after_service'

/** How the first start of a process came to nothing. */
export type NotStarted = ({ readonly kind: 'failed' } & StartFailure) | { readonly kind: 'stopped' }

/** A process that was never ready: is it left alone, so that whoever started it decides, or tried again and again? */
export type FirstStart = 'once' | 'until_ready'

export interface SupervisedProcessOptions {
  readonly fork: Fork
  readonly clock: Clock
  readonly log: Logger
  readonly firstStart: FirstStart
}

/** `dead`: to be started again. `over`: gone for good. */
type ProcessState = 'starting' | 'serving' | 'draining' | 'drained' | 'closing' | 'dead' | 'over'

/** When a signal goes to all processes of a group at once, the supervisor has got its own after this time. */
const SIGNAL_SPREAD_MS = 100

export class SupervisedProcess implements Receiver, ChildListener {
  readonly name: string
  readonly #program: Program
  readonly #fork: Fork
  readonly #clock: Clock
  readonly #log: Logger
  readonly #firstStart: FirstStart
  readonly #backOff = new BackOff()
  readonly #ready = Promise.withResolvers<void>()
  readonly #notStarted = Promise.withResolvers<NotStarted>()
  readonly #drained = Promise.withResolvers<void>()
  readonly #over = Promise.withResolvers<void>()
  #child: ChildProcess | undefined
  #state: ProcessState = 'dead'
  /** Stops are of one life, or of all lives to come. */
  #stopping: 'no' | 'this_life' | 'for_good' = 'no'
  #startedAtMs = 0
  #wasReady = false
  #port: PublicPort | undefined

  constructor(program: Program, options: SupervisedProcessOptions) {
    this.name = program.name
    this.#firstStart = options.firstStart
    this.#program = program
    this.#fork = options.fork
    this.#clock = options.clock
    this.#log = options.log.child({ process: program.name })
  }

  /** Resolves when the process is ready for the first time. */
  get ready(): Promise<void> {
    return this.#ready.promise
  }

  /** Resolves when it is known that the first start does not come to its end. */
  get notStarted(): Promise<NotStarted> {
    return this.#notStarted.promise
  }

  /** Resolves, after `drain`, when the process serves no client any more. */
  get drained(): Promise<void> {
    return this.#drained.promise
  }

  /** Resolves, after `drain`, when the process is gone for good. */
  get over(): Promise<void> {
    return this.#over.promise
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  start(): void {
    this.#state = 'starting'
    this.#stopping = 'no'
    this.#startedAtMs = this.#clock.monotonicMs()
    const child = this.#fork(this.name, this)
    this.#child = child
    void this.#program.assignment(this.#wasReady ? 'after_service' : 'before_service').then(
      (assignment) => this.#assign(child, assignment),
      () => {},
    )
  }

  /** From now on the process gets connections of the port whenever it is ready. */
  serve(port: PublicPort): void {
    this.#port = port
    if (this.#state === 'serving') port.addReceiver(this)
  }

  deal(id: number, socket: Socket): void {
    this.#child?.send({ kind: 'connection', id }, socket)
  }

  /** The first step of the end: no more clients, and the process is not started again. */
  drain(): void {
    this.#stopping = 'for_good'
    this.#notStarted.resolve({ kind: 'stopped' })
    if (this.#state === 'dead') this.#nowOver()
    else if (this.#state === 'drained') this.#drained.resolve()
    else if (this.#state === 'starting') this.close()
    else this.#orderDrain()
  }

  /** The second step: what is left is finished and closed, and the process ends. */
  close(): void {
    if (this.#state === 'dead' || this.#state === 'over' || this.#state === 'closing') return
    this.#state = 'closing'
    this.#drained.resolve()
    this.#child?.send({ kind: 'close' })
  }

  /** Ends a process that was given nothing to do yet. */
  abandon(): Promise<void> {
    this.#stopping = 'for_good'
    this.#notStarted.resolve({ kind: 'stopped' })
    if (this.#child === undefined) this.#nowOver()
    else this.#child.kill('SIGKILL')
    return this.over
  }

  /** For a process that took too long. */
  kill(): void {
    if (this.#child === undefined) return
    this.#log.warn({ pid: this.#child.pid }, 'killed: it did not stop in time')
    this.#child.kill('SIGKILL')
  }

  reported(report: Report): void {
    switch (report.kind) {
      case 'ready':
        return this.#nowReady()
      case 'failed':
        return this.#failed(report)
      case 'taken':
        return this.#port?.taken(report.id)
      case 'stop_requested':
        return void this.#stopThisLife()
      case 'drained':
        return this.#nowDrained()
      default:
        report satisfies never
    }
  }

  exited(how: string): void {
    const ranMs = this.#clock.monotonicMs() - this.#startedAtMs
    this.#child = undefined
    this.#port?.lost(this)
    this.#state = 'dead'
    if (this.#stopping === 'for_good') return this.#nowOver()
    const sentence = `process ${this.name} ended at its start (${how})`
    this.#notStarted.resolve({ kind: 'failed', reason: 'other', sentence })
    if (!this.#wasReady && this.#firstStart === 'once') return
    const delayMs = this.#stopping === 'this_life' ? 0 : this.#backOff.nextDelayMs(ranMs)
    if (this.#wasReady) this.#log.warn({ how, ranMs: Math.round(ranMs), againInMs: delayMs }, 'process ended')
    this.#clock.setTimer(delayMs, () => {
      if (this.#state === 'dead') this.start()
    })
  }

  #assign(child: ChildProcess, assignment: unknown): void {
    if (this.#child === child && this.#state === 'starting') child.send({ kind: 'start', assignment })
  }

  #nowReady(): void {
    if (this.#state !== 'starting') return
    this.#state = 'serving'
    this.#wasReady = true
    this.#ready.resolve()
    this.#port?.addReceiver(this)
    this.#log.info({ pid: this.pid }, 'process ready')
  }

  /** The first time, whoever started it says so; later there is only the log. */
  #failed(report: NotStarted & { readonly kind: 'failed' }): void {
    if (this.#wasReady) this.#log.error({}, report.sentence)
    this.#notStarted.resolve(report)
  }

  #orderDrain(): void {
    if (this.#state !== 'serving') return
    this.#state = 'draining'
    this.#port?.retire(this)
    this.#child?.send({ kind: 'drain' })
  }

  #nowDrained(): void {
    if (this.#state !== 'draining') return
    this.#state = 'drained'
    if (this.#stopping === 'this_life') this.close()
    else this.#drained.resolve()
  }

  /** Somebody wants this one process to stop; the others go on, and it is started again. */
  async #stopThisLife(): Promise<void> {
    await this.#clock.sleep(SIGNAL_SPREAD_MS)
    if (this.#stopping !== 'no') return
    this.#stopping = 'this_life'
    if (this.#state === 'serving') this.#orderDrain()
    else this.close()
  }

  #nowOver(): void {
    this.#state = 'over'
    this.#drained.resolve()
    this.#over.resolve()
  }
}

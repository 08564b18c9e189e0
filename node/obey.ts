/**
 * The life of a process under a supervisor: carries out its orders, and stops in order when the supervisor is gone.
 */
import type { Socket } from 'node:net'
import type { Order, Report, StartFailure } from './messages.ts'

/** What runs in the process. */
export interface Service {
  /** Serves a connection of the public port. */
  readonly accept: (socket: Socket) => void
  /** Takes no more clients and resolves when the requests under way are answered or their time is over. */
  readonly drain: () => Promise<void>
  /** Finishes what is left and makes everything durable. */
  readonly close: () => Promise<void>
  /** Resolves when only a new process can serve as this one should. */
  readonly wornOut?: Promise<void>
}

/** Opens a service, or says to a person why it cannot. */
export type StartService = (program: string, assignment: unknown) => Promise<Service | StartFailure>

/** Runs this process under the supervisor that forked it. */
export function obeySupervisor(startService: StartService): void {
  new ObedientProcess(startService).listen()
}

class ObedientProcess {
  readonly #startService: StartService
  #service: Service | undefined
  #ending: Promise<void> | undefined

  constructor(startService: StartService) {
    this.#startService = startService
  }

  listen(): void {
    process.on('message', (order, socket) => this.#obey(order as Order, socket as Socket | undefined))
    process.on('disconnect', () => void this.#end())
    process.on('SIGTERM', () => report({ kind: 'stop_requested' }))
    // A terminal sends SIGINT to the supervisor too, and the supervisor knows the order.
    process.on('SIGINT', () => {})
  }

  #obey(order: Order, socket: Socket | undefined): void {
    switch (order.kind) {
      case 'start':
        return void this.#start(order.assignment)
      case 'connection':
        return this.#take(order.id, socket)
      case 'drain':
        return void this.#drain()
      case 'close':
        return void this.#end()
      default:
        order satisfies never
    }
  }

  async #start(assignment: unknown): Promise<void> {
    const service = await this.#startService(process.argv[2] ?? '', assignment)
    if ('sentence' in service) {
      report({ kind: 'failed', ...service })
      process.disconnect()
      return
    }
    this.#service = service
    report({ kind: 'ready' })
    void service.wornOut?.then(() => report({ kind: 'stop_requested' }))
  }

  #take(id: number, socket: Socket | undefined): void {
    report({ kind: 'taken', id })
    // A client that went away on the way here leaves no socket.
    if (socket !== undefined) this.#service?.accept(socket)
  }

  async #drain(): Promise<void> {
    await this.#service?.drain()
    report({ kind: 'drained' })
  }

  /** Also when the supervisor died: then there is nobody to say in which order, and the clients are finished here. */
  #end(): Promise<void> {
    this.#ending ??= this.#finish()
    return this.#ending
  }

  async #finish(): Promise<void> {
    try {
      await this.#service?.drain()
      await this.#service?.close()
    } finally {
      process.exit()
    }
  }
}

function report(message: Report): void {
  if (process.connected) process.send?.(message)
}

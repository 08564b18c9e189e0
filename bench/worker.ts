/**
 * One process of the load generator. It keeps its connections busy with the operations of the plan it was given:
 * each connection sends the next request as soon as it has read the answer to the last (a closed loop).
 */
import { Connection } from './connection.ts'
import { Latencies } from './latencies.ts'
import { type Operation, type OperationSource, operationsOf, type Plan } from './operations.ts'
import type { FromWorker, PhaseResult, ToWorker } from './worker-messages.ts'

/** A server that is gone is not asked as fast as it refuses. */
const PAUSE_AFTER_FAILURE_MS = 20

class Phase {
  readonly latencies = new Latencies()
  readonly errors: Record<string, number> = {}
  operations = 0
  movedBytes = 0
  exhausted = false

  async perform(connection: Connection, operation: Operation): Promise<void> {
    const started = performance.now()
    try {
      const answer = await connection.exchange(operation)
      this.latencies.record((performance.now() - started) * 1000)
      if (answer.status !== operation.expected) return this.#failed(`${operation.method}: ${answer.status}`)
      const complaint = operation.complaint(answer)
      if (complaint !== undefined) return this.#failed(complaint)
      this.operations += 1
      this.movedBytes += operation.movedBytes
    } catch (error) {
      connection.close()
      this.#failed(`${operation.method}: ${error instanceof Error ? error.message : String(error)}`)
      await new Promise((resolve) => setTimeout(resolve, PAUSE_AFTER_FAILURE_MS))
    }
  }

  #failed(what: string): void {
    this.errors[what] = (this.errors[what] ?? 0) + 1
  }
}

class Worker {
  readonly #source: OperationSource
  readonly #connections: readonly Connection[]

  constructor(plan: Plan) {
    this.#source = operationsOf(plan)
    this.#connections = Array.from({ length: plan.connections }, () => new Connection(plan.host, plan.port))
  }

  async run(seconds: number): Promise<PhaseResult> {
    const phase = new Phase()
    const cpuBefore = process.cpuUsage()
    const started = performance.now()
    const end = started + seconds * 1000
    await Promise.all(this.#connections.map((connection) => this.#keepBusy(connection, phase, end)))
    const cpu = process.cpuUsage(cpuBefore)
    return {
      type: 'result',
      operations: phase.operations,
      movedBytes: phase.movedBytes,
      seconds: (performance.now() - started) / 1000,
      errors: phase.errors,
      latencyCounts: phase.latencies.counts,
      maxMicros: phase.latencies.maxMicros,
      cpuSeconds: (cpu.user + cpu.system) / 1e6,
      exhausted: phase.exhausted,
    }
  }

  close(): void {
    for (const connection of this.#connections) connection.close()
  }

  async #keepBusy(connection: Connection, phase: Phase, end: number): Promise<void> {
    while (performance.now() < end) {
      const operation = this.#source.next()
      if (operation === undefined) {
        phase.exhausted = true
        return
      }
      await phase.perform(connection, operation)
    }
  }
}

let worker: Worker | undefined

process.on('message', (message: ToWorker) => {
  if (message.type === 'plan') {
    worker?.close()
    worker = new Worker(message.plan)
    send({ type: 'ready' })
  } else {
    void worker?.run(message.seconds).then(send)
  }
})
process.on('disconnect', () => process.exit())

function send(message: FromWorker): void {
  process.send?.(message)
}

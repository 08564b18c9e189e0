/**
 * Rows on their way while a client waits: to each container server one request at a time. What comes while it is under
 * way goes together into the next one, if the server takes batches, so that under load many rows share a request and a
 * sync. Nothing waits for company: the first row goes alone and at once.
 */
import type { ContainerUpdate, UpdateTarget } from './container-update.ts'
import { NOT_APPLIED, type RowAnswer, type RowSender } from './row-sender.ts'

/** Rows of one request at most. */
const BATCH_ROWS_MAX = 256
/** Rows that may wait for one server; the others stay in the durable queue. */
const WAITING_MAX = 4096

interface Waiting {
  readonly update: ContainerUpdate
  readonly answered: (answer: RowAnswer) => void
}

interface Line {
  readonly target: UpdateTarget
  waiting: Waiting[]
}

export class RowBatches {
  readonly #sender: RowSender
  /** Servers with a request under way. */
  readonly #lines = new Map<string, Line>()

  constructor(sender: RowSender) {
    this.#sender = sender
  }

  /** Never rejects. */
  send(update: ContainerUpdate, target: UpdateTarget): Promise<RowAnswer> {
    if (update.partition === undefined) return Promise.resolve(NOT_APPLIED)
    const key = `${target.host}/${target.device}`
    const line = this.#lines.get(key)
    if (line !== undefined) return this.#join(line, update)
    const fresh: Line = { target, waiting: [] }
    this.#lines.set(key, fresh)
    const answer = this.#sender.send(update, target)
    void answer.then(() => this.#next(key, fresh))
    return answer
  }

  #join(line: Line, update: ContainerUpdate): Promise<RowAnswer> {
    if (!this.#sender.takesBatches(line.target)) return this.#sender.send(update, line.target)
    if (line.waiting.length >= WAITING_MAX) return Promise.resolve(NOT_APPLIED)
    return new Promise((answered) => line.waiting.push({ update, answered }))
  }

  async #next(key: string, line: Line): Promise<void> {
    while (line.waiting.length > 0) {
      const group = line.waiting.splice(0, BATCH_ROWS_MAX)
      const updates = group.map((one) => one.update)
      const answers = await this.#sender.sendBatch(updates, line.target)
      group.forEach((one, at) => one.answered(answers[at] ?? NOT_APPLIED))
    }
    this.#lines.delete(key)
  }
}

/**
 * Brings container rows to the container servers at once, while the client waits a little. Every row is durably queued
 * before it comes here, so nothing is lost when it is not delivered; whoever confirmed it is taken from its list, and a
 * row without anybody left leaves the queue. What stays is delivered by `pending-rows.ts`.
 */
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { HeaderMap } from '#http/message.ts'
import type { ContainerUpdate, UpdateTarget } from './container-update.ts'
import type { UpdateQueue } from './engine.ts'
import { RowBatches } from './row-batches.ts'
import type { RowSender } from './row-sender.ts'

export interface RowDeliveryOptions {
  readonly sender: RowSender
  readonly clock: Clock
  readonly log: Logger
  /** How long an object's answer waits for its rows (Swift `container_update_timeout` 1 s), milliseconds. */
  readonly waitMs?: number
}

const WAIT_MS = 1000

/** What became of one row. */
export interface DeliveryOutcome {
  readonly update: ContainerUpdate
  /** Container servers that have the row. */
  readonly applied: readonly UpdateTarget[]
  /** Those of them whose listings count. */
  readonly listing: readonly UpdateTarget[]
  /** Those that will get it from the queue. */
  readonly missing: readonly UpdateTarget[]
  /** A container server says that the container is not what the proxy believes. */
  readonly misplaced: HeaderMap | undefined
}

export class RowDelivery {
  readonly #options: RowDeliveryOptions
  readonly #batches: RowBatches

  constructor(options: RowDeliveryOptions) {
    this.#options = options
    this.#batches = new RowBatches(options.sender)
  }

  /** Tries once, for as long as a client may be kept waiting; what is confirmed later still leaves the queue. */
  async deliverNow(
    updates: readonly ContainerUpdate[],
    queue: UpdateQueue,
  ): Promise<readonly DeliveryOutcome[]> {
    const deliveries = updates.map((update) => new SingleDelivery(update, this.#batches))
    const done = Promise.all(deliveries.map((one) => one.done)).then(() => settle(deliveries, queue))
    done.catch((error: unknown) => this.#options.log.error({ err: error }, 'the queue of rows failed'))
    await this.#atMost(this.#options.waitMs ?? WAIT_MS, done)
    return deliveries.map(({ update, applied, listing, missing, misplaced }) => {
      return { update, applied: [...applied], listing: [...listing], missing, misplaced }
    })
  }

  async #atMost(waitMs: number, done: Promise<void>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = this.#options.clock.setTimer(waitMs, resolve)
    await Promise.race([done.catch(() => {}), promise])
    timer.cancel()
  }
}

/** Rows that nobody was named for wait for the ring. */
async function settle(deliveries: readonly SingleDelivery[], queue: UpdateQueue): Promise<void> {
  const tried = deliveries.filter((one) => one.update.targets.length > 0)
  const delivered = tried.filter((one) => one.missing.length === 0).map((one) => one.update)
  const changed = tried
    .filter((one) => one.missing.length > 0 && one.applied.length > 0)
    .map((one) => ({ ...one.update, targets: one.missing }))
  await queue.settle(delivered, changed)
}

/** One row on its way to all its targets. */
class SingleDelivery {
  readonly update: ContainerUpdate
  readonly applied: UpdateTarget[] = []
  readonly listing: UpdateTarget[] = []
  readonly done: Promise<void>
  misplaced: HeaderMap | undefined

  constructor(update: ContainerUpdate, batches: RowBatches) {
    this.update = update
    this.done = Promise.all(update.targets.map((target) => this.#send(batches, target))).then(() => {})
  }

  get missing(): readonly UpdateTarget[] {
    return this.update.targets.filter((target) => !this.applied.includes(target))
  }

  async #send(batches: RowBatches, target: UpdateTarget): Promise<void> {
    const answer = await batches.send(this.update, target)
    if (answer.applied) this.applied.push(target)
    if (answer.applied && answer.joining !== true) this.listing.push(target)
    if (answer.misplaced !== undefined) this.misplaced = answer.misplaced
  }
}

export function targetName(target: UpdateTarget): string {
  return `${target.host}/${target.device}`
}

/**
 * Brings container rows to the container servers. Every row is durably queued before it comes here, so nothing is lost
 * when it is not delivered; whoever confirmed it is taken from its list, and a row without anybody left leaves the queue.
 */
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import { encodedPathOf } from '#base/names.ts'
import { discard, EMPTY_BODY, type Request } from '#http/message.ts'
import type { Endpoint, Transport } from '#http/transport.ts'
import type { ContainerUpdate, UpdateTarget } from './container-update.ts'
import type { UpdateQueue } from './engine.ts'

export interface RowDeliveryOptions {
  readonly transport: Transport
  readonly clock: Clock
  readonly log: Logger
  /** Longest wait for a connection (Swift `conn_timeout` 0.5 s), milliseconds. */
  readonly connectTimeoutMs?: number
  /** Longest wait for an answer (Swift `node_timeout` 3 s), milliseconds. */
  readonly responseTimeoutMs?: number
  /** How long an object's answer waits for its rows (Swift `container_update_timeout` 1 s), milliseconds. */
  readonly waitMs?: number
}

const CONNECT_TIMEOUT_MS = 500
const RESPONSE_TIMEOUT_MS = 3000
const WAIT_MS = 1000

/** What became of one row. */
export interface DeliveryOutcome {
  readonly update: ContainerUpdate
  /** Container servers that have the row. */
  readonly applied: readonly UpdateTarget[]
  /** Those that will get it from the queue. */
  readonly missing: readonly UpdateTarget[]
}

export class RowDelivery {
  readonly #options: RowDeliveryOptions

  constructor(options: RowDeliveryOptions) {
    this.#options = options
  }

  /** Tries once, for as long as a client may be kept waiting; what comes later is still taken from the queue. */
  async deliverNow(
    updates: readonly ContainerUpdate[],
    queue: UpdateQueue,
  ): Promise<readonly DeliveryOutcome[]> {
    const deliveries = updates.map((one) => new SingleDelivery(one, (target) => this.send(one, target)))
    const done = Promise.all(deliveries.map((one) => one.done)).then(() => this.#settle(deliveries, queue))
    done.catch((error: unknown) => this.#options.log.error({ err: error }, 'the queue of rows failed'))
    await this.#atMost(this.#options.waitMs ?? WAIT_MS, done)
    return deliveries.map(({ update, applied, missing }) => ({ update, applied: [...applied], missing }))
  }

  /** One row to one container server; true when the server has it. Never rejects. */
  async send(update: ContainerUpdate, target: UpdateTarget): Promise<boolean> {
    const endpoint = parseHost(target.host)
    if (endpoint === undefined || update.partition === undefined) return false
    try {
      const response = await this.#options.transport.send(endpoint, requestOf(update, target), {
        connectTimeoutMs: this.#options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
        responseTimeoutMs: this.#options.responseTimeoutMs ?? RESPONSE_TIMEOUT_MS,
      })
      await discard(response)
      if (response.status >= 200 && response.status < 300) return true
      this.#options.log.warn({ status: response.status, ...target }, 'a container server refused a row')
    } catch (error) {
      this.#options.log.warn({ err: String(error), ...target }, 'a container server did not take a row')
    }
    return false
  }

  async #settle(deliveries: readonly SingleDelivery[], queue: UpdateQueue): Promise<void> {
    const tried = deliveries.filter((one) => one.update.targets.length > 0)
    const delivered = tried.filter((one) => one.missing.length === 0).map((one) => one.update)
    const changed = tried
      .filter((one) => one.missing.length > 0 && one.applied.length > 0)
      .map((one) => ({ ...one.update, targets: one.missing }))
    await queue.settle(delivered, changed)
  }

  async #atMost(waitMs: number, done: Promise<void>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = this.#options.clock.setTimer(waitMs, resolve)
    await Promise.race([done.catch(() => {}), promise])
    timer.cancel()
  }
}

/** One row on its way to all its targets. */
class SingleDelivery implements DeliveryOutcome {
  readonly update: ContainerUpdate
  readonly applied: UpdateTarget[] = []
  readonly done: Promise<void>

  constructor(update: ContainerUpdate, send: (target: UpdateTarget) => Promise<boolean>) {
    this.update = update
    const all = update.targets.map(async (target) => {
      if (await send(target)) this.applied.push(target)
    })
    this.done = Promise.all(all).then(() => {})
  }

  get missing(): readonly UpdateTarget[] {
    return this.update.targets.filter((target) => !this.applied.includes(target))
  }
}

export function targetName(target: UpdateTarget): string {
  return `${target.host}/${target.device}`
}

function requestOf(update: ContainerUpdate, target: UpdateTarget): Request {
  return {
    method: update.method,
    path: `/${encodeURIComponent(target.device)}/${update.partition}${encodedPathOf(update)}`,
    query: '',
    headers: { ...update.headers, 'content-length': '0', 'user-agent': 'object-server' },
    body: EMPTY_BODY,
    signal: undefined,
    remoteAddress: '',
    secure: false,
  }
}

/** `host:port`, with brackets around an IPv6 address. */
function parseHost(written: string): Endpoint | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:]+|.*:.*)):(\d{1,5})$/.exec(written)
  if (match === null) return undefined
  return { host: match[1] ?? match[2] ?? '', port: Number(match[3]) }
}

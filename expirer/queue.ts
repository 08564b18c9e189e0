/**
 * The queue as one device sees it: containers of the hidden account of which it has a replica, read from its own index,
 * and rows taken out of all replicas at once.
 */

import { timestampNow } from '#backend/timestamp-header.ts'
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { Placement } from '#cluster/placement.ts'
import type { StorageNode } from '#cluster/storage-node.ts'
import type { Index } from '#db/contract.ts'
import { deletedRow, type ObjectRow, toSwiftItem } from '#db/object-row.ts'
import { bufferBody, discard } from '#http/message.ts'
import type { Store } from '#store/contract.ts'
import type { OperationContext } from '#store/operation.ts'
import { pathOnWire, type StoreParts } from '#store/store-parts.ts'
import { endOfDue, parseTask, type Task } from './task.ts'

/** One container of the queue of which this device has a replica. */
export interface QueueContainer {
  readonly name: string
  /** Position of this device among the replicas. */
  readonly own: number
  readonly replicas: number
}

/** Some tasks that are due, in the order of their time. */
export interface TaskPage {
  readonly tasks: readonly Task[]
  /** Rows that are no tasks. */
  readonly foreign: number
  /** Where the next page begins; `undefined` behind the last one. */
  readonly next: string | undefined
}

export interface TaskQueue {
  /** Containers that may have tasks due by then, the oldest first; `undefined` when the account cannot be listed. */
  containers(nowSeconds: number): Promise<readonly QueueContainer[] | undefined>
  /** Tasks due by then behind a row. */
  page(container: QueueContainer, after: string, nowSeconds: number, limit: number): Promise<TaskPage>
  /** Replicas of the container whose device is not there. */
  away(container: QueueContainer): Promise<ReadonlySet<number>>
  /** Takes tasks out; `false` when nobody was told, and they will be seen again. */
  settle(container: QueueContainer, tasks: readonly Task[]): Promise<boolean>
  /** Removes a container that has nothing left. */
  removeContainer(container: QueueContainer): Promise<void>
}

export interface StoreQueueOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly parts: StoreParts
  readonly store: Store
  /** The containers of this device. */
  readonly index: Index<ObjectRow>
  readonly isSelf: (node: StorageNode) => boolean
}

/** Containers are listed so many at a time. */
const CONTAINERS_PAGE = 1_000
const CONTAINER_NAME = /^\d{10}$/
/** Policy of hidden accounts. */
const POLICY = 0

export class StoreQueue implements TaskQueue {
  readonly #options: StoreQueueOptions
  readonly #context: OperationContext
  readonly #account: string

  constructor(options: StoreQueueOptions) {
    this.#options = options
    this.#account = options.parts.rules.expirerAccount
    this.#context = { txId: 'expirer', signal: undefined, log: options.log }
  }

  async containers(nowSeconds: number): Promise<readonly QueueContainer[] | undefined> {
    const found: QueueContainer[] = []
    for (let marker = ''; ; ) {
      const listing = { marker, endMarker: endOfDue(nowSeconds), limit: CONTAINERS_PAGE, reverse: false }
      const read = await this.#options.store.accounts.read(
        this.#context,
        { account: this.#account },
        { listing },
      )
      if (read.kind === 'no_such_account') return found
      if (read.kind !== 'found') return undefined
      const names = (read.page?.entries() ?? []).flatMap((one) =>
        one.kind === 'container' ? [one.name] : [],
      )
      for (const name of names) {
        const container = this.#mine(name)
        if (container !== undefined) found.push(container)
      }
      const last = names.at(-1)
      if (last === undefined || names.length < CONTAINERS_PAGE) return found
      marker = last
    }
  }

  async page(container: QueueContainer, after: string, nowSeconds: number, limit: number): Promise<TaskPage> {
    const name = { account: this.#account, container: container.name }
    const query = {
      marker: after,
      endMarker: endOfDue(nowSeconds),
      limit,
      direction: 'forward',
      reservedNames: 'shown',
    } as const
    const entries = await this.#options.index.list(name, POLICY, query)
    const rows = entries.flatMap((entry) => (entry.kind === 'row' ? [entry.row] : []))
    const tasks = rows.flatMap((row) => parseTask(row.name, row.dataTimestamp, row.contentType) ?? [])
    const next = rows.length < limit ? undefined : rows.at(-1)?.name
    return { tasks, foreign: rows.length - tasks.length, next }
  }

  async away(container: QueueContainer): Promise<ReadonlySet<number>> {
    const placement = this.#placementOf(container)
    const answers = await Promise.all(
      placement.primaries.map(async (node, replica) => {
        if (replica === container.own) return true
        return await this.#answers(node, placement, container)
      }),
    )
    return new Set(answers.flatMap((there, replica) => (there ? [] : [replica])))
  }

  async settle(container: QueueContainer, tasks: readonly Task[]): Promise<boolean> {
    const items = tasks.map(({ row, rowTimestamp }) => toSwiftItem(deletedRow(row, POLICY, rowTimestamp)))
    const body = Buffer.from(JSON.stringify(items))
    const placement = this.#placementOf(container)
    const told = await Promise.all(
      placement.primaries.map((node) => this.#send(node, placement, container, 'UPDATE', body)),
    )
    return told.some((status) => status !== undefined && status >= 200 && status < 300)
  }

  async removeContainer(container: QueueContainer): Promise<void> {
    const name = { account: this.#account, container: container.name }
    await this.#options.store.containers.delete(this.#context, name)
  }

  /** `undefined` for what is no container of the queue, or has no replica here. */
  #mine(name: string): QueueContainer | undefined {
    if (!CONTAINER_NAME.test(name)) return undefined
    const { primaries } = this.#options.parts.containerPlacement(this.#account, name)
    const own = primaries.findIndex(this.#options.isSelf)
    return own < 0 ? undefined : { name, own, replicas: primaries.length }
  }

  #placementOf({ name }: QueueContainer): Placement {
    return this.#options.parts.containerPlacement(this.#account, name)
  }

  async #answers(node: StorageNode, placement: Placement, container: QueueContainer): Promise<boolean> {
    const status = await this.#send(node, placement, container, 'HEAD', undefined)
    return status !== undefined && status < 500
  }

  async #send(
    node: StorageNode,
    placement: Placement,
    { name }: QueueContainer,
    method: 'HEAD' | 'UPDATE',
    body: Buffer | undefined,
  ): Promise<number | undefined> {
    const outcome = await this.#options.parts.client.send(node, {
      server: 'container',
      method,
      partition: placement.partition,
      path: pathOnWire({ account: this.#account, container: name }),
      query: '',
      headers: {
        'x-timestamp': timestampNow(this.#options.clock),
        'x-backend-replication': 'True',
        'x-backend-storage-policy-index': String(POLICY),
        'content-length': String(body?.length ?? 0),
      },
      body: bufferBody(body ?? Buffer.alloc(0)),
      signal: undefined,
    })
    if (outcome.kind === 'failed') return undefined
    await discard(outcome.response)
    return outcome.response.status
  }
}

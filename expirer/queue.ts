/**
 * The queue as one device sees it: containers of the hidden account of which it has a replica, read from its own index,
 * and rows taken out of all replicas at once.
 */

import { timestampNow } from '#backend/timestamp-header.ts'
import type { Clock } from '#base/environment.ts'
import { BATCH_UPDATE_HEADER } from '#base/extensions.ts'
import type { Logger } from '#base/log.ts'
import type { Placement } from '#cluster/placement.ts'
import type { StorageNode } from '#cluster/storage-node.ts'
import type { Index } from '#db/contract.ts'
import { deletedRow, type ObjectRow, toSwiftItem } from '#db/object-row.ts'
import { bufferBody, discard, type Response, readWhole } from '#http/message.ts'
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

/** A task, and where it stands. */
export interface QueuedTask {
  readonly container: QueueContainer
  readonly task: Task
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
  /** Takes tasks out; answers those of which nobody could be told: they will be seen again. */
  settle(tasks: readonly QueuedTask[]): Promise<readonly QueuedTask[]>
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
/** How long it is believed that a node is there, or not, milliseconds. */
const HEARD_MS = 10_000
/** Status of an entry of a batch whose rows are durable. */
const ROWS_APPLIED = 202
/** The answer to a batch is a list of statuses. Bytes. */
const BATCH_ANSWER_BYTES_MAX = 1024 * 1024

/** Rows that one container loses. */
interface Removals {
  readonly name: string
  readonly placement: Placement
  readonly items: readonly unknown[]
}

export class StoreQueue implements TaskQueue {
  readonly #options: StoreQueueOptions
  readonly #context: OperationContext
  readonly #account: string
  readonly #heard = new Map<StorageNode, { readonly atMs: number; readonly isThere: Promise<boolean> }>()

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
        return replica === container.own || (await this.#answers(node, placement, container))
      }),
    )
    return new Set(answers.flatMap((there, replica) => (there ? [] : [replica])))
  }

  async settle(tasks: readonly QueuedTask[]): Promise<readonly QueuedTask[]> {
    const told = new Set<string>()
    const byName = Map.groupBy(tasks, ({ container }) => container.name)
    const parts = [...byName].flatMap(([name, some]) => {
      const placement = this.#placementOf({ name })
      const rows = { name, placement, items: some.map(({ task }) => removalOf(task)) }
      return placement.primaries.map((node) => ({ node, rows }))
    })
    await Promise.all(
      [...Map.groupBy(parts, ({ node }) => node)].map(async ([node, theirs]) => {
        const taken = await this.#tell(
          node,
          theirs.map(({ rows }) => rows),
        )
        for (const name of taken) told.add(name)
      }),
    )
    return tasks.filter(({ container }) => !told.has(container.name))
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

  #placementOf({ name }: Pick<QueueContainer, 'name'>): Placement {
    return this.#options.parts.containerPlacement(this.#account, name)
  }

  /** Asked again and again while thousands of tasks are due: what was answered a moment ago still holds. */
  async #answers(node: StorageNode, placement: Placement, { name }: QueueContainer): Promise<boolean> {
    const nowMs = this.#options.clock.monotonicMs()
    const known = this.#heard.get(node)
    if (known !== undefined && nowMs - known.atMs < HEARD_MS) return await known.isThere
    const isThere = this.#send(node, placement, name, 'HEAD', undefined).then(
      (status) => status !== undefined && status < 500,
    )
    this.#heard.set(node, { atMs: nowMs, isThere })
    return await isThere
  }

  /** Rows of many containers in one request, where the node takes them so; which containers it has them of. */
  async #tell(node: StorageNode, removals: readonly Removals[]): Promise<readonly string[]> {
    if (removals.length > 1 && this.#options.parts.client.can(node, 'batch-update')) {
      return await this.#tellTogether(node, removals)
    }
    const taken: string[] = []
    for (const { name, placement, items } of removals) {
      const body = Buffer.from(JSON.stringify(items))
      const status = await this.#send(node, placement, name, 'UPDATE', body)
      if (status !== undefined && status >= 200 && status < 300) taken.push(name)
    }
    return taken
  }

  async #tellTogether(node: StorageNode, removals: readonly Removals[]): Promise<readonly string[]> {
    const { parts, clock } = this.#options
    const entries = removals.map(({ name, items }) => ({
      account: this.#account,
      container: name,
      timestamp: timestampNow(clock),
      policy_index: POLICY,
      items,
    }))
    const outcome = await parts.client.sendTo(node, {
      server: 'container',
      method: 'UPDATE',
      path: `/${encodeURIComponent(node.device)}`,
      headers: { [BATCH_UPDATE_HEADER]: 'true', 'x-backend-replication': 'True' },
      body: bufferBody(Buffer.from(JSON.stringify(entries))),
    })
    if (outcome.kind === 'failed') return []
    const statuses = await statusesIn(outcome.response)
    return removals.filter((_, at) => statuses[at] === ROWS_APPLIED).map(({ name }) => name)
  }

  async #send(
    node: StorageNode,
    placement: Placement,
    name: string,
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

/** Exactly this version of the row. */
function removalOf({ row, rowTimestamp }: Task): unknown {
  return toSwiftItem(deletedRow(row, POLICY, rowTimestamp))
}

/** What became of each entry of a batch (`container-server/verbs/update.ts`); nothing where it cannot be told. */
async function statusesIn(response: Response): Promise<readonly unknown[]> {
  try {
    const written: unknown = JSON.parse(String(await readWhole(response.body, BATCH_ANSWER_BYTES_MAX)))
    if (response.status !== 200 || !Array.isArray(written)) return []
    return written.map((one: unknown) => (isFacts(one) ? one.status : one))
  } catch {
    return []
  }
}

function isFacts(written: unknown): written is { readonly status: unknown } {
  return typeof written === 'object' && written !== null && 'status' in written
}

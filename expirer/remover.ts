/**
 * Deletes the objects of tasks whose replicas agree that they have expired (`verdict.ts`), many at a time: what is asked of
 * one storage node, and what it is told, travels together.
 */
import type { Logger } from '#base/log.ts'
import type { Timestamp } from '#base/timestamp.ts'
import { type BatchedWrite, fanOutBatch } from '#cluster/fan-out-batch.ts'
import { quorumSize } from '#cluster/quorum.ts'
import type { ContainerInfo, ContainerOperations } from '#store/contract.ts'
import { deferPartsCheck } from '#store/deferred-checks.ts'
import { CHECK_LATER_SECONDS } from '#store/multipart/complete-upload.ts'
import { objectWriteHeaders } from '#store/object-headers.ts'
import type { ContainerName, OperationContext } from '#store/operation.ts'
import { pathOnWire, type StoreParts } from '#store/store-parts.ts'
import type { Task } from './task.ts'
import { judge, type Witness } from './verdict.ts'
import { FROM_A_WORKER, type Sought, witnessesOf } from './witnesses.ts'

/** What became of a task. */
export type Removal =
  | 'deleted'
  /** The object is gone already, or expires at another time or never. */
  | 'superseded'
  /** Nobody has it: perhaps it only comes later. */
  | 'nothing_there'
  /** Too few servers could be asked or told. */
  | 'unavailable'

export interface ObjectRemover {
  /** What became of each, in their order. Never rejects but for our own bugs. */
  remove(tasks: readonly Task[]): Promise<readonly Removal[]>
}

export interface StoreRemoverOptions {
  readonly parts: StoreParts
  readonly containers: ContainerOperations
  readonly log: Logger
}

/** A task whose object was found somewhere, or may have been. */
interface Located extends Sought {
  readonly task: Task
  readonly container: ContainerInfo
}

/** An object that its replicas agree to delete. */
interface Condemned extends Located {
  readonly timestamp: Timestamp
  /** The multipart upload that it was made of. */
  readonly uploadId: string | undefined
}

export class StoreRemover implements ObjectRemover {
  readonly #parts: StoreParts
  readonly #containers: ContainerOperations
  readonly #context: OperationContext

  constructor({ parts, containers, log }: StoreRemoverOptions) {
    this.#parts = parts
    this.#containers = containers
    this.#context = { txId: 'expirer', signal: undefined, log }
  }

  async remove(tasks: readonly Task[]): Promise<readonly Removal[]> {
    const removals = new Map<Task, Removal>()
    const located = await this.#locate(tasks, removals)
    const condemned = await this.#judge(located, removals)
    const deletable = await this.#withPartsLookedAfter(condemned, removals)
    await this.#delete(deletable, removals)
    await this.#checkPartsNow(deletable.filter(({ task }) => removals.get(task) === 'deleted'))
    return tasks.map((task) => removals.get(task) ?? 'unavailable')
  }

  async #locate(tasks: readonly Task[], removals: Map<Task, Removal>): Promise<readonly Located[]> {
    const located: Located[] = []
    const containers = new Map<string, Promise<ContainerInfo | 'nothing_there' | 'unavailable'>>()
    for (const task of tasks) {
      const { account, container: own } = task.name
      const key = `${account}/${own}`
      const asked = containers.get(key) ?? this.#containerOf({ account, container: own })
      containers.set(key, asked)
      const container = await asked
      if (typeof container === 'string') {
        removals.set(task, container)
        continue
      }
      const { policyIndex } = container
      const placement = this.#parts.objectPlacement(policyIndex, task.name)
      if (placement === undefined) removals.set(task, 'unavailable')
      else located.push({ task, container, name: task.name, policyIndex, placement })
    }
    return located
  }

  async #containerOf(container: ContainerName): Promise<ContainerInfo | 'nothing_there' | 'unavailable'> {
    const info = await this.#containers.info(this.#context, container)
    if (info !== undefined) return info
    const read = await this.#containers.read(this.#context, container, {})
    if (read.kind === 'found') return read.info
    const isAbsent = read.kind === 'no_such_container' || read.kind === 'no_such_account'
    return isAbsent ? 'nothing_there' : 'unavailable'
  }

  async #judge(located: readonly Located[], removals: Map<Task, Removal>): Promise<readonly Condemned[]> {
    const told = await witnessesOf(this.#parts.client, located)
    const condemned: Condemned[] = []
    for (const [at, one] of located.entries()) {
      const witnesses = told[at] ?? []
      const verdict = judge(one.task, witnesses, one.placement.primaries.length)
      if (verdict.kind === 'delete') {
        condemned.push({ ...one, timestamp: verdict.timestamp, uploadId: uploadIn(witnesses) })
      } else removals.set(one.task, WITHOUT_A_DELETE[verdict.kind])
    }
    return condemned
  }

  /** An object that was made of a multipart upload takes its parts with it: `store/multipart/left-parts.ts`. */
  async #withPartsLookedAfter(
    condemned: readonly Condemned[],
    removals: Map<Task, Removal>,
  ): Promise<readonly Condemned[]> {
    const deletable: Condemned[] = []
    for (const one of condemned) {
      const isQueued = await this.#deferPartsCheck(one, CHECK_LATER_SECONDS)
      if (isQueued) deletable.push(one)
      else removals.set(one.task, 'unavailable')
    }
    return deletable
  }

  async #checkPartsNow(deleted: readonly Condemned[]): Promise<void> {
    for (const one of deleted) await this.#deferPartsCheck(one, 0)
  }

  /** True when there is nothing to be checked. */
  async #deferPartsCheck({ name, uploadId }: Condemned, afterSeconds: number): Promise<boolean> {
    if (uploadId === undefined) return true
    const check = { name, uploadId }
    const queued = await deferPartsCheck(this.#parts, this.#context, check, { afterSeconds })
    return queued.kind === 'queued'
  }

  async #delete(condemned: readonly Condemned[], removals: Map<Task, Removal>): Promise<void> {
    const writes = condemned.map((one) => this.#deletionOf(one))
    const statuses = await fanOutBatch(this.#parts.client, writes)
    for (const [at, { task }] of condemned.entries()) removals.set(task, removalBy(statuses[at] ?? []))
  }

  #deletionOf({ task, container, name, placement, timestamp }: Condemned): BatchedWrite {
    const guard = task.kind === 'expired' ? { 'x-if-delete-at': String(task.deleteAt) } : {}
    const own = { ...FROM_A_WORKER, ...guard, 'content-length': '0' }
    const write = { context: this.#context, name, container, timestamp, placement, own }
    const headers = objectWriteHeaders(this.#parts, write)
    return { method: 'DELETE', path: pathOnWire(name), placement, headers }
  }
}

const WITHOUT_A_DELETE = {
  over: 'superseded',
  nothing_there: 'nothing_there',
  unknown: 'unavailable',
} as const satisfies Record<string, Removal>

/** A replica that never had it needs no tombstone: replication brings it one. */
function removalBy(statuses: readonly number[]): Removal {
  const buried = statuses.filter((status) => status >= 200 && status < 300).length
  const agreed = buried + statuses.filter((status) => status === 404).length
  return buried > 0 && agreed >= quorumSize(statuses.length) ? 'deleted' : 'unavailable'
}

function uploadIn(witnesses: readonly Witness[]): string | undefined {
  return witnesses
    .map((one) => (one.kind === 'found' ? one.uploadId : undefined))
    .find((id) => id !== undefined)
}

/** Deletes the object of a task, when its replicas agree that it has expired (`verdict.ts`). */
import type { Logger } from '#base/log.ts'
import { parseTimestamp, ZERO_TIMESTAMP } from '#base/timestamp.ts'
import { fanOutWrite, statusesOf } from '#cluster/fan-out-write.ts'
import type { NodeOutcome } from '#cluster/node-client.ts'
import type { Placement } from '#cluster/placement.ts'
import { quorumSize } from '#cluster/quorum.ts'
import { evidenceOf } from '#cluster/read-evidence.ts'
import { discard, EMPTY_BODY, type HeaderMap, headerOf } from '#http/message.ts'
import type { ContainerInfo, ContainerOperations } from '#store/contract.ts'
import { deferPartsCheck } from '#store/deferred-checks.ts'
import { CHECK_LATER_SECONDS } from '#store/multipart/complete-upload.ts'
import { UPLOAD_ID_AT } from '#store/multipart/parts-check.ts'
import { objectWriteHeaders } from '#store/object-headers.ts'
import type { OperationContext } from '#store/operation.ts'
import { pathOnWire, type StoreParts } from '#store/store-parts.ts'
import type { Task } from './task.ts'
import { judge, type TaskVerdict, type Witness } from './verdict.ts'

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
  /** Never rejects but for our own bugs. */
  remove(task: Task): Promise<Removal>
}

/** Not for a client: workers' requests do not count as load, and queue rows are taken away here. */
const FROM_A_WORKER: HeaderMap = { 'x-backend-replication': 'True' }

export interface StoreRemoverOptions {
  readonly parts: StoreParts
  readonly containers: ContainerOperations
  readonly log: Logger
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

  async remove(task: Task): Promise<Removal> {
    const container = await this.#containerOf(task)
    if (typeof container === 'string') return container
    const placement = this.#parts.objectPlacement(container.policyIndex, task.name)
    if (placement === undefined) return 'unavailable'
    const witnesses = await this.#witnesses(task, container, placement)
    const verdict = judge(task, witnesses, placement.primaries.length)
    switch (verdict.kind) {
      case 'delete':
        return await this.#deleteWithParts(task, container, placement, verdict, uploadIn(witnesses))
      case 'over':
        return 'superseded'
      case 'nothing_there':
        return 'nothing_there'
      case 'unknown':
        return 'unavailable'
    }
  }

  async #containerOf({ name }: Task): Promise<ContainerInfo | 'nothing_there' | 'unavailable'> {
    const container = { account: name.account, container: name.container }
    const info = await this.#containers.info(this.#context, container)
    if (info !== undefined) return info
    const read = await this.#containers.read(this.#context, container, {})
    if (read.kind === 'found') return read.info
    const isAbsent = read.kind === 'no_such_container' || read.kind === 'no_such_account'
    return isAbsent ? 'nothing_there' : 'unavailable'
  }

  async #witnesses(task: Task, container: ContainerInfo, placement: Placement): Promise<readonly Witness[]> {
    const { primaries, handoffs } = placement
    const { client } = this.#parts
    const asked = [
      ...primaries.map((node) => ({ node, role: 'primary' as const })),
      ...handoffs
        .filter((node) => !client.errors.isSetAside(node))
        .map((node) => ({ node, role: 'handoff' as const })),
    ]
    const answers = await Promise.all(
      asked.map(async ({ node, role }) => {
        const outcome = await client.send(node, {
          server: 'object',
          method: 'HEAD',
          partition: placement.partition,
          path: pathOnWire(task.name),
          query: '',
          headers: {
            ...FROM_A_WORKER,
            'x-backend-open-expired': 'true',
            'x-backend-storage-policy-index': String(container.policyIndex),
          },
          body: EMPTY_BODY,
          signal: undefined,
        })
        return await witnessOf(outcome, role)
      }),
    )
    return answers.filter((one) => one !== undefined)
  }

  /** An object that was made of a multipart upload takes its parts with it: `store/multipart/left-parts.ts`. */
  async #deleteWithParts(
    task: Task,
    container: ContainerInfo,
    placement: Placement,
    verdict: Extract<TaskVerdict, { readonly kind: 'delete' }>,
    uploadId: string | undefined,
  ): Promise<Removal> {
    if (uploadId === undefined) return await this.#delete(task, container, placement, verdict)
    const check = { name: task.name, uploadId }
    const later = { afterSeconds: CHECK_LATER_SECONDS }
    const queued = await deferPartsCheck(this.#parts, this.#context, check, later)
    if (queued.kind !== 'queued') return 'unavailable'
    const removal = await this.#delete(task, container, placement, verdict)
    if (removal === 'deleted') await deferPartsCheck(this.#parts, this.#context, check, { afterSeconds: 0 })
    return removal
  }

  async #delete(
    task: Task,
    container: ContainerInfo,
    placement: Placement,
    { timestamp }: Extract<TaskVerdict, { readonly kind: 'delete' }>,
  ): Promise<Removal> {
    const guard = task.kind === 'expired' ? { 'x-if-delete-at': String(task.deleteAt) } : {}
    const own = { ...FROM_A_WORKER, ...guard, 'content-length': '0' }
    const { name } = task
    const write = { context: this.#context, name, container, timestamp, placement, own }
    const headers = objectWriteHeaders(this.#parts, write)
    const answers = await fanOutWrite(this.#parts.client, {
      server: 'object',
      method: 'DELETE',
      path: pathOnWire(name),
      placement,
      headers,
    })
    const statuses = statusesOf(answers)
    const buried = statuses.filter((status) => status >= 200 && status < 300).length
    // A replica that never had it needs no tombstone: replication brings it one.
    const agreed = buried + statuses.filter((status) => status === 404).length
    return buried > 0 && agreed >= quorumSize(headers.length) ? 'deleted' : 'unavailable'
  }
}

function uploadIn(witnesses: readonly Witness[]): string | undefined {
  return witnesses
    .map((one) => (one.kind === 'found' ? one.uploadId : undefined))
    .find((id) => id !== undefined)
}

async function witnessOf(outcome: NodeOutcome, role: 'primary' | 'handoff'): Promise<Witness | undefined> {
  if (outcome.kind === 'failed') return undefined
  const { response } = outcome
  await discard(response)
  const evidence = evidenceOf(response, { server: 'object', role })
  if (evidence.kind === 'absent') return { ...evidence, voter: evidence.voter && role === 'primary' }
  if (evidence.kind !== 'found') return undefined
  const told = parseTimestamp(headerOf(response, 'x-backend-timestamp') ?? '') ?? ZERO_TIMESTAMP
  const deleteAt = headerOf(response, 'x-delete-at')
  return {
    kind: 'found',
    voter: evidence.voter && role === 'primary',
    dataTimestamp: evidence.timestamp,
    timestamp: told > evidence.timestamp ? told : evidence.timestamp,
    deleteAt: deleteAt === undefined ? undefined : Number(deleteAt),
    uploadId: headerOf(response, UPLOAD_ID_AT),
  }
}

/**
 * Objects that somebody wants deleted soon, but not now: rows of the expirer's queue that say so (OpenStack Swift,
 * `cli/container_deleter.py`: `make_delete_jobs`). Once a quorum has the rows they are done, whoever dies; what is
 * written to the objects afterwards stays.
 */

import { justAfter, TICKS_PER_SECOND, type Timestamp, ticksOf, timestampFromTicks } from '#base/timestamp.ts'
import { fanOutWrite } from '#cluster/fan-out-write.ts'
import { expirerContainer } from './expirer-container.ts'
import type { StoreFailure } from './failure.ts'
import type { ObjectName, OperationContext } from './operation.ts'
import { pathOnWire, type StoreParts } from './store-parts.ts'
import { EMPTY_MD5 } from './symlinks/link-metadata.ts'
import { failureOf, verdictOf } from './write-outcome.ts'

const ASYNC_DELETE_TYPE = 'application/async-deleted'
/** Of the containers in the queue. */
const QUEUE_POLICY_INDEX = 0

export type DeferDeletes = (
  context: OperationContext,
  deletes: { readonly of: ObjectName; readonly names: readonly ObjectName[] },
) => Promise<{ readonly kind: 'queued' } | StoreFailure>

/** Has the objects deleted by the expirer; `of` is what they were parts of, which spreads the queue. */
export function deferDeletes(
  parts: StoreParts,
  context: OperationContext,
  deletes: { readonly of: ObjectName; readonly names: readonly ObjectName[] },
): Promise<{ readonly kind: 'queued' } | StoreFailure> {
  return queueTasks(parts, context, { ...deletes, contentType: ASYNC_DELETE_TYPE, afterSeconds: 0 })
}

/** An object, as it was seen. */
export interface JudgedObject {
  readonly name: ObjectName
  /** Of its latest change. What is written to it later stays. */
  readonly changedAt: Timestamp
}

/** Has objects deleted that were judged: each exactly as it was then, and nothing that was written since. */
export async function deferJudgedDeletes(
  parts: StoreParts,
  context: OperationContext,
  judged: readonly JudgedObject[],
): Promise<{ readonly kind: 'queued' } | StoreFailure> {
  const [first] = judged
  if (first === undefined) return { kind: 'queued' }
  return await queueTasks(parts, context, {
    of: first.name,
    names: judged.map(({ name }) => name),
    rowTimes: judged.map(({ changedAt }) => justAfter(changedAt)),
    contentType: ASYNC_DELETE_TYPE,
    afterSeconds: 0,
  })
}

export interface QueuedTasks {
  readonly of: ObjectName
  readonly names: readonly ObjectName[]
  /** When each row is said to be written, which is what an immediate delete is dated by; now without them. */
  readonly rowTimes?: readonly Timestamp[]
  /** Says what is to be done. */
  readonly contentType: string
  /** When, from now. */
  readonly afterSeconds: number
}

/** Writes rows of the expirer's queue. */
export async function queueTasks(
  parts: StoreParts,
  context: OperationContext,
  { of, names, rowTimes, contentType, afterSeconds }: QueuedTasks,
): Promise<{ readonly kind: 'queued' } | StoreFailure> {
  const timestamp = await parts.timestamps.next()
  const { expirerAccount, expirerDivisorSeconds } = parts.rules
  const due = timestampFromTicks(ticksOf(timestamp) + afterSeconds * TICKS_PER_SECOND)
  const seconds = Number(due)
  const queue = {
    account: expirerAccount,
    container: expirerContainer(seconds, expirerDivisorSeconds, of, parts.salt),
  }
  const rows = names.map(({ account, container, object }, at) => ({
    name: `${due}-${account}/${container}/${object}`,
    deleted: 0,
    created_at: rowTimes?.[at] ?? timestamp,
    etag: EMPTY_MD5,
    size: 0,
    storage_policy_index: QUEUE_POLICY_INDEX,
    content_type: contentType,
  }))
  const body = Buffer.from(JSON.stringify(rows))
  const headers = {
    'x-trans-id': context.txId,
    'x-timestamp': timestamp,
    'x-backend-storage-policy-index': String(QUEUE_POLICY_INDEX),
    'content-type': 'application/json',
    'content-length': String(body.length),
  }
  const placement = parts.containerPlacement(queue.account, queue.container)
  const answers = await fanOutWrite(parts.client, {
    server: 'container',
    method: 'UPDATE',
    path: pathOnWire(queue),
    placement,
    headers: placement.primaries.map(() => headers),
    body,
  })
  const verdict = verdictOf(answers, placement.primaries.length)
  return verdict.status >= 200 && verdict.status < 300 ? { kind: 'queued' } : failureOf(verdict, answers)
}

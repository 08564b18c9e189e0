/**
 * Objects that somebody wants deleted soon, but not now: rows of the expirer's queue that say so (OpenStack Swift,
 * `cli/container_deleter.py`: `make_delete_jobs`). Once a quorum has the rows they are done, whoever dies; what is
 * written to the objects afterwards stays.
 */

import { TICKS_PER_SECOND, ticksOf, timestampFromTicks } from '#base/timestamp.ts'
import { fanOutWrite } from '#cluster/fan-out-write.ts'
import type { ObjectName, OperationContext, StoreFailure } from './contract.ts'
import { expirerContainer } from './expirer-container.ts'
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

export interface QueuedTasks {
  readonly of: ObjectName
  readonly names: readonly ObjectName[]
  /** Says what is to be done. */
  readonly contentType: string
  /** When, from now. */
  readonly afterSeconds: number
}

/** Writes rows of the expirer's queue. */
export async function queueTasks(
  parts: StoreParts,
  context: OperationContext,
  { of, names, contentType, afterSeconds }: QueuedTasks,
): Promise<{ readonly kind: 'queued' } | StoreFailure> {
  const timestamp = await parts.timestamps.next()
  const { expirerAccount, expirerDivisorSeconds } = parts.rules
  const due = timestampFromTicks(ticksOf(timestamp) + afterSeconds * TICKS_PER_SECOND)
  const seconds = Number(due)
  const queue = {
    account: expirerAccount,
    container: expirerContainer(seconds, expirerDivisorSeconds, of, parts.salt),
  }
  const rows = names.map(({ account, container, object }) => ({
    name: `${due}-${account}/${container}/${object}`,
    deleted: 0,
    created_at: timestamp,
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

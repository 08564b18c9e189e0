/**
 * Objects that somebody wants deleted soon, but not now: rows of the expirer's queue that say so (OpenStack Swift,
 * `cli/container_deleter.py`: `make_delete_jobs`). Once a quorum has the rows they are done, whoever dies; what is
 * written to the objects afterwards stays.
 */

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
export async function deferDeletes(
  parts: StoreParts,
  context: OperationContext,
  { of, names }: { readonly of: ObjectName; readonly names: readonly ObjectName[] },
): Promise<{ readonly kind: 'queued' } | StoreFailure> {
  const timestamp = await parts.timestamps.next()
  const { expirerAccount, expirerDivisorSeconds } = parts.rules
  const seconds = Number(timestamp.slice(0, 16))
  const queue = {
    account: expirerAccount,
    container: expirerContainer(seconds, expirerDivisorSeconds, of, parts.salt),
  }
  const rows = names.map(({ account, container, object }) => ({
    name: `${timestamp.slice(0, 16)}-${account}/${container}/${object}`,
    deleted: 0,
    created_at: timestamp,
    etag: EMPTY_MD5,
    size: 0,
    storage_policy_index: QUEUE_POLICY_INDEX,
    content_type: ASYNC_DELETE_TYPE,
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

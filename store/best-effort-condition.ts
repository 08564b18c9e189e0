/**
 * Conditions of writes where a storage server cannot promise anything (OpenStack Swift's): what is there is looked at
 * first, and then written as without a condition. Another write may come between the two, and receipt and refusal say
 * so. `If-None-Match: *` is judged once more by every copy, as in Swift (`object-put.ts`).
 */
import { NOTHING_SEEN } from '#cluster/conditional-rules.ts'
import { readNewest } from '#cluster/newest-read.ts'
import type { Placement } from '#cluster/placement.ts'
import { discard, headerOf } from '#http/message.ts'
import { refusalOf } from './accounts.ts'
import { reservedNameHeaders, singleValued } from './backend-headers.ts'
import type { WriteCondition } from './condition.ts'
import type { StoreFailure } from './failure.ts'
import type { WrittenContainer } from './object-container.ts'
import { seenIn } from './object-state.ts'
import type { ObjectName, OperationContext } from './operation.ts'
import { pathOnWire, type StoreParts } from './store-parts.ts'
import { conditionOf, etagIsAt } from './write-condition.ts'

export interface AboutObject {
  readonly context: OperationContext
  readonly name: ObjectName
  readonly container: WrittenContainer
  readonly placement: Placement
}

/** To those for whom best effort is not enough. */
export const NO_AGREEMENT = {
  kind: 'unavailable',
  reason: 'a storage server of the cluster cannot take part in conditional writes',
} as const satisfies StoreFailure

/** The refusal of a condition that does not hold now; `undefined` when it does. */
export async function refuseByBestEffort(
  parts: StoreParts,
  { context, name, container, placement }: AboutObject,
  condition: WriteCondition,
): Promise<StoreFailure | undefined> {
  if (condition.kind === 'absent') return undefined
  const outcome = await readNewest(parts.client, {
    server: 'object',
    method: 'HEAD',
    path: pathOnWire(name),
    query: '',
    headers: {
      ...reservedNameHeaders(name),
      'x-trans-id': context.txId,
      'x-backend-storage-policy-index': String(container.policyIndex),
    },
    placement,
    signal: context.signal,
  })
  if (outcome.kind === 'unavailable') return outcome
  if (outcome.kind === 'refused') return await refusalOf(outcome)
  await discard(outcome.response)
  const names = (etagIsAt(condition) ?? '').split(',').map((one) => one.trim())
  const etag = [...names, 'etag']
    .map((one) => headerOf(outcome.response, one))
    .find((one) => one !== undefined)
  const seen = {
    ...NOTHING_SEEN,
    ...seenIn(singleValued(outcome.response.headers)),
    kind: outcome.kind,
    etag,
  }
  if (conditionOf(condition)(seen)) return undefined
  return { kind: 'precondition_failed', headers: {}, condition: 'best_effort' }
}

/** Says of a receipt or refusal that the condition was judged by best effort. */
export function asBestEffort<Receipt extends { readonly kind: 'created' | 'deleted' }>(
  result: Receipt | StoreFailure,
): Receipt | StoreFailure {
  const { kind } = result
  if (kind !== 'created' && kind !== 'deleted' && kind !== 'precondition_failed') return result
  return { ...result, condition: 'best_effort' }
}

/** DELETE of an object: a tombstone on every copy. */
import { justAfter, type Timestamp } from '#base/timestamp.ts'
import { asBestEffort, NO_AGREEMENT, refuseByBestEffort } from './best-effort-condition.ts'
import type { ContainerInfo, ObjectDelete, ObjectDeleteReceipt } from './contract.ts'
import type { StoreFailure } from './failure.ts'
import { type Agreed, writeByAgreement } from './object-agreement.ts'
import { changeObject } from './object-change.ts'
import { containerForWrite, noRing, type ObjectDeps, type WrittenContainer } from './object-container.ts'
import type { ObjectName, OperationContext } from './operation.ts'
import { isListingPending } from './row-evidence.ts'
import type { StoreParts } from './store-parts.ts'
import { failureOf } from './write-outcome.ts'

/** A copy that did not have the object has the tombstone now: that is a success where it makes the quorum (as in Swift). */
const ABSENT_IS_DELETED: ReadonlyMap<number, number> = new Map([[404, 204]])

export async function deleteObject(
  deps: ObjectDeps,
  context: OperationContext,
  name: ObjectName,
  options: ObjectDelete,
): Promise<ObjectDeleteReceipt | StoreFailure> {
  const container = await containerForWrite(deps, context, name)
  if ('kind' in container) return container
  const { condition, timestamp, bestEffort } = options
  if (condition === undefined) return await deletePlainly(deps, context, name, container, timestamp)
  const placement = deps.parts.objectPlacement(container.policyIndex, name)
  if (placement === undefined) return noRing(container.policyIndex)
  const about = { context, name, container, placement }
  if (timestamp === undefined) {
    const agreed = await writeByAgreement(deps.parts, { ...about, condition, own: {}, body: undefined })
    if (agreed.kind !== 'unsupported') return receiptOf(deps.parts, name, agreed)
  }
  if (bestEffort === 'refused') return NO_AGREEMENT
  const refused = await refuseByBestEffort(deps.parts, about, condition)
  return refused ?? asBestEffort(await deletePlainly(deps, context, name, container, timestamp))
}

function receiptOf(
  parts: StoreParts,
  name: ObjectName,
  agreed: Exclude<Agreed, { readonly kind: 'unsupported' }>,
): ObjectDeleteReceipt | StoreFailure {
  if (agreed.kind === 'refused') {
    return agreed.there === 'absent'
      ? { kind: 'no_such_object', headers: {} }
      : { kind: 'precondition_failed', headers: {}, condition: 'agreed' }
  }
  if (agreed.kind !== 'agreed') return agreed
  const { timestamp, answers } = agreed
  const containerReplicas = parts.containerPlacement(name.account, name.container).primaries.length
  const listingPending = isListingPending(answers, containerReplicas)
  if (listingPending) parts.observer.listingPending('DELETE')
  return { kind: 'deleted', timestamp, listingPending, condition: 'agreed' }
}

async function deletePlainly(
  deps: ObjectDeps,
  context: OperationContext,
  name: ObjectName,
  container: WrittenContainer,
  dictated: Timestamp | undefined,
): Promise<ObjectDeleteReceipt | StoreFailure> {
  const changed = await changeObject(deps.parts, {
    method: 'DELETE',
    context,
    name,
    container,
    own: {},
    timestamp: dictated,
    overrides: ABSENT_IS_DELETED,
  })
  if (changed.kind !== 'changed') return changed
  const { verdict, answers, timestamp, containerReplicas } = changed
  if (verdict.status >= 200 && verdict.status < 300) {
    const listingPending = isListingPending(answers, containerReplicas)
    if (listingPending) deps.parts.observer.listingPending('DELETE')
    return { kind: 'deleted', timestamp, listingPending }
  }
  if (verdict.status === 404) return { kind: 'no_such_object', headers: {} }
  return failureOf(verdict, answers)
}

/**
 * Takes back what was written at a time to where it does not belong, as far as that can be done now. What others have
 * written there since stays: the container may be there again.
 */
export async function removeCopies(
  parts: StoreParts,
  context: OperationContext,
  name: ObjectName,
  { container, writtenAt }: { readonly container: ContainerInfo; readonly writtenAt: Timestamp },
): Promise<void> {
  const timestamp = justAfter(writtenAt)
  await changeObject(parts, { method: 'DELETE', context, name, container, own: {}, timestamp })
}

/** DELETE of an object: a tombstone on every copy. */
import type { Timestamp } from '#base/timestamp.ts'
import type { ContainerInfo, ObjectName, OperationContext, StoreFailure } from './contract.ts'
import { changeObject } from './object-change.ts'
import { containerForWrite, type ObjectDeps } from './object-container.ts'
import { isListingPending } from './row-evidence.ts'
import type { StoreParts } from './store-parts.ts'
import { failureOf } from './write-outcome.ts'

/** A copy that did not have the object has the tombstone now: that is a success where it makes the quorum (as in Swift). */
const ABSENT_IS_DELETED: ReadonlyMap<number, number> = new Map([[404, 204]])

export async function deleteObject(
  deps: ObjectDeps,
  context: OperationContext,
  name: ObjectName,
  options: { readonly timestamp?: Timestamp | undefined },
): Promise<
  { readonly kind: 'deleted'; readonly timestamp: Timestamp; readonly listingPending: boolean } | StoreFailure
> {
  const container = await containerForWrite(deps, context, name)
  if ('kind' in container) return container
  const changed = await changeObject(deps.parts, {
    method: 'DELETE',
    context,
    name,
    container,
    own: {},
    timestamp: options.timestamp,
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

/** Removes an object from where it does not belong, as far as that can be done now. */
export async function removeCopies(
  parts: StoreParts,
  context: OperationContext,
  name: ObjectName,
  container: ContainerInfo,
): Promise<void> {
  const method = 'DELETE'
  await changeObject(parts, { method, context, name, container, own: {}, timestamp: undefined })
}

/**
 * Checks of multipart uploads that somebody wants made later: rows of the expirer's queue. Once a quorum has the row the check
 * will be made, whoever dies (`multipart/parts-check.ts` says what it is). An expirer of OpenStack Swift takes the row for an
 * object that expires, finds none of its name, and drops it in time.
 */

import { queueTasks } from './deferred-deletes.ts'
import type { StoreFailure } from './failure.ts'
import { bucketOfParts, partsContainerOf } from './multipart/upload-names.ts'
import type { ObjectName, OperationContext } from './operation.ts'
import type { StoreParts } from './store-parts.ts'

/** Content type of the rows. */
export const PARTS_CHECK_TYPE = 'application/x-martlet-check-parts'

/** An upload whose parts may be needed by nothing. */
export interface DeferredCheck {
  readonly name: ObjectName
  readonly uploadId: string
}

export type DeferPartsCheck = (
  context: OperationContext,
  check: DeferredCheck,
  when: { readonly afterSeconds: number },
) => Promise<{ readonly kind: 'queued' } | StoreFailure>

export function deferPartsCheck(
  parts: StoreParts,
  context: OperationContext,
  { name, uploadId }: DeferredCheck,
  { afterSeconds }: { readonly afterSeconds: number },
): Promise<{ readonly kind: 'queued' } | StoreFailure> {
  const place = { ...partsContainerOf(name), object: `${name.object}/${uploadId}` }
  return queueTasks(parts, context, { of: name, names: [place], contentType: PARTS_CHECK_TYPE, afterSeconds })
}

/** The check that a row is for, by the name in it; `undefined` when it names none. */
export function checkIn({ account, container, object }: ObjectName): DeferredCheck | undefined {
  const bucket = bucketOfParts({ account, container })
  const slash = object.lastIndexOf('/')
  if (bucket === undefined || slash < 1) return undefined
  return { name: { ...bucket, object: object.slice(0, slash) }, uploadId: object.slice(slash + 1) }
}

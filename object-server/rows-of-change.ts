/** The container rows that a change of an object brings, for its own container and for the expirer's queue; and what became of them, for the answer. */
import {
  CONTAINER_UPDATE_APPLIED_HEADER,
  CONTAINER_UPDATE_HEADER,
  CONTAINER_UPDATE_QUEUED_HEADER,
} from '#base/extensions.ts'
import type { HeaderMap } from '#http/message.ts'
import type { Changed, UpdatesOf } from './engine.ts'
import { rowOfDelete, rowOfObject } from './object-rows.ts'
import { targetName } from './row-delivery.ts'
import { rowRouting } from './row-routing.ts'
import type { ObjectServerContext } from './server-context.ts'
import type { StoredObject } from './stored-object.ts'
import type { ObjectTarget } from './target.ts'

/** `overrides`: headers and footers that may replace fields of the row, the later winning. */
export function rowsOfChange(
  server: ObjectServerContext,
  target: ObjectTarget,
  request: HeaderMap,
  overrides: (after: StoredObject) => readonly HeaderMap[],
): UpdatesOf {
  return (before, after) => {
    const routing = rowRouting(target, request)
    const expirer = server.expirerQueue.rows(target.timestamp, before, after, request)
    if (routing === undefined) return expirer
    const row =
      after === undefined
        ? rowOfDelete(target.timestamp, routing)
        : rowOfObject(after, routing, overrides(after))
    return [row, ...expirer]
  }
}

/** Tries to deliver the rows of a change and says in headers what became of the one for the object's own container. */
export async function deliverRows(
  server: ObjectServerContext,
  target: ObjectTarget,
  changed: Changed,
  request: HeaderMap,
): Promise<HeaderMap> {
  if (changed.updates.length === 0) return {}
  const outcomes = await server.rows.deliverNow(changed.updates, target.engine.updates)
  const [own] = outcomes
  if (own === undefined || rowRouting(target, request) === undefined) return {}
  return {
    ...own.misplaced,
    [CONTAINER_UPDATE_HEADER]: own.applied.length > 0 && own.missing.length === 0 ? 'applied' : 'queued',
    [CONTAINER_UPDATE_APPLIED_HEADER]: own.listing.map(targetName).join(','),
    [CONTAINER_UPDATE_QUEUED_HEADER]: own.missing.map(targetName).join(','),
  }
}

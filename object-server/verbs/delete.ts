/** DELETE: a tombstone with the time of the request, also where nothing is (OpenStack Swift, `obj/server.py`: `DELETE`). */
import { isTrueValue } from '#backend/address.ts'
import { answer, textAnswer } from '#backend/answers.ts'
import { isRefusal } from '#backend/refusal.ts'
import type { Timestamp } from '#base/timestamp.ts'
import type { HeaderMap, Request, Response } from '#http/message.ts'
import type { Lookup } from '../engine.ts'
import { deliverRows, rowsOfChange } from '../rows-of-change.ts'
import type { ObjectServerContext } from '../server-context.ts'
import { deleteAtOf, type StoredObject } from '../stored-object.ts'
import { diskFailed, type ObjectTarget, writeTarget } from '../target.ts'

export async function deleteObject(server: ObjectServerContext, request: Request): Promise<Response> {
  await request.body.cancel()
  const target = await writeTarget(server, request, 'small')
  if (isRefusal(target)) return target.response
  const { headers } = request
  const found = await target.engine.lookUp(target.name, { at: target.timestamp, expired: 'hide' })
  if (found.kind === 'disk_failed') return diskFailed(server, found)
  if (found.kind === 'collision') return answer(403)
  const before = standingOf(found)
  const refused = refuse(target, before, headers)
  if (refused !== undefined) return refused
  return await bury(server, target, before, headers)
}

/** What stands under the name: an object (expired or not), a tombstone, or nothing. */
interface Standing {
  readonly kind: 'object' | 'expired' | 'nothing'
  readonly object: StoredObject | undefined
  readonly timestamp: Timestamp | undefined
}

function standingOf(found: Exclude<Lookup, { readonly kind: 'disk_failed' | 'collision' }>): Standing {
  switch (found.kind) {
    case 'found':
      return { kind: 'object', object: found.object, timestamp: found.object.dataTimestamp }
    case 'expired':
      return { kind: 'expired', object: found.object, timestamp: found.object.dataTimestamp }
    case 'deleted':
      return { kind: 'nothing', object: undefined, timestamp: found.timestamp }
    case 'missing':
    case 'quarantined':
      return { kind: 'nothing', object: undefined, timestamp: undefined }
  }
}

/** `X-If-Delete-At` is the expirer's: delete it only if it still expires at that time. */
function refuse(target: ObjectTarget, before: Standing, headers: HeaderMap): Response | undefined {
  const condition = headers['x-if-delete-at']
  if (condition === undefined) return undefined
  if (!/^\s*\d{1,10}(\.\d{1,10})?\s*$/.test(condition))
    return textAnswer(400, 'Bad X-If-Delete-At header value')
  if (before.timestamp === undefined) return answer(404)
  if (before.timestamp >= target.timestamp) return answer(409)
  if (!expiresAt(before.object, condition)) {
    return textAnswer(412, 'X-If-Delete-At and X-Delete-At do not match')
  }
  return undefined
}

function expiresAt(object: StoredObject | undefined, condition: string): boolean {
  return (object === undefined ? 0 : (deleteAtOf(object) ?? 0)) === Number(condition)
}

async function bury(
  server: ObjectServerContext,
  target: ObjectTarget,
  before: Standing,
  headers: HeaderMap,
): Promise<Response> {
  const { timestamp } = target
  const condition = headers['x-if-delete-at']
  const isReplica = isTrueValue(headers['x-backend-replication'])
  if (before.timestamp !== undefined && !isLater(timestamp, before, isReplica)) {
    return answered(before.kind === 'object' ? 409 : 404, before.timestamp, before, {})
  }
  const outcome = await target.engine.delete(target.name, {
    timestamp,
    ...(condition === undefined ? {} : { guard: (object) => expiresAt(object, condition) }),
    updates: rowsOfChange(server, target, headers, () => []),
  })
  switch (outcome.kind) {
    case 'disk_failed':
      return diskFailed(server, outcome)
    case 'refused':
      return textAnswer(412, 'X-If-Delete-At and X-Delete-At do not match')
    case 'newer_exists':
      return answered(409, outcome.timestamp, before, {})
    case 'changed': {
      const deleted = before.kind === 'object' || condition !== undefined
      const rows = await deliverRows(server, target, outcome, headers)
      return answered(deleted ? 204 : 404, timestamp, before, rows)
    }
  }
}

/** Between replicas a tombstone wins over data of the same time; to a client that is a conflict. */
function isLater(timestamp: Timestamp, before: Standing, isReplica: boolean): boolean {
  if (before.timestamp === undefined || timestamp > before.timestamp) return true
  return isReplica && before.kind !== 'nothing' && timestamp === before.timestamp
}

function answered(status: number, timestamp: Timestamp, before: Standing, headers: HeaderMap): Response {
  return answer(status, {
    ...headers,
    'x-backend-timestamp': timestamp,
    'x-backend-content-type': before.object?.contentType ?? '',
  })
}

/**
 * What a PUT, POST or DELETE makes of a state, or why it does not count. Pure; both engines decide by it, under the lock
 * of the object.
 */
import type { Timestamp } from '#base/timestamp.ts'
import type { PostRequest } from './engine.ts'
import { isWhole, postedMeta } from './meta-record.ts'
import { comparedText, type DataVersion, EMPTY_STATE, joinStates, type ObjectState } from './object-state.ts'
import type { StoredObject } from './stored-object.ts'

export type StateChange =
  | { readonly kind: 'apply'; readonly after: ObjectState }
  | { readonly kind: 'newer_exists'; readonly timestamp: Timestamp }

/** A PUT counts when it is later than data and tombstone, or wins the tie of equal timestamps by its ETag. */
export function applyData(before: ObjectState, data: DataVersion): StateChange {
  const after = joinStates(before, { ...EMPTY_STATE, data })
  return after.data === data ? { kind: 'apply', after } : newer(before)
}

/** A DELETE counts when it is later than the tombstone and not earlier than the data. */
export function applyTombstone(before: ObjectState, timestamp: Timestamp): StateChange {
  if (before.tombstone !== undefined && before.tombstone >= timestamp) return newer(before)
  const after = joinStates(before, { ...EMPTY_STATE, tombstone: timestamp })
  return after.tombstone === timestamp ? { kind: 'apply', after } : newer(before)
}

/**
 * A POST counts when its metadata or its content type is later than what is there (OpenStack Swift, `obj/server.py`,
 * `POST`): the two have timestamps of their own, that of the content type never the later one. So has each fact.
 */
export function applyPost(before: ObjectState, object: StoredObject, request: PostRequest): StateChange {
  if (request.fields !== undefined || (before.meta !== undefined && !isWhole(before.meta))) {
    return applyFields(before, object, request)
  }
  const typeIsLater =
    request.contentType !== undefined && request.contentType.timestamp > object.contentTypeTimestamp
  const metadataIsLater = request.timestamp > object.timestamp
  if (!metadataIsLater && !typeIsLater) return { kind: 'newer_exists', timestamp: object.timestamp }
  const contentType = typeIsLater ? request.contentType : before.meta?.contentType
  const { name } = object
  const { timestamp, headers } = metadataIsLater ? request : (before.meta ?? request)
  return { kind: 'apply', after: { ...before, meta: { name, timestamp, headers, contentType } } }
}

function applyFields(before: ObjectState, object: StoredObject, request: PostRequest): StateChange {
  const { timestamp, headers, contentType, fields } = request
  const posted = postedMeta(object.name, timestamp, headers, contentType, fields)
  const after = joinStates(before, { ...EMPTY_STATE, meta: posted })
  return comparedText(after) === comparedText(before)
    ? { kind: 'newer_exists', timestamp: object.changedAt }
    : { kind: 'apply', after }
}

function newer(before: ObjectState): StateChange {
  const timestamp = before.data?.timestamp ?? before.tombstone
  if (timestamp === undefined) throw new Error('a change that does not count needs something newer')
  return { kind: 'newer_exists', timestamp }
}

/**
 * What a storage server's answer to a read proves (`docs/architecture.md`, "404 is a statement"). Pure.
 *
 * The newest timestamp wins, tombstones included. A 404 of a primary that is synced is evidence of absence; that of a
 * joining one, or of a handoff, is none: the tombstone that it may have beats what was written before it, and proves
 * nothing about what was written since.
 */

import { EXPIRED_HEADER, QUARANTINED_HEADER, REPLICA_STATE_HEADER } from '#base/extensions.ts'
import {
  parseTimestamp,
  type Timestamp,
  ticksOf,
  timestampFromTicks,
  ZERO_TIMESTAMP,
} from '#base/timestamp.ts'
import { headerOf, type Response } from '#http/message.ts'
import type { ServerType } from './storage-node.ts'

/** When it was written, best source first (OpenStack Swift `source_key`; for indexes, the time of the last PUT). */
const WRITTEN_AT: Readonly<Record<ServerType, readonly string[]>> = {
  object: ['x-backend-data-timestamp', 'x-backend-timestamp', 'x-timestamp'],
  container: ['x-backend-put-timestamp', 'x-put-timestamp', 'x-timestamp'],
  account: ['x-backend-put-timestamp', 'x-put-timestamp', 'x-timestamp'],
}
/** When it was deleted, in the answer that says so. */
const DELETED_AT: Readonly<Record<ServerType, readonly string[]>> = {
  object: ['x-backend-timestamp'],
  container: ['x-backend-delete-timestamp'],
  account: ['x-backend-delete-timestamp'],
}

export type Evidence =
  /** There it is; a condition or range may still have made it a 304, 412 or 416. */
  | { readonly kind: 'found'; readonly timestamp: Timestamp; readonly voter: boolean }
  /** It is not there; `timestamp` is that of the tombstone, zero when there is none. */
  | { readonly kind: 'absent'; readonly timestamp: Timestamp; readonly voter: boolean }
  /** The request itself is refused, by any server alike. */
  | { readonly kind: 'refused' }
  /** Nothing can be told from it. */
  | { readonly kind: 'none' }

/** What was asked, and what the node that answered is for it. */
export interface Asked {
  readonly server: ServerType
  readonly role: 'primary' | 'handoff'
}

/** Judges one answer. */
export function evidenceOf(response: Response, asked: Asked): Evidence {
  const { status } = response
  if (status >= 200 && status < 400) return foundOrNeverPut(response, asked)
  if (status === 404 || status === 410) return absent(response, asked)
  if (status === 412 || status === 416) return conditionFailed(response, asked)
  if (status >= 500 || status === 401 || status === 403) return { kind: 'none' }
  return { kind: 'refused' }
}

/** When what an answer speaks of was written. */
export function writtenAt(response: Response, server: ServerType): Timestamp {
  return firstTimestamp(response, WRITTEN_AT[server])
}

/** A tombstone beats what was written before it or at the same time. */
export function isOutdated(writtenAt: Timestamp, tombstone: Timestamp): boolean {
  return tombstone !== ZERO_TIMESTAMP && writtenAt <= tombstone
}

function foundOrNeverPut(response: Response, asked: Asked): Evidence {
  // A container that replication has begun to bring, but that nobody put yet.
  const putAt = headerOf(response, 'x-put-timestamp')
  if (putAt !== undefined && Number(putAt.slice(0, 16)) === 0) return absent(response, asked)
  return { kind: 'found', timestamp: writtenAt(response, asked.server), voter: isSynced(response) }
}

/** A condition fails on what is there, and (`If-Match`) also where nothing is: then there is no ETag. */
function conditionFailed(response: Response, asked: Asked): Evidence {
  if (headerOf(response, 'etag') === undefined) return absent(response, asked)
  return { kind: 'found', timestamp: writtenAt(response, asked.server), voter: isSynced(response) }
}

function absent(response: Response, { server, role }: Asked): Evidence {
  const isExpired = headerOf(response, EXPIRED_HEADER) !== undefined
  const timestamp = isExpired ? beforeExpired(response) : firstTimestamp(response, DELETED_AT[server])
  return { kind: 'absent', timestamp, voter: role === 'primary' && isSynced(response) }
}

/**
 * What has expired is no deletion: a POST that this replica missed may have given it another end. But what was put before it
 * was replaced by it. Zero when the answer does not say when that was.
 */
function beforeExpired(response: Response): Timestamp {
  const put = parseTimestamp(headerOf(response, 'x-backend-data-timestamp') ?? '')
  return put === undefined ? ZERO_TIMESTAMP : timestampFromTicks(ticksOf(put) - 1)
}

function firstTimestamp(response: Response, names: readonly string[]): Timestamp {
  for (const name of names) {
    const written = headerOf(response, name)
    if (written !== undefined) return parseTimestamp(written) ?? ZERO_TIMESTAMP
  }
  return ZERO_TIMESTAMP
}

/** A server that says nothing about it is a peer of another make, and believed. */
function isSynced(response: Response): boolean {
  return (
    headerOf(response, REPLICA_STATE_HEADER) !== 'joining' &&
    headerOf(response, QUARANTINED_HEADER) === undefined
  )
}

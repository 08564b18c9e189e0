/**
 * What the container is told about an object. The row describes the object as it is now, whatever request changed it,
 * so a later row always says everything an earlier one said (OpenStack Swift, `obj/server.py`: `_post_commit_updates`,
 * `POST`, `_check_container_override`).
 */
import { STATUS_CHANGED_AT_HEADER } from '#base/extensions.ts'
import { normalForm, type Timestamp } from '#base/timestamp.ts'
import { splitExpiry, withExpiry } from '#db/expiry.ts'
import type { HeaderMap } from '#http/message.ts'
import type { ContainerUpdate, UpdateTarget } from './container-update.ts'
import { deleteAtOf, type StoredObject } from './stored-object.ts'

/** Headers of this prefix replace those of the row; the second prefix wins (encryption, large objects, symlinks). */
const OVERRIDE_PREFIXES = [
  'x-backend-container-update-override-',
  'x-object-sysmeta-container-update-override-',
]

/** Who is told, and with which request headers, as the proxy asked. */
export interface RowRouting {
  readonly policyIndex: number
  readonly txId: string | undefined
  /** When the proxy believes the container's status changed last; the container server says if it is not so. */
  readonly statusChangedAt?: string | undefined
  /** Account and container whose index gets the row; another one than the object's for sharded containers. */
  readonly account: string
  readonly container: string
  readonly object: string
  readonly targets: readonly UpdateTarget[]
  readonly partition: string | undefined
}

/** The row of an object after a PUT or POST. `overrides` are headers of the request and its footers, lower-case. */
export function rowOfObject(
  object: StoredObject,
  routing: RowRouting,
  overrides: readonly HeaderMap[],
): ContainerUpdate {
  const row: Record<string, string> = {
    'x-size': String(object.sizeBytes),
    'x-content-type': withSwiftBytes(object),
    'x-etag': object.etag,
    'x-timestamp': object.dataTimestamp,
  }
  if (object.timestamp !== object.dataTimestamp) {
    row['x-content-type-timestamp'] = object.contentTypeTimestamp
    row['x-meta-timestamp'] = object.timestamp
  }
  for (const prefix of OVERRIDE_PREFIXES) for (const source of overrides) applyOverrides(row, source, prefix)
  // Whatever a client calls its content: when the row expires is the object's to say.
  row['x-content-type'] = withExpiry(splitExpiry(row['x-content-type'] ?? '')[0], deleteAtOf(object))
  return updateOf('PUT', object.timestamp, routing, row)
}

/** The row that says an object is gone. */
export function rowOfDelete(timestamp: Timestamp, routing: RowRouting): ContainerUpdate {
  return updateOf('DELETE', timestamp, routing, { 'x-timestamp': timestamp })
}

function updateOf(
  method: 'PUT' | 'DELETE',
  timestamp: Timestamp,
  routing: RowRouting,
  row: HeaderMap,
): ContainerUpdate {
  const { policyIndex, txId, statusChangedAt, account, container, object, targets, partition } = routing
  const common = {
    'x-backend-storage-policy-index': String(policyIndex),
    ...(txId === undefined ? {} : { 'x-trans-id': txId }),
    ...(statusChangedAt === undefined ? {} : { [STATUS_CHANGED_AT_HEADER]: statusChangedAt }),
  }
  const headers = { ...row, ...common }
  return {
    method,
    account,
    container,
    object,
    timestamp,
    headers,
    targets,
    partition,
    attempts: 0,
    notBeforeMs: 0,
  }
}

function applyOverrides(row: Record<string, string>, source: HeaderMap, prefix: string): void {
  for (const [name, value] of Object.entries(source)) {
    if (value !== undefined && name.startsWith(prefix)) row[`x-${name.slice(prefix.length)}`] = value
  }
}

/** The bytes a large object stands for are kept as a parameter of the PUT's content type; a POST must not lose them. */
function withSwiftBytes(object: StoredObject): string {
  if (object.contentTypeTimestamp === object.dataTimestamp) return object.contentType
  const bytes = /;\s*swift_bytes=(\d+)/.exec(object.data.contentType)?.[1]
  return bytes === undefined ? object.contentType : `${object.contentType};swift_bytes=${bytes}`
}

/** `/account/container/object` in its three parts. */
export function partsOfName(name: string): { account: string; container: string; object: string } {
  const [, account = '', container = '', ...object] = name.split('/')
  return { account, container, object: object.join('/') }
}

/** Routing for a row nobody asked for (rebuilt or reconciled objects): the ring says who gets it. */
export function unaddressed(name: string, policyIndex: number): RowRouting {
  return { policyIndex, txId: undefined, ...partsOfName(name), targets: [], partition: undefined }
}

/** The timestamp under which a client sees the object. */
export function shownTimestamp(object: StoredObject): string {
  return normalForm(object.timestamp)
}

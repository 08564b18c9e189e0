/**
 * Headers of a container, in both directions (OpenStack Swift, `container/server.py`: `gen_resp_headers`,
 * `_update_metadata`, `save_headers`).
 */
import { httpDate, lastModifiedSeconds, normalForm, type Timestamp, ZERO_TIMESTAMP } from '#base/timestamp.ts'
import { isContainerDeleted } from '#db/container-rules.ts'
import { type DatabaseInfo, type DatabaseState, statsOf } from '#db/info.ts'
import type { Metadata } from '#db/metadata.ts'
import type { Request } from '#http/message.ts'

export type Headers = Record<string, string>

const SAVED_HEADERS: ReadonlySet<string> = new Set([
  'x-container-read',
  'x-container-write',
  'x-container-sync-key',
  'x-container-sync-to',
])
const SAVED_PREFIXES: readonly string[] = ['x-container-meta-', 'x-container-sysmeta-']

/** What of a request's headers is kept with the container; an empty value removes. */
export function metadataOf(request: Request, timestamp: Timestamp): Metadata {
  const kept = Object.entries(request.headers).filter(([name, value]) => value !== undefined && isSaved(name))
  return new Map(kept.map(([name, value = '']) => [name, { value, timestamp }]))
}

/** Headers of the answer about a container. Of one that is deleted or was never there, only what backends ask for. */
export function containerHeaders(state: DatabaseState | undefined): Headers {
  const info = state?.info
  const backend: Headers = {
    'x-backend-timestamp': info?.createdAt ?? ZERO_TIMESTAMP,
    'x-backend-put-timestamp': info?.putTimestamp ?? ZERO_TIMESTAMP,
    'x-backend-delete-timestamp': info?.deleteTimestamp ?? ZERO_TIMESTAMP,
    'x-backend-status-changed-at': info?.statusChangedAt ?? ZERO_TIMESTAMP,
    'x-backend-storage-policy-index': String(info?.policyIndex ?? 0),
  }
  if (info === undefined || isContainerDeleted(info)) return backend
  return { ...backend, ...clientHeaders(info), ...metadataHeaders(state?.metadata ?? new Map()) }
}

function clientHeaders(info: DatabaseInfo): Headers {
  const { rows, bytes } = statsOf(info, info.policyIndex)
  return {
    'x-container-object-count': String(rows),
    'x-container-bytes-used': String(bytes),
    'x-timestamp': normalForm(info.createdAt),
    'x-put-timestamp': normalForm(info.putTimestamp),
    'x-backend-sharding-state': 'unsharded',
    'last-modified': httpDate(lastModifiedSeconds(info.putTimestamp)),
  }
}

function metadataHeaders(metadata: Metadata): Headers {
  const set = [...metadata].filter(([name, { value }]) => value !== '' && isSaved(name))
  return Object.fromEntries(set.map(([name, { value }]) => [name, value]))
}

function isSaved(name: string): boolean {
  if (SAVED_HEADERS.has(name)) return true
  return SAVED_PREFIXES.some((prefix) => name.length > prefix.length && name.startsWith(prefix))
}

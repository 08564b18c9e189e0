/** What the headers of a container server's answer say about a container. */
import { parseTimestamp, ZERO_TIMESTAMP } from '#base/timestamp.ts'
import type { HeaderMap } from '#http/message.ts'
import { storedHeaders } from './account-info.ts'
import type { ContainerInfo } from './contract.ts'
import { isSplit } from './shard-range.ts'

const COUNTERS: readonly string[] = ['x-container-object-count', 'x-container-bytes-used']

export function containerInfoOf(headers: HeaderMap): ContainerInfo {
  return {
    objectCount: Number(headers['x-container-object-count'] ?? 0),
    bytesUsed: Number(headers['x-container-bytes-used'] ?? 0),
    policyIndex: Number(headers['x-backend-storage-policy-index'] ?? 0),
    statusChangedAt: parseTimestamp(headers['x-backend-status-changed-at'] ?? '') ?? ZERO_TIMESTAMP,
    readAcl: headers['x-container-read'],
    writeAcl: headers['x-container-write'],
    syncKey: headers['x-container-sync-key'],
    metadata: storedHeaders(headers, isStored),
    ...(isSplit(headers) ? { rows: 'in_shards' } : {}),
  }
}

function isStored(name: string): boolean {
  if (name.startsWith('x-versions-')) return true
  return name.startsWith('x-container-') && !COUNTERS.includes(name)
}

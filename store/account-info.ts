/** What the headers of an account server's answer say about an account. */
import type { HeaderMap } from '#http/message.ts'
import type { AccountInfo } from './contract.ts'

const COUNTERS: readonly string[] = [
  'x-account-container-count',
  'x-account-object-count',
  'x-account-bytes-used',
]

/** An account that nobody has written to yet. */
export const EMPTY_ACCOUNT: AccountInfo = {
  containerCount: 0,
  objectCount: 0,
  bytesUsed: 0,
  metadata: {},
  state: 'not_yet_created',
}

export function accountInfoOf(headers: HeaderMap): AccountInfo {
  return {
    containerCount: Number(headers['x-account-container-count'] ?? 0),
    objectCount: Number(headers['x-account-object-count'] ?? 0),
    bytesUsed: Number(headers['x-account-bytes-used'] ?? 0),
    metadata: storedHeaders(headers, (name) => name.startsWith('x-account-') && !isCounter(name)),
  }
}

function isCounter(name: string): boolean {
  return COUNTERS.includes(name) || name.startsWith('x-account-storage-policy-')
}

/** The headers that a predicate picks. */
export function storedHeaders(headers: HeaderMap, isStored: (name: string) => boolean): HeaderMap {
  const stored: Record<string, string> = {}
  for (const name in headers) {
    const value = headers[name]
    if (value !== undefined && isStored(name)) stored[name] = value
  }
  return stored
}

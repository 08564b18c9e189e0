/** Headers of an account, in both directions (OpenStack Swift, `account/utils.py`: `get_response_headers`). */
import type { StoragePolicies } from '#backend/policies.ts'
import { normalForm, type Timestamp } from '#base/timestamp.ts'
import { isAccountStatusDeleted } from '#db/account-rules.ts'
import { type DatabaseInfo, type DatabaseState, totalStats } from '#db/info.ts'
import type { Metadata } from '#db/metadata.ts'
import type { Request } from '#http/message.ts'

export type Headers = Record<string, string>

const SAVED_PREFIXES: readonly string[] = ['x-account-meta-', 'x-account-sysmeta-']

/** What of a request's headers is kept with the account; an empty value removes. */
export function metadataOf(request: Request, timestamp: Timestamp): Metadata {
  const kept = Object.entries(request.headers).filter(([name, value]) => value !== undefined && isSaved(name))
  return new Map(kept.map(([name, value = '']) => [name, { value, timestamp }]))
}

/** Headers about an account that is there. */
export function accountHeaders({ info, metadata }: DatabaseState, policies: StoragePolicies): Headers {
  const total = totalStats(info)
  const set = [...metadata].filter(([, { value }]) => value !== '')
  return {
    'x-account-container-count': String(total.rows),
    'x-account-object-count': String(total.objects),
    'x-account-bytes-used': String(total.bytes),
    'x-timestamp': normalForm(info.createdAt),
    'x-put-timestamp': normalForm(info.putTimestamp),
    ...policyHeaders(info, policies),
    ...Object.fromEntries(set.map(([name, { value }]) => [name, value])),
  }
}

/** What a 404 says about an account that is marked as deleted: whoever empties it must know since when. */
export function statusHeaders(info: DatabaseInfo | undefined): Headers {
  if (info === undefined || !isAccountStatusDeleted(info)) return {}
  return { 'x-account-status': 'Deleted', 'x-backend-delete-timestamp': info.deleteTimestamp }
}

function policyHeaders(info: DatabaseInfo, policies: StoragePolicies): Headers {
  const headers: Headers = {}
  for (const [index, stats] of info.stats) {
    const policy = policies.byIndex(index)
    if (policy === undefined) continue
    const prefix = `x-account-storage-policy-${policy.name.toLowerCase()}`
    headers[`${prefix}-container-count`] = String(stats.rows)
    headers[`${prefix}-object-count`] = String(stats.objects)
    headers[`${prefix}-bytes-used`] = String(stats.bytes)
  }
  return headers
}

function isSaved(name: string): boolean {
  return SAVED_PREFIXES.some((prefix) => name.length > prefix.length && name.startsWith(prefix))
}

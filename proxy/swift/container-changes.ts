/** What PUT and POST of a container have in common: its metadata and its access lists, cleaned. */
import { cleanAcl } from '#auth/container-acl.ts'
import type { Realms } from '#auth/container-sync/realms.ts'
import { parseSyncTarget } from '#auth/container-sync/sync-target.ts'
import { MAX_CONTAINER_NAME_BYTES } from '#base/limits.ts'
import type { HeaderMap, Response } from '#http/message.ts'
import { CONTAINER_QUOTA_BYTES, CONTAINER_QUOTA_COUNT } from '#store/quotas/quota-limits.ts'
import { HTML_TYPE, textAnswer } from '../answers.ts'
import { changesIn, checkMetadata } from './metadata-headers.ts'
import { containerSettingsIn } from './reseller-settings.ts'
import { type Access, OWNER_HEADERS } from './visit.ts'

export type ContainerChanges =
  | { readonly kind: 'changes'; readonly changes: HeaderMap }
  | { readonly kind: 'refused'; readonly response: Response }

const QUOTAS = [
  [CONTAINER_QUOTA_BYTES, 'bytes'],
  [CONTAINER_QUOTA_COUNT, 'count'],
] as const
const ACCESS_LISTS = ['x-container-read', 'x-container-write'] as const

/** What only owners may change is left out for others, silently, as in Swift. */
export function containerChangesIn(
  headers: HeaderMap,
  access: Access,
  syncRealms: () => Realms,
): ContainerChanges {
  const settings = containerSettingsIn({ headers, by: access.by })
  if (settings.kind === 'refused') return settings
  const wrongQuota = checkQuotas(headers)
  const wrongSettings = wrongQuota ?? checkSyncTarget(headers, syncRealms)
  if (wrongSettings !== undefined) return refused(wrongSettings)
  const changes: Record<string, string | undefined> = {
    ...changesIn(headers, 'container'),
    ...settings.changes,
  }
  for (const header of ACCESS_LISTS) {
    const written = changes[header]
    if (written === undefined) continue
    const cleaned = cleanAcl(header, written)
    if (cleaned.kind === 'refused') return refused(textAnswer(400, cleaned.reason, HTML_TYPE))
    changes[header] = cleaned.value
  }
  const refusal = checkMetadata(headers, 'container')
  if (refusal !== undefined) return refused(refusal)
  for (const header of access.owner ? [] : OWNER_HEADERS) {
    if (access.lists === 'may_change' && isAccessList(header)) continue
    delete changes[header]
  }
  return { kind: 'changes', changes }
}

function isAccessList(header: string): boolean {
  return (ACCESS_LISTS as readonly string[]).includes(header)
}

/** The refusal of a container that nothing can be synced to, or `undefined`. */
function checkSyncTarget(headers: HeaderMap, syncRealms: () => Realms): Response | undefined {
  const written = headers['x-container-sync-to']
  const parsed = written === undefined ? undefined : parseSyncTarget(written, syncRealms())
  return parsed?.kind === 'refused' ? textAnswer(400, parsed.reason, HTML_TYPE) : undefined
}

/** The refusal of a quota that is no number, or `undefined` (OpenStack Swift, `common/middleware/container_quotas.py`). */
function checkQuotas(headers: HeaderMap): Response | undefined {
  for (const [header, what] of QUOTAS) {
    const written = headers[header] ?? ''
    if (written !== '' && !/^\d+$/.test(written)) return textAnswer(400, `Invalid ${what} quota.`, HTML_TYPE)
  }
  return undefined
}

/** The refusal of a name that is too long, or `undefined`. */
export function checkContainerName(container: string): Response | undefined {
  const bytes = Buffer.byteLength(container)
  if (bytes <= MAX_CONTAINER_NAME_BYTES) return undefined
  return textAnswer(
    400,
    `Container name length of ${bytes} longer than ${MAX_CONTAINER_NAME_BYTES}`,
    HTML_TYPE,
  )
}

function refused(response: Response): ContainerChanges {
  return { kind: 'refused', response }
}

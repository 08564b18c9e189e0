/**
 * What only resellers may set about an account or container, and how it is kept: quotas of accounts (as OpenStack Swift has
 * them since 2.31, `account_quotas.py`; the older `X-Account-Meta-Quota-Bytes` is ordinary metadata), and the switches that
 * Swift leaves to tools of its operators. Everybody who sees the account sees them.
 */
import type { StoragePolicies } from '#backend/policies.ts'
import type { HeaderMap, Response } from '#http/message.ts'
import {
  ACCOUNT_META_QUOTA_BYTES,
  ACCOUNT_QUOTA_BYTES,
  ACCOUNT_QUOTA_COUNT,
} from '#store/quotas/quota-limits.ts'
import { ACCOUNT_READ_ONLY_SYSMETA, CONTAINER_READ_ONLY_SYSMETA } from '#store/read-only/read-only.ts'
import { answer } from '../answers.ts'
import { ACCOUNT_RATE_SYSMETA } from '../ratelimit/account-rate.ts'

interface Setting {
  /** In requests and answers, and as it is stored. */
  readonly header: string
  readonly stored: string
  readonly isValid: (value: string) => boolean
}

const isAmount = (value: string): boolean => /^\d{1,18}$/.test(value)
const isFlag = (value: string): boolean => /^(true|1|yes|on|t|y|false|0|no|off|f|n)$/i.test(value)
const isRate = (value: string): boolean => /^(WHITELIST|BLACKLIST|\d{1,9}(\.\d{1,6})?)$/.test(value)

const ACCOUNT_SETTINGS: readonly Setting[] = [
  { header: 'x-account-quota-bytes', stored: ACCOUNT_QUOTA_BYTES, isValid: isAmount },
  { header: 'x-account-quota-count', stored: ACCOUNT_QUOTA_COUNT, isValid: isAmount },
  { header: 'x-account-read-only', stored: ACCOUNT_READ_ONLY_SYSMETA, isValid: isFlag },
  { header: 'x-account-global-write-ratelimit', stored: ACCOUNT_RATE_SYSMETA, isValid: isRate },
]
const CONTAINER_SETTINGS: readonly Setting[] = [
  { header: 'x-container-read-only', stored: CONTAINER_READ_ONLY_SYSMETA, isValid: isFlag },
]

export type SettingChanges =
  | { readonly kind: 'changes'; readonly changes: HeaderMap }
  | { readonly kind: 'refused'; readonly response: Response }

export interface Asking {
  readonly headers: HeaderMap
  readonly by: 'reseller' | 'other'
}

/** The change of an account's settings that a request asks for. */
export function accountSettingsIn(asking: Asking, policies: StoragePolicies): SettingChanges {
  const asked = changesOf(asking, accountSettings(policies))
  if (asked.kind === 'refused') return asked
  const { headers, by } = asking
  const quota = headers[ACCOUNT_META_QUOTA_BYTES]
  const removal = headers['x-remove-account-meta-quota-bytes']
  if (quota === undefined && (removal ?? '') === '') return asked
  if (by !== 'reseller') return refused(403)
  if (quota !== undefined && quota !== '' && !isAmount(quota)) return refused(400)
  // The last word counts, in whichever of the two it is said.
  return { kind: 'changes', changes: { [ACCOUNT_QUOTA_BYTES]: '', ...asked.changes } }
}

/** The same of a container. */
export function containerSettingsIn(asking: Asking): SettingChanges {
  return changesOf(asking, CONTAINER_SETTINGS)
}

/** What is set, as it is shown. */
export function shownAccountSettings(stored: HeaderMap, policies: StoragePolicies): Record<string, string> {
  return shown(stored, accountSettings(policies))
}

export function shownContainerSettings(stored: HeaderMap): Record<string, string> {
  return shown(stored, CONTAINER_SETTINGS)
}

function accountSettings(policies: StoragePolicies): readonly Setting[] {
  const ofPolicies = policies.all.flatMap(({ name, index }) =>
    (['bytes', 'count'] as const).map((what) => ({
      header: `x-account-quota-${what}-policy-${name.toLowerCase()}`,
      stored: `x-account-sysmeta-quota-${what}-policy-${index}`,
      isValid: isAmount,
    })),
  )
  return [...ACCOUNT_SETTINGS, ...ofPolicies]
}

function changesOf({ headers, by }: Asking, settings: readonly Setting[]): SettingChanges {
  const changes: Record<string, string> = {}
  for (const { header, stored, isValid } of settings) {
    const isRemoved = (headers[`x-remove-${header.slice('x-'.length)}`] ?? '') !== ''
    const value = isRemoved ? '' : headers[header]
    if (value === undefined) continue
    if (by !== 'reseller') return refused(403)
    if (value !== '' && !isValid(value)) return refused(400)
    changes[stored] = value
  }
  return { kind: 'changes', changes }
}

function refused(status: 400 | 403): SettingChanges {
  return { kind: 'refused', response: answer(status) }
}

function shown(stored: HeaderMap, settings: readonly Setting[]): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const { header, stored: name } of settings) {
    const value = stored[name]
    if (value !== undefined && value !== '') headers[header] = value
  }
  return headers
}

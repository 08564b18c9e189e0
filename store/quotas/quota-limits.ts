/**
 * The quotas that accounts and containers carry in their metadata, in OpenStack Swift's words (`container_quotas.py`,
 * `account_quotas.py`). Pure.
 */
import type { HeaderMap } from '#http/message.ts'
import type { AccountInfo, ContainerInfo } from '../contract.ts'

/** What may be used at most; `undefined` is any amount. */
export interface QuotaLimits {
  readonly bytes?: number | undefined
  readonly count?: number | undefined
}

/** What a write counts towards. */
export type QuotaScope = 'container' | 'account' | 'policy'

/** The limits of one upload, by what they hold for; only scopes that have some. */
export type ScopedLimits = Readonly<Partial<Record<QuotaScope, QuotaLimits>>>

export const CONTAINER_QUOTA_BYTES = 'x-container-meta-quota-bytes'
export const CONTAINER_QUOTA_COUNT = 'x-container-meta-quota-count'
/** As all releases of Swift have it. */
export const ACCOUNT_META_QUOTA_BYTES = 'x-account-meta-quota-bytes'
/** As releases since 2.31 have them; `…-policy-<index>` for one storage policy. */
export const ACCOUNT_QUOTA_BYTES = 'x-account-sysmeta-quota-bytes'
export const ACCOUNT_QUOTA_COUNT = 'x-account-sysmeta-quota-count'

/** The limits of an upload into the container. `account` is not given for those whom its quotas do not hold. */
export function limitsFor(container: ContainerInfo, account: AccountInfo | undefined): ScopedLimits {
  const scoped: Partial<Record<QuotaScope, QuotaLimits>> = {}
  const { metadata, policyIndex } = container
  add(scoped, 'container', metadata[CONTAINER_QUOTA_BYTES], metadata[CONTAINER_QUOTA_COUNT])
  if (account === undefined) return scoped
  const own = account.metadata
  const bytes = own[ACCOUNT_QUOTA_BYTES] ?? own[ACCOUNT_META_QUOTA_BYTES]
  add(scoped, 'account', bytes, own[ACCOUNT_QUOTA_COUNT])
  add(scoped, 'policy', ...policyValues(own, policyIndex))
  return scoped
}

function policyValues(
  metadata: HeaderMap,
  policyIndex: number,
): readonly [bytes: string | undefined, count: string | undefined] {
  const suffix = `-policy-${policyIndex}`
  return [metadata[`${ACCOUNT_QUOTA_BYTES}${suffix}`], metadata[`${ACCOUNT_QUOTA_COUNT}${suffix}`]]
}

function add(
  scoped: Partial<Record<QuotaScope, QuotaLimits>>,
  scope: QuotaScope,
  writtenBytes: string | undefined,
  writtenCount: string | undefined,
): void {
  const [bytes, count] = [amountIn(writtenBytes), amountIn(writtenCount)]
  if (bytes !== undefined || count !== undefined) scoped[scope] = { bytes, count }
}

/** A whole number; anything else is no quota. */
function amountIn(written: string | undefined): number | undefined {
  return written !== undefined && /^\d{1,18}$/.test(written) ? Number(written) : undefined
}

/**
 * The domain of the project that an account belongs to, kept with the account: names in access lists count only where
 * account, user and project are all in the default domain (OpenStack Swift, keystoneauth: `_set_project_domain_id`, whose
 * system metadata and values these are).
 */
import type { KeystoneIdentity } from './keystone-rules.ts'

export const PROJECT_DOMAIN_SYSMETA = 'x-account-sysmeta-project-domain-id'
/** The same, as clients are shown it. */
export const PROJECT_DOMAIN_HEADER = 'x-account-project-domain-id'

/** Made by someone of another project, who cannot tell. */
const UNKNOWN_ID = '_unknown'

export interface StoredDomain {
  readonly account: string
  readonly exists: boolean
  /** `undefined`: made before there were domains. */
  readonly domainId: string | undefined
}

/** The value to store with the account that a request makes or changes; `undefined`: nothing. */
export function projectDomainToStore(
  { projectAccounts, projectDomainId, defaultDomainId }: KeystoneIdentity,
  { account, exists, domainId }: StoredDomain,
): string | undefined {
  const isOwn = projectAccounts.includes(account)
  if (!exists) return isOwn ? projectDomainId : UNKNOWN_ID
  if (domainId === undefined && isOwn && projectDomainId === defaultDomainId) return projectDomainId
  return domainId === UNKNOWN_ID && isOwn ? (projectDomainId ?? '') : undefined
}

/** Whether names in the lists of an account count for this user. */
export function namesCount(identity: KeystoneIdentity, stored: StoredDomain): boolean {
  if (identity.granteeNames.length === 0) return false
  if (identity.projectAccounts.includes(stored.account)) return true
  return stored.exists && (stored.domainId ?? identity.defaultDomainId) === identity.defaultDomainId
}

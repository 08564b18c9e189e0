/** Whose a bucket is. */
import { type ResellerPrefix, resellerOf } from '#auth/principal.ts'
import type { ContainerInfo } from '#store/contract.ts'

/** Canonical id of who made the bucket through S3. */
export const OWNER_SYSMETA = 'x-container-sysmeta-s3-owner'

/** Canonical id; of a container that was made through Swift the tenant, whose administrators all own it. */
export function ownerOf(info: ContainerInfo, account: string, resellers: readonly ResellerPrefix[]): string {
  return info.metadata[OWNER_SYSMETA] ?? account.slice(resellerOf(account, resellers)?.prefix.length ?? 0)
}

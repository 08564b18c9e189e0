/** What the bucket of a visit, and its account, say of access lists: whether they count, and whether they may be public. */
import { type AccessControlList, isPublicAcl } from '#auth/s3/acl/access-control-list.ts'
import type { ObjectOwnership } from '#auth/s3/ownership.ts'
import { publicAccessOf } from '../../access/account-block.ts'
import { containerGrantsOf } from '../../access/container-grants.ts'
import { type S3Error, s3Error } from '../error.ts'
import type { Bucket, S3Visit } from '../operation.ts'

export interface BucketRules {
  readonly ownership: ObjectOwnership
  readonly publicAcls: 'refused' | 'allowed'
}

export async function rulesOf(visit: S3Visit, { container, info }: Bucket): Promise<BucketRules | S3Error> {
  const { deps, transaction } = visit
  const grants = await containerGrantsOf(deps.access, transaction, container, info)
  if (grants === 'unavailable') return s3Error('ServiceUnavailable')
  const blocked = await publicAccessOf(deps.access, transaction, container, grants)
  if (blocked === 'unavailable') return s3Error('ServiceUnavailable')
  return {
    ownership: grants.bucket?.ownership ?? deps.options.objectOwnership,
    publicAcls: blocked.blockPublicAcls ? 'refused' : 'allowed',
  }
}

/** The refusal of a list that the bucket does not take. */
export function refusedBy(
  { ownership, publicAcls }: BucketRules,
  acl: AccessControlList,
): S3Error | undefined {
  if (ownership === 'BucketOwnerEnforced') return s3Error('AccessControlListNotSupported')
  if (publicAcls === 'refused' && isPublicAcl(acl)) return s3Error('AccessDenied')
  return undefined
}

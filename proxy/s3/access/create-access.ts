/** What CreateBucket says of access: an access list, and whose the objects will be. */
import { isPublicAcl } from '#auth/s3/acl/access-control-list.ts'
import { aclInHeaders } from '#auth/s3/acl/acl-headers.ts'
import { isObjectOwnership, type ObjectOwnership } from '#auth/s3/ownership.ts'
import { accountBlockOf } from '../../access/account-block.ts'
import { CREATED_OWNERSHIP } from '../../access/container-grants.ts'
import { invalidArgument, isS3Error, type S3Error, s3Error } from '../error.ts'
import type { S3Visit } from '../operation.ts'
import { aclRefusal } from './acl-refusal.ts'
import { bucketAclChange } from './bucket-acl.ts'

const OWNERSHIP_HEADER = 'x-amz-object-ownership'

/** Changes of the container that is made, or why it is not made. */
export async function createdAccess({
  request,
  caller,
  deps,
  transaction,
}: S3Visit): Promise<Readonly<Record<string, string>> | S3Error> {
  if (caller.kind === 'anonymous') return {}
  const written = request.headers[OWNERSHIP_HEADER]
  if (written !== undefined && !isObjectOwnership(written)) {
    return invalidArgument(OWNERSHIP_HEADER, written, 'Invalid x-amz-object-ownership header')
  }
  const ownership: ObjectOwnership = written ?? deps.options.objectOwnership
  const asked = aclInHeaders(request.headers, { owner: caller.user, bucketOwner: caller.user })
  if (asked.kind === 'refused') return aclRefusal(asked)
  const owned = written === undefined ? {} : { [CREATED_OWNERSHIP]: written }
  if (asked.kind === 'none') return owned
  const isRefused = ownership === 'BucketOwnerEnforced' && asked.canned !== 'private'
  if (isRefused) return s3Error('InvalidBucketAclWithObjectOwnership')
  if (isPublicAcl(asked.acl)) {
    const blocked = await accountBlockOf(deps.store, transaction, caller)
    if (blocked === 'unavailable') return s3Error('ServiceUnavailable')
    if (blocked?.blockPublicAcls === true) return s3Error('AccessDenied')
  }
  const change = bucketAclChange(asked.acl, caller.user)
  return isS3Error(change) ? change : { ...owned, ...change }
}

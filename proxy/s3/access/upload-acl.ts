/**
 * The access list that an object is stored with: what the headers of the upload ask for, and whose the object is. Of an
 * upload into one's own account that asks for nothing, nothing is stored and nothing looked up.
 */
import { isPrivateAcl } from '#auth/s3/acl/access-control-list.ts'
import { ACL_HEADERS, aclInHeaders } from '#auth/s3/acl/acl-headers.ts'
import { privateAcl } from '#auth/s3/acl/canned-acl.ts'
import { OBJECT_ACL_SYSMETA, storedAcl } from '#auth/s3/acl/stored-acl.ts'
import { isS3Error, type S3Error, s3Error } from '../error.ts'
import { type Bucket, bucketOf, type Caller, type S3Visit } from '../operation.ts'
import { aclRefusal } from './acl-refusal.ts'
import { type BucketRules, refusedBy, rulesOf } from './bucket-rules.ts'
import { flagObjectAcls } from './object-acls-flag.ts'
import { deniedExtras } from './upload-extras.ts'

const NOTHING: Readonly<Record<string, string>> = {}

/** Who uploads without being known, as Amazon calls them; nobody is this user. */
const ANONYMOUS_OWNER = '65a011a29cdf8ec533ec3d1ccaae921c'

/** System metadata to be stored with the object that the visit uploads, or why it is not uploaded. */
export async function uploadAcl(visit: S3Visit): Promise<Readonly<Record<string, string>> | S3Error> {
  const { caller } = visit
  const { headers } = visit.request
  const asks = ACL_HEADERS.some((name) => headers[name] !== undefined)
  const bucket = bucketOf(visit)
  const denied = await deniedExtras(visit)
  if (denied !== undefined) return denied
  if (!asks && ownsAccount(caller, bucket)) return NOTHING
  const rules = await rulesOf(visit, bucket)
  if (isS3Error(rules)) return rules
  const owner = ownerOf(caller, bucket, rules, headers['x-amz-acl'])
  const asked = aclInHeaders(headers, { owner, bucketOwner: bucket.owner })
  if (asked.kind === 'refused') return aclRefusal(asked)
  if (rules.ownership === 'BucketOwnerEnforced') {
    const isForOwner = asked.kind === 'none' || asked.canned === 'bucket-owner-full-control'
    return isForOwner ? NOTHING : s3Error('AccessControlListNotSupported')
  }
  const acl = asked.kind === 'none' ? privateAcl(owner) : asked.acl
  const refused = refusedBy(rules, acl)
  if (refused !== undefined) return refused
  const stored = storedAcl(acl)
  if (stored === undefined) return s3Error('MalformedACLError')
  if (isPrivateAcl(acl) && owner === bucket.owner) return NOTHING
  const unflagged = await flagObjectAcls(visit, bucket)
  return unflagged ?? { [OBJECT_ACL_SYSMETA]: stored }
}

/** Whoever administers the account owns what is in it. */
function ownsAccount(caller: Caller, { container }: Bucket): boolean {
  if (caller.kind === 'anonymous') return false
  const { groups, keystone } = caller.principal
  return groups.includes(container.account) || keystone?.ownedAccounts.includes(container.account) === true
}

/** Whose the object is: its uploader's, or the bucket owner's where that is preferred and agreed to. */
function ownerOf(
  caller: Caller,
  bucket: Bucket,
  { ownership }: BucketRules,
  canned: string | undefined,
): string {
  if (ownership === 'BucketOwnerPreferred' && canned === 'bucket-owner-full-control') return bucket.owner
  return caller.kind === 'user' ? caller.user : ANONYMOUS_OWNER
}

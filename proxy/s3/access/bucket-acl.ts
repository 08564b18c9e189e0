/** GetBucketAcl and PutBucketAcl. */
import { type AccessControlList, isPrivateAcl } from '#auth/s3/acl/access-control-list.ts'
import { privateAcl } from '#auth/s3/acl/canned-acl.ts'
import { BUCKET_ACL_SYSMETA, parseStoredAcl, storedAcl } from '#auth/s3/acl/stored-acl.ts'
import type { HeaderMap, Response } from '#http/message.ts'
import { registerBucket } from '../buckets/register-bucket.ts'
import { isS3Error, type S3Error, s3Error } from '../error.ts'
import { type Bucket, bucketOf, type S3Visit } from '../operation.ts'
import { storeError } from '../store-errors.ts'
import { xmlAnswer } from '../xml-writer.ts'
import { aclDocument } from './acl-document.ts'
import { refusedBy, rulesOf } from './bucket-rules.ts'
import { sentAcl } from './sent-acl.ts'

/** Of a bucket whose lists count for nothing, its owner's alone is shown. */
export async function getBucketAcl(visit: S3Visit): Promise<Response | S3Error> {
  const bucket = bucketOf(visit)
  const rules = await rulesOf(visit, bucket)
  if (isS3Error(rules)) return rules
  const acl = rules.ownership === 'BucketOwnerEnforced' ? privateAcl(bucket.owner) : aclOf(bucket)
  return xmlAnswer(200, aclDocument(acl))
}

/** The list of a bucket, its owner's alone when it never had one. */
export function aclOf({ info, owner }: Bucket): AccessControlList {
  return parseStoredAcl(info.metadata[BUCKET_ACL_SYSMETA]) ?? privateAcl(owner)
}

export async function putBucketAcl(visit: S3Visit): Promise<Response | S3Error> {
  const bucket = bucketOf(visit)
  const rules = await rulesOf(visit, bucket)
  if (isS3Error(rules)) return rules
  const { owner } = aclOf(bucket)
  const acl = await sentAcl(visit, { owner, bucketOwner: owner })
  if (isS3Error(acl)) return acl
  const refused = refusedBy(rules, acl) ?? (await registerBucket(visit, bucket))
  if (refused !== undefined) return refused
  const changes = bucketAclChange(acl, bucket.owner)
  if (isS3Error(changes)) return changes
  const { deps, transaction } = visit
  const posted = await deps.store.containers.post(transaction, bucket.container, changes)
  if (posted.kind !== 'updated') return storeError(posted, { BucketName: bucket.name })
  return { status: 200, headers: { 'content-length': '0' }, body: undefined }
}

/**
 * A bucket that its owner makes again gets the list that is asked for now, or its owner's alone: AWS does so in its first
 * region. `settings` are what a new bucket would be given.
 */
export async function resetAcl(visit: S3Visit, settings: HeaderMap): Promise<S3Error | undefined> {
  const { deps, transaction } = visit
  const bucket = bucketOf(visit)
  const wanted = settings[BUCKET_ACL_SYSMETA] ?? ''
  if (wanted === (bucket.info.metadata[BUCKET_ACL_SYSMETA] ?? '')) return undefined
  const rules = await rulesOf(visit, bucket)
  if (isS3Error(rules)) return rules
  // Nothing counts there that could be reset.
  if (rules.ownership === 'BucketOwnerEnforced') return undefined
  const refused =
    refusedBy(rules, parseStoredAcl(wanted) ?? privateAcl(bucket.owner)) ??
    (await deps.authorize(visit, { action: 's3:PutBucketAcl', bucket, key: undefined }))
  if (refused !== undefined) return refused
  const posted = await deps.store.containers.post(transaction, bucket.container, {
    [BUCKET_ACL_SYSMETA]: wanted,
  })
  return posted.kind === 'updated' ? undefined : storeError(posted, { BucketName: bucket.name })
}

/** What is stored: nothing of a list that gives nobody anything, so that the bucket is as plain as before. */
export function bucketAclChange(
  acl: AccessControlList,
  bucketOwner: string,
): Readonly<Record<string, string>> | S3Error {
  const hasFullControl = acl.grants.some(({ permission }) => permission === 'FULL_CONTROL')
  const isPlain = acl.owner === bucketOwner && hasFullControl && isPrivateAcl(acl)
  const stored = isPlain ? '' : storedAcl(acl)
  return stored === undefined ? s3Error('MalformedACLError') : { [BUCKET_ACL_SYSMETA]: stored }
}

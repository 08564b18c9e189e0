/** GetBucketPolicy, PutBucketPolicy, DeleteBucketPolicy, GetBucketPolicyStatus. */
import { isPublicAcl } from '#auth/s3/acl/access-control-list.ts'
import { POLICY_BYTES_MAX, parseBucketPolicy } from '#auth/s3/policy/bucket-policy.ts'
import { isPublicPolicy } from '#auth/s3/policy/public-policy.ts'
import type { Response } from '#http/message.ts'
import { countedGrantsOf, publicAccessOf } from '../../access/account-block.ts'
import { containerGrantsOf } from '../../access/container-grants.ts'
import { documentsOf, setDocument } from '../config/bucket-document.ts'
import { isS3Error, type S3Error, s3Error } from '../error.ts'
import { bucketOf, type S3Visit } from '../operation.ts'
import { bodyIsEmpty, sentBytes } from '../sent-xml.ts'
import { document, element, xmlAnswer } from '../xml-writer.ts'

const DONE: Response = { status: 204, headers: {}, body: undefined }

/** The text as it was put, byte for byte. */
export async function getBucketPolicy(visit: S3Visit): Promise<Response | S3Error> {
  const documents = await documentsOf(visit)
  if (isS3Error(documents)) return documents
  if (documents.policy === undefined) {
    return s3Error('NoSuchBucketPolicy', { extra: { BucketName: bucketOf(visit).name } })
  }
  const body = Buffer.from(documents.policy)
  const headers = { 'content-type': 'application/json', 'content-length': String(body.length) }
  return { status: 200, headers, body }
}

export async function putBucketPolicy(visit: S3Visit): Promise<Response | S3Error> {
  if (bodyIsEmpty(visit.sent)) return s3Error('MalformedPolicy', { message: NOT_JSON })
  // One byte more is enough to tell that it is too long.
  const bytes = await sentBytes(visit, POLICY_BYTES_MAX + 1)
  if (isS3Error(bytes)) {
    const isTooLong = bytes.code === 'MaxMessageLengthExceeded'
    return isTooLong ? s3Error('MalformedPolicy', { message: TOO_LONG }) : bytes
  }
  const text = bytes.toString('utf8')
  const parsed = parseBucketPolicy(text, bucketOf(visit).name)
  if (parsed.kind === 'malformed') {
    const extra = parsed.detail === undefined ? {} : { Detail: parsed.detail }
    return s3Error('MalformedPolicy', { message: parsed.message, extra })
  }
  const refused = isPublicPolicy(parsed.policy) ? await publicPolicyProblem(visit) : undefined
  return refused ?? (await setDocument(visit, 'policy', text)) ?? DONE
}

/** Why no public policy may be put there: the bucket or its account blocks them, or nobody can say whether they do. */
async function publicPolicyProblem(visit: S3Visit): Promise<S3Error | undefined> {
  const { deps, transaction } = visit
  const { container, info } = bucketOf(visit)
  const grants = await containerGrantsOf(deps.access, transaction, container, info)
  if (grants === 'unavailable') return s3Error('ServiceUnavailable')
  const blocked = await publicAccessOf(deps.access, transaction, container, grants)
  if (blocked === 'unavailable') return s3Error('ServiceUnavailable')
  return blocked.blockPublicPolicy ? s3Error('AccessDenied') : undefined
}

const NOT_JSON = "Policies must be valid JSON and the first byte must be '{'"
const TOO_LONG = 'Policy exceeds the maximum allowed document size.'

export async function deleteBucketPolicy(visit: S3Visit): Promise<Response | S3Error> {
  const documents = await documentsOf(visit)
  if (isS3Error(documents)) return documents
  if (documents.policy === undefined) return DONE
  return (await setDocument(visit, 'policy', undefined)) ?? DONE
}

/** Whether the bucket is open to the public by any notation: its policy, its S3 list, its Swift list. */
export async function getBucketPolicyStatus(visit: S3Visit): Promise<Response | S3Error> {
  const { deps, transaction } = visit
  const { container, info } = bucketOf(visit)
  const grants = await countedGrantsOf(deps.access, transaction, container, info)
  if (grants === 'unavailable') return s3Error('ServiceUnavailable')
  const { bucket, read } = grants
  const { ignorePublicAcls = false, restrictPublicBuckets = false } = bucket?.publicAccess ?? {}
  const byPolicy =
    !restrictPublicBuckets && typeof bucket?.policy === 'object' && isPublicPolicy(bucket.policy)
  const listsCount = bucket !== undefined && bucket.ownership !== 'BucketOwnerEnforced'
  const byList = listsCount && bucket.acl !== undefined && isPublicAcl(bucket.acl)
  const bySwift = read.referrers.some((referrer) => !referrer.startsWith('-'))
  const isPublic = byPolicy || (!ignorePublicAcls && (byList || bySwift))
  return xmlAnswer(200, document('PolicyStatus', element('IsPublic', isPublic)))
}

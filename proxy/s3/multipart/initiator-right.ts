/**
 * Who began an upload may see its parts and give it up without a right to that, unless a policy denies it (Amazon S3 User
 * Guide, "Multipart upload API and permissions").
 */
import { askDenied } from '../../access/ask-access.ts'
import { askerOf } from '../access/authorize.ts'
import { checkExpectedOwner } from '../access/expected-owner.ts'
import { isS3Error, type S3Error } from '../error.ts'
import { bucketOf, objectOf, type S3Visit } from '../operation.ts'
import { readFacts } from './upload-facts.ts'
import { uploadIn } from './upload-named.ts'

/** The refusal of somebody who has no right to it and did not begin the upload. */
export async function uploadRefused(
  visit: S3Visit,
  action: 's3:ListMultipartUploadParts' | 's3:AbortMultipartUpload',
): Promise<S3Error | undefined> {
  const { deps, request } = visit
  const bucket = bucketOf(visit)
  const denied = await deps.authorize(visit, { action, bucket, key: request.key })
  if (denied?.code !== 'AccessDenied' || !(await hasBegun(visit))) return denied
  const wrongOwner = checkExpectedOwner(deps, bucket, request.headers['x-amz-expected-bucket-owner'])
  if (wrongOwner !== undefined) return wrongOwner
  const asker = askerOf(visit)
  const isDenied =
    asker === undefined || (await askDenied(deps.access, asker, { action, name: objectOf(visit) }))
  return isDenied ? denied : undefined
}

/** A session has the rights that it was given, and no others. */
async function hasBegun(visit: S3Visit): Promise<boolean> {
  const { caller } = visit
  if (caller.kind === 'anonymous' || caller.session !== undefined) return false
  const upload = await uploadIn(visit)
  return !isS3Error(upload) && readFacts(upload.summary).initiator === caller.user
}

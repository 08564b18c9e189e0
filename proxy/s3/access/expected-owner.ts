/** `x-amz-expected-bucket-owner` and its like: whose a bucket must be for the request to be meant. */
import { tenantOf } from '#auth/bucket-access.ts'
import { type S3Error, s3Error } from '../error.ts'
import type { Bucket, S3Deps } from '../operation.ts'

/**
 * The refusal when the bucket is somebody else's. An owner is named by canonical id, by tenant or by account. `expected` is
 * the header's value, `undefined` when nothing is expected.
 */
export function checkExpectedOwner(
  { resellers }: Pick<S3Deps, 'resellers'>,
  { owner, container }: Bucket,
  expected: string | undefined,
): S3Error | undefined {
  if (expected === undefined) return undefined
  const names = [owner, container.account, tenantOf(container.account, resellers)]
  return names.includes(expected) ? undefined : s3Error('AccessDenied')
}

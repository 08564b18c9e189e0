/**
 * A container is marked before the first object in it has an access list of its own: where the mark is missing, no object is
 * looked at for one. The mark stays: it is a hint to look, and grants nothing.
 */
import { OBJECT_ACLS_FLAG } from '../../access/container-grants.ts'
import type { S3Error } from '../error.ts'
import type { Bucket, S3Visit } from '../operation.ts'
import { storeError } from '../store-errors.ts'

/** The failure to mark it, or `undefined`: it is marked. */
export async function flagObjectAcls(
  { deps, transaction }: S3Visit,
  { container, info, name }: Bucket,
): Promise<S3Error | undefined> {
  if (info.metadata[OBJECT_ACLS_FLAG] !== undefined) return undefined
  const posted = await deps.store.containers.post(transaction, container, { [OBJECT_ACLS_FLAG]: 'true' })
  return posted.kind === 'updated' ? undefined : storeError(posted, { BucketName: name })
}

/**
 * The bucket that a request names. A container of the caller's own account comes first, so that what was made through
 * Swift is there without being registered; other accounts' are found by the register of names.
 */
import type { OperationContext } from '#store/operation.ts'
import type { S3Error } from '../error.ts'
import { s3Error } from '../error.ts'
import type { Bucket, Caller, S3Deps } from '../operation.ts'
import type { S3Request } from '../request.ts'
import { recordError } from '../store-errors.ts'
import { mayExist } from './bucket-name.ts'
import { ownerOf } from './bucket-owner.ts'

/** `undefined` at the service. `NoSuchBucket` when there is none that this caller can name. */
export async function resolveBucket(
  deps: S3Deps,
  context: OperationContext,
  request: S3Request,
  caller: Caller,
): Promise<Bucket | undefined | S3Error> {
  const { bucket: name } = request
  if (name === undefined) return undefined
  return findBucket(deps, context, name, caller)
}

/** The bucket of this name as this caller sees it; also of the source of a copy. */
export async function findBucket(
  deps: S3Deps,
  context: OperationContext,
  name: string,
  caller: Caller,
): Promise<Bucket | S3Error> {
  if (!mayExist(name)) return s3Error('InvalidBucketName', { extra: { BucketName: name } })
  const own =
    caller.kind === 'user' ? await containerAsBucket(deps, context, caller.account, name) : undefined
  if (own !== undefined) return own
  const record = await deps.records.find(context, name)
  if (record !== undefined && 'kind' in record) return recordError(record)
  const found = record && (await containerAsBucket(deps, context, record.account, name))
  return found ?? s3Error('NoSuchBucket', { extra: { BucketName: name } })
}

async function containerAsBucket(
  { store, resellers }: S3Deps,
  context: OperationContext,
  account: string,
  name: string,
): Promise<Bucket | undefined> {
  const container = { account, container: name }
  const info = await store.containers.info(context, container)
  return info && { name, container, info, owner: ownerOf(info, account, resellers) }
}

/** What a failure of the store is in the S3 dialect. A kind that is missing here does not compile. */
import type { StoreFailure } from '#store/failure.ts'
import type { RecordFailure } from '#store/records/contract.ts'
import { type S3Error, s3Error } from './error.ts'
import type { S3ErrorCode } from './error-catalogue.ts'

const CODES: Readonly<Record<StoreFailure['kind'], S3ErrorCode>> = {
  no_such_account: 'NoSuchBucket',
  account_deleted: 'NoSuchBucket',
  no_such_container: 'NoSuchBucket',
  no_such_object: 'NoSuchKey',
  not_empty: 'BucketNotEmpty',
  conflict: 'OperationAborted',
  precondition_failed: 'PreconditionFailed',
  range_unsatisfiable: 'InvalidRange',
  etag_mismatch: 'BadDigest',
  too_large: 'EntityTooLarge',
  client_gone: 'IncompleteBody',
  client_timeout: 'RequestTimeout',
  bad_request: 'InvalidRequest',
  no_space: 'InsufficientStorage',
  over_quota: 'QuotaExceeded',
  read_only: 'AccessDenied',
  in_use: 'AccessDenied',
  denied: 'AccessDenied',
  broken_link: 'InvalidObjectState',
  link_changed: 'InvalidObjectState',
  version_refused: 'InvalidArgument',
  segments_refused: 'InvalidPart',
  segments_kept: 'ServiceUnavailable',
  unreadable: 'InternalError',
  customer_key: 'InvalidRequest',
  unavailable: 'ServiceUnavailable',
  undecided: 'ConditionalRequestConflict',
}

/** Where the sentence of the code does not say it. */
const MESSAGES: Partial<Record<StoreFailure['kind'], string>> = {
  in_use: 'An image has its data in this object; delete the image first.',
}

/** Whether an operation's result is a failure of the store. */
export function isStoreFailure(result: { readonly kind: string }): result is StoreFailure {
  return Object.hasOwn(CODES, result.kind)
}

/** The failure as an S3 client sees it. `extra` are elements that the operation knows: `Key`, `BucketName`. */
export function storeError(failure: StoreFailure, extra: Readonly<Record<string, string>> = {}): S3Error {
  const message = failure.kind === 'bad_request' ? failure.reason : MESSAGES[failure.kind]
  return s3Error(CODES[failure.kind], { message, extra })
}

/** A failure of the cluster's own records. */
export function recordError(failure: RecordFailure): S3Error {
  return s3Error(failure.kind === 'unreadable' ? 'InternalError' : 'ServiceUnavailable')
}

/** Conditional writes: `If-None-Match: *` and `If-Match`, and what is said when they do not hold. */
import type { HeaderMap } from '#http/message.ts'
import type { WriteCondition } from '#store/condition.ts'
import type { StoreFailure } from '#store/failure.ts'
import { badBody } from '../body/content-md5.ts'
import { type S3Error, s3Error } from '../error.ts'
import { storeError } from '../store-errors.ts'
import { ETAG_SYSMETA } from './object-facts.ts'

/** The condition under which a write is to be made. AWS knows no other `If-None-Match` than `*` here. */
export function writeConditionIn(
  headers: HeaderMap,
): { readonly condition: WriteCondition | undefined } | S3Error {
  const { 'if-none-match': unwanted, 'if-match': wanted } = headers
  if (unwanted !== undefined && wanted !== undefined) {
    const additionalMessage = 'Multiple conditional request headers present in the request'
    return s3Error('NotImplemented', { extra: { Header: 'If-Match,If-None-Match', additionalMessage } })
  }
  if (unwanted !== undefined && unwanted.trim() !== '*') {
    const additionalMessage = "We don't accept the provided value of If-None-Match header for this API"
    return s3Error('NotImplemented', { extra: { Header: 'If-None-Match', additionalMessage } })
  }
  if (unwanted !== undefined) return { condition: { kind: 'absent' } }
  if (wanted === undefined) return { condition: undefined }
  return { condition: { kind: 'matches', etags: wanted, etagIsAt: ETAG_SYSMETA } }
}

/** A write that failed: `If-Match` where nothing is finds no key. */
export function unfulfilled(failure: StoreFailure, headers: HeaderMap, key: string): S3Error {
  if (failure.kind === 'etag_mismatch') return badBody(headers, failure)
  if (failure.kind !== 'precondition_failed') return storeError(failure, { Key: key })
  if (failure.there === 'absent') return s3Error('NoSuchKey', { extra: { Key: key } })
  const name = headers['if-match'] === undefined ? 'If-None-Match' : 'If-Match'
  return s3Error('PreconditionFailed', { extra: { Condition: name } })
}

/** Why the source of a copy could not be opened, as the client is told. */
import type { HeaderMap } from '#http/message.ts'
import type { CopySource, OpenedSource } from '#store/copy/copy-source.ts'
import { customerKeyProblem } from '../encryption/customer-key.ts'
import { type S3Error, s3Error } from '../error.ts'
import type { S3Visit } from '../operation.ts'
import { storeError } from '../store-errors.ts'
import type { NamedSource } from './copy-source.ts'
import { isMatchedToo, preconditionFailed } from './read-conditions.ts'

/** Conditions on the source have the usual names after this. */
export const SOURCE_PREFIX = 'x-amz-copy-source-'

/** Why there is no source, or not one that is wanted. */
export async function unopened(
  visit: S3Visit,
  source: NamedSource,
  opened: Exclude<OpenedSource, CopySource>,
  conditions: HeaderMap,
): Promise<S3Error> {
  const { headers } = visit.request
  if (opened.kind === 'source_too_large') {
    const limit = String(visit.deps.maxFileSizeBytes)
    const message = `The specified copy source is larger than the maximum allowable size for a copy source: ${limit}`
    return s3Error('InvalidRequest', { message })
  }
  if (opened.kind === 'not_modified') {
    if (!isMatchedToo(conditions, opened.headers)) return preconditionFailed(headers, SOURCE_PREFIX)
    return s3Error('PreconditionFailed', { extra: { Condition: unwanted(headers) } })
  }
  // `If-Match` where nothing is.
  const isMissing = opened.kind === 'precondition_failed' && opened.headers['etag'] === undefined
  if (opened.kind === 'no_such_object' && source.versionId !== undefined && opened.trail?.isDeleteMarker) {
    const message =
      'The source of a copy request may not specifically refer to a delete marker by version id.'
    return s3Error('InvalidRequest', { message })
  }
  if (isMissing || opened.kind === 'no_such_object') return await noSuchSource(visit, source)
  if (opened.kind === 'precondition_failed') return preconditionFailed(headers, SOURCE_PREFIX)
  if (opened.kind === 'customer_key') return customerKeyProblem(opened)
  return storeError(opened, { Key: source.name.object })
}

function unwanted(headers: HeaderMap): string {
  const name = headers[`${SOURCE_PREFIX}if-none-match`] === undefined ? 'if-modified-since' : 'if-none-match'
  return SOURCE_PREFIX + name
}

async function noSuchSource(visit: S3Visit, { bucket, name, versionId }: NamedSource): Promise<S3Error> {
  const asked = { action: 's3:ListBucket', bucket, key: undefined } as const
  const denied = await visit.deps.authorize(visit, asked)
  if (denied !== undefined) return denied
  const extra = { Key: name.object }
  return versionId === undefined
    ? s3Error('NoSuchKey', { extra })
    : s3Error('NoSuchVersion', { extra: { ...extra, VersionId: versionId } })
}

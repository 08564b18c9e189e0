/** The source of a copy: `x-amz-copy-source`, and whether the caller may read it. */
import type { ObjectName } from '#store/operation.ts'
import { checkExpectedOwner } from '../access/expected-owner.ts'
import { mayExist } from '../buckets/bucket-name.ts'
import { findBucket } from '../buckets/resolve-bucket.ts'
import { invalidArgument, isS3Error, type S3Error } from '../error.ts'
import type { Bucket, S3Visit } from '../operation.ts'
import { decodedName } from '../request.ts'
import { checkVersionId } from '../versions/version-asked.ts'

export interface NamedSource {
  readonly bucket: Bucket
  readonly name: ObjectName
  readonly versionId: string | undefined
}

interface Written {
  readonly bucket: string
  readonly key: string
  readonly versionId: string | undefined
}

export const COPY_SOURCE = 'x-amz-copy-source'

/** The object that the header names, looked up; `AccessDenied` when the caller may not read it. */
export async function copySourceOf(visit: S3Visit): Promise<NamedSource | S3Error> {
  const { deps, transaction, caller, request } = visit
  const header = request.headers[COPY_SOURCE] ?? ''
  const written = parseCopySource(header)
  if (typeof written === 'string')
    return invalidArgument(COPY_SOURCE, header, `Invalid copy source ${written}`)
  const noVersion = written.versionId === undefined ? undefined : checkVersionId(written.versionId)
  if (noVersion !== undefined) return noVersion
  const bucket = await findBucket(deps, transaction, written.bucket, caller)
  if (isS3Error(bucket)) return bucket
  const { key, versionId } = written
  const action = versionId === undefined ? 's3:GetObject' : 's3:GetObjectVersion'
  const expected = request.headers['x-amz-source-expected-bucket-owner']
  const denied =
    checkExpectedOwner(deps, bucket, expected) ??
    (await deps.authorize(visit, { action, bucket, key, versionId }))
  if (denied !== undefined) return denied
  return { bucket, name: { ...bucket.container, object: key }, versionId }
}

/**
 * `bucket/key`, perhaps after a slash, percent-encoded, perhaps with `?versionId=`; or what of it cannot be. A plus is a space,
 * as with AWS, for some encode paths as forms are.
 */
function parseCopySource(header: string): Written | 'bucket name' | 'object key' | 'encoding' {
  const question = header.indexOf('?versionId=')
  const encoded = question < 0 ? header : header.slice(0, question)
  const versionId = question < 0 ? undefined : header.slice(question + '?versionId='.length)
  const path = decodedName(encoded.replaceAll('+', '%20'))
  if (path === undefined) return 'encoding'
  const [, bucket = '', key = ''] = /^\/?([^/]*)(?:\/(.*))?$/s.exec(path) ?? []
  if (!mayExist(bucket)) return 'bucket name'
  return key === '' ? 'object key' : { bucket, key, versionId }
}

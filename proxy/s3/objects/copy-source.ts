/** The source of a copy: `x-amz-copy-source`, and whether the caller may read it. */
import { decodePercent } from '#base/names.ts'
import type { ObjectName } from '#store/contract.ts'
import { checkExpectedOwner } from '../access/expected-owner.ts'
import { findBucket } from '../buckets/resolve-bucket.ts'
import { invalidArgument, isS3Error, type S3Error } from '../error.ts'
import type { Bucket, S3Visit } from '../operation.ts'
import { versionAsked } from '../versions/version-asked.ts'

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
  if (written === undefined) {
    const message = 'Copy Source must mention the source bucket and key: sourcebucket/sourcekey'
    return invalidArgument(COPY_SOURCE, header, message)
  }
  const bucket = await findBucket(deps, transaction, written.bucket, caller)
  if (isS3Error(bucket)) return bucket
  const { key, versionId } = written
  const problem = versionId === undefined ? undefined : versionProblem(versionId)
  if (problem !== undefined) return problem
  const action = versionId === undefined ? 's3:GetObject' : 's3:GetObjectVersion'
  const expected = request.headers['x-amz-source-expected-bucket-owner']
  const denied =
    checkExpectedOwner(deps, bucket, expected) ??
    (await deps.authorize(visit, { action, bucket, key, versionId }))
  if (denied !== undefined) return denied
  return { bucket, name: { ...bucket.container, object: key }, versionId }
}

/** As of the parameter `versionId`. */
function versionProblem(versionId: string): S3Error | undefined {
  const asked = versionAsked(new Map([['versionId', versionId]]))
  return isS3Error(asked) ? asked : undefined
}

/** `bucket/key`, perhaps after a slash, percent-encoded, perhaps with `?versionId=`. */
export function parseCopySource(header: string): Written | undefined {
  const question = header.indexOf('?versionId=')
  const encoded = question < 0 ? header : header.slice(0, question)
  const version = question < 0 ? undefined : header.slice(question + '?versionId='.length)
  const versionId = version && (decodePercent(version) ?? version)
  const path = decodePercent(encoded)
  if (path === undefined || path.includes('\0')) return undefined
  const [, bucket, key] = /^\/?([^/]+)\/(.+)$/s.exec(path) ?? []
  return bucket === undefined || key === undefined ? undefined : { bucket, key, versionId }
}

/** HeadBucket and GetBucketLocation: whether a bucket is there, and where. */
import type { Response } from '#http/message.ts'
import type { S3Error } from '../error.ts'
import { bucketOf, type S3Deps, type S3Visit } from '../operation.ts'
import type { S3Request } from '../request.ts'
import { element, S3_NAMESPACE, xmlAnswer } from '../xml-writer.ts'
import { ARN_HEADER, bucketArn } from './bucket-name.ts'

/** The region whose buckets have no location: they were there before there were regions. */
export const FIRST_REGION = 'us-east-1'

export async function headBucket(visit: S3Visit): Promise<Response> {
  const headers = {
    [ARN_HEADER]: bucketArn(bucketOf(visit).name),
    'content-type': 'application/xml',
    'content-length': '0',
    'x-amz-bucket-region': visit.deps.options.region,
    'x-amz-access-point-alias': 'false',
  }
  return { status: 200, headers, body: undefined }
}

/**
 * Programs that signed for another region learn the right one from a refusal. HEAD has no XML that could name it, and
 * who may not enter the bucket is told where it is all the same.
 */
export function withRegion(deps: S3Deps, request: S3Request, error: S3Error): S3Error {
  const isElsewhere = error.extra['Region'] !== undefined
  const isClosed = error.code === 'AccessDenied' && request.method === 'HEAD' && request.key === undefined
  if (request.bucket === undefined || !(isElsewhere || isClosed)) return error
  return { ...error, headers: { ...error.headers, 'x-amz-bucket-region': deps.options.region } }
}

export async function getBucketLocation({ deps }: S3Visit): Promise<Response> {
  const { region } = deps.options
  const location = element('LocationConstraint', region === FIRST_REGION ? '' : region)
  const named = location.replace('>', ` xmlns="${S3_NAMESPACE}">`)
  return xmlAnswer(200, `<?xml version="1.0" encoding="UTF-8"?>\n${named}`)
}

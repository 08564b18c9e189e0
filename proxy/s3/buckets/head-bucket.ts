/** HeadBucket and GetBucketLocation: whether a bucket is there, and where. */
import type { Response } from '#http/message.ts'
import type { S3Visit } from '../operation.ts'
import { element, S3_NAMESPACE, xmlAnswer } from '../xml-writer.ts'

/** The region whose buckets have no location: they were there before there were regions. */
export const FIRST_REGION = 'us-east-1'

export async function headBucket({ deps }: S3Visit): Promise<Response> {
  const headers = {
    'content-type': 'application/xml',
    'content-length': '0',
    'x-amz-bucket-region': deps.options.region,
    'x-amz-access-point-alias': 'false',
  }
  return { status: 200, headers, body: undefined }
}

export async function getBucketLocation({ deps }: S3Visit): Promise<Response> {
  const { region } = deps.options
  const location = element('LocationConstraint', region === FIRST_REGION ? '' : region)
  const named = location.replace('>', ` xmlns="${S3_NAMESPACE}">`)
  return xmlAnswer(200, `<?xml version="1.0" encoding="UTF-8"?>\n${named}`)
}

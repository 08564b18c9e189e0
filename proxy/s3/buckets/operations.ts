/** The service and its buckets. */
import type { S3Operation } from '../operation.ts'
import { createBucket } from './create-bucket.ts'
import { deleteBucket } from './delete-bucket.ts'
import { getBucketLocation, headBucket } from './head-bucket.ts'
import { listBuckets } from './list-buckets.ts'

export const bucketOperations: readonly S3Operation[] = [
  {
    name: 'ListBuckets',
    method: 'GET',
    level: 'service',
    action: 's3:ListAllMyBuckets',
    run: listBuckets,
  },
  {
    name: 'CreateBucket',
    method: 'PUT',
    level: 'bucket',
    // Judged by the operation: not by a bucket of this name that somebody has.
    action: 'none',
    bucket: 'may_be_missing',
    run: createBucket,
  },
  { name: 'HeadBucket', method: 'HEAD', level: 'bucket', action: 's3:ListBucket', run: headBucket },
  { name: 'DeleteBucket', method: 'DELETE', level: 'bucket', action: 's3:DeleteBucket', run: deleteBucket },
  {
    name: 'GetBucketLocation',
    method: 'GET',
    level: 'bucket',
    query: 'location',
    action: 's3:GetBucketLocation',
    run: getBucketLocation,
  },
]

/** Objects one by one, and the listings of a bucket. */
import { listObjectsV1, listObjectsV2 } from '../listing/list-objects.ts'
import type { S3Operation } from '../operation.ts'
import { copyObject } from './copy-object.ts'
import { COPY_SOURCE } from './copy-source.ts'
import { deleteObject } from './delete-object.ts'
import { deleteObjects } from './delete-objects.ts'
import { getObject } from './get-object.ts'
import { getObjectAttributes } from './object-attributes.ts'
import { putObject } from './put-object.ts'

export const objectOperations: readonly S3Operation[] = [
  { name: 'ListObjects', method: 'GET', level: 'bucket', action: 's3:ListBucket', run: listObjectsV1 },
  {
    name: 'ListObjectsV2',
    method: 'GET',
    level: 'bucket',
    query: 'list-type',
    action: 's3:ListBucket',
    run: listObjectsV2,
  },
  {
    name: 'DeleteObjects',
    method: 'POST',
    level: 'bucket',
    query: 'delete',
    // Judged key by key.
    action: 'none',
    run: deleteObjects,
  },
  { name: 'PutObject', method: 'PUT', level: 'object', action: 's3:PutObject', run: putObject },
  {
    name: 'CopyObject',
    method: 'PUT',
    level: 'object',
    header: COPY_SOURCE,
    action: 's3:PutObject',
    run: copyObject,
  },
  { name: 'GetObject', method: 'GET', level: 'object', action: 's3:GetObject', run: getObject },
  { name: 'HeadObject', method: 'HEAD', level: 'object', action: 's3:GetObject', run: getObject },
  {
    name: 'GetObjectAttributes',
    method: 'GET',
    level: 'object',
    query: 'attributes',
    action: 's3:GetObjectAttributes',
    run: getObjectAttributes,
  },
  { name: 'DeleteObject', method: 'DELETE', level: 'object', action: 's3:DeleteObject', run: deleteObject },
]

/** Versions of objects: their configuration and their listing. */
import type { S3Operation } from '../operation.ts'
import { getBucketVersioning, putBucketVersioning } from './bucket-versioning.ts'
import { listObjectVersions } from './list-object-versions.ts'

export const versionOperations: readonly S3Operation[] = [
  {
    name: 'GetBucketVersioning',
    method: 'GET',
    level: 'bucket',
    query: 'versioning',
    action: 's3:GetBucketVersioning',
    run: getBucketVersioning,
  },
  {
    name: 'PutBucketVersioning',
    method: 'PUT',
    level: 'bucket',
    query: 'versioning',
    action: 's3:PutBucketVersioning',
    run: putBucketVersioning,
  },
  {
    name: 'ListObjectVersions',
    method: 'GET',
    level: 'bucket',
    query: 'versions',
    action: 's3:ListBucketVersions',
    run: listObjectVersions,
  },
]

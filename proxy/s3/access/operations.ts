/** Who may do what: access lists, policies, blocks of public access, ownership. */
import type { S3Operation } from '../operation.ts'
import { accessDocumentOperations } from './access-documents.ts'
import { getBucketAcl, putBucketAcl } from './bucket-acl.ts'
import {
  deleteBucketPolicy,
  getBucketPolicy,
  getBucketPolicyStatus,
  putBucketPolicy,
} from './bucket-policy.ts'
import { getObjectAcl, putObjectAcl } from './object-acl.ts'

const ofBucketAcl = { level: 'bucket', query: 'acl' } as const
const ofObjectAcl = { level: 'object', query: 'acl' } as const
const ofPolicy = { level: 'bucket', query: 'policy' } as const

export const accessOperations: readonly S3Operation[] = [
  { name: 'GetBucketAcl', method: 'GET', ...ofBucketAcl, action: 's3:GetBucketAcl', run: getBucketAcl },
  { name: 'PutBucketAcl', method: 'PUT', ...ofBucketAcl, action: 's3:PutBucketAcl', run: putBucketAcl },
  { name: 'GetObjectAcl', method: 'GET', ...ofObjectAcl, action: 's3:GetObjectAcl', run: getObjectAcl },
  { name: 'PutObjectAcl', method: 'PUT', ...ofObjectAcl, action: 's3:PutObjectAcl', run: putObjectAcl },
  { name: 'GetBucketPolicy', method: 'GET', ...ofPolicy, action: 's3:GetBucketPolicy', run: getBucketPolicy },
  { name: 'PutBucketPolicy', method: 'PUT', ...ofPolicy, action: 's3:PutBucketPolicy', run: putBucketPolicy },
  {
    name: 'DeleteBucketPolicy',
    method: 'DELETE',
    ...ofPolicy,
    action: 's3:DeleteBucketPolicy',
    run: deleteBucketPolicy,
  },
  {
    name: 'GetBucketPolicyStatus',
    method: 'GET',
    level: 'bucket',
    query: 'policyStatus',
    action: 's3:GetBucketPolicyStatus',
    run: getBucketPolicyStatus,
  },
  ...accessDocumentOperations,
]

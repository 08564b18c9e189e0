/** Uploads in parts. */
import type { S3Operation } from '../operation.ts'
import { abortMultipartUpload } from './abort-multipart-upload.ts'
import { completeMultipartUpload } from './complete-multipart-upload.ts'
import { createMultipartUpload } from './create-multipart-upload.ts'
import { listMultipartUploads } from './list-multipart-uploads.ts'
import { listParts } from './list-parts.ts'
import { uploadPart } from './upload-part.ts'
import { uploadPartCopy } from './upload-part-copy.ts'

export const multipartOperations: readonly S3Operation[] = [
  {
    name: 'CreateMultipartUpload',
    method: 'POST',
    level: 'object',
    query: 'uploads',
    action: 's3:PutObject',
    run: createMultipartUpload,
  },
  {
    name: 'UploadPart',
    method: 'PUT',
    level: 'object',
    query: 'uploadId',
    action: 's3:PutObject',
    run: uploadPart,
  },
  {
    name: 'UploadPartCopy',
    method: 'PUT',
    level: 'object',
    query: 'uploadId',
    header: 'x-amz-copy-source',
    action: 's3:PutObject',
    run: uploadPartCopy,
  },
  {
    name: 'ListParts',
    method: 'GET',
    level: 'object',
    query: 'uploadId',
    // Judged by the operation: who began it may.
    action: 'none',
    run: listParts,
  },
  {
    name: 'CompleteMultipartUpload',
    method: 'POST',
    level: 'object',
    query: 'uploadId',
    action: 's3:PutObject',
    run: completeMultipartUpload,
  },
  {
    name: 'AbortMultipartUpload',
    method: 'DELETE',
    level: 'object',
    query: 'uploadId',
    // Likewise.
    action: 'none',
    run: abortMultipartUpload,
  },
  {
    name: 'ListMultipartUploads',
    method: 'GET',
    level: 'bucket',
    query: 'uploads',
    action: 's3:ListBucketMultipartUploads',
    run: listMultipartUploads,
  },
]

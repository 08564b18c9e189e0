/** What buckets and objects are configured with: CORS, websites, lifecycles, tags, locks and the rest. */
import type { S3Operation } from '../operation.ts'
import { bucketDocumentOperations } from './bucket-documents.ts'
import { corsOperations } from './cors.ts'
import { identifiedDocumentOperations } from './identified-documents.ts'
import { objectLockOperations } from './object-lock.ts'
import { objectTaggingOperations } from './object-tagging.ts'

export const configOperations: readonly S3Operation[] = [
  ...bucketDocumentOperations,
  ...objectTaggingOperations,
  ...objectLockOperations,
  ...identifiedDocumentOperations,
  ...corsOperations,
]

/** What buckets and objects are configured with: CORS, websites, lifecycles, tags, locks and the rest. */
import type { S3Operation } from '../operation.ts'

export const configOperations: readonly S3Operation[] = []

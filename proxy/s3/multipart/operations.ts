/** Uploads in parts. */
import type { S3Operation } from '../operation.ts'

export const multipartOperations: readonly S3Operation[] = []

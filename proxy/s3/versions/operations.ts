/** Versions of objects: their configuration and their listing. */
import type { S3Operation } from '../operation.ts'

export const versionOperations: readonly S3Operation[] = []

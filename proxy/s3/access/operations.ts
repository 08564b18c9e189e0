/** Who may do what: access lists, policies, blocks of public access, ownership. */
import type { S3Operation } from '../operation.ts'

export const accessOperations: readonly S3Operation[] = []

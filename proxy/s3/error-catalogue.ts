/**
 * Every error code of the S3 API with its status and its usual message: `error-catalogue.json` is the only place where
 * S3's texts live. Codes and statuses: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, and the pages of
 * the operations for those that the list leaves out. `QuotaExceeded` and `InsufficientStorage` are ours.
 */
import catalogue from './error-catalogue.json' with { type: 'json' }

export type S3ErrorCode = keyof typeof catalogue

export interface UsualError {
  readonly status: number
  /** What the client is told unless the place where it went wrong knows better. */
  readonly message: string
}

export const S3_ERRORS: Readonly<Record<S3ErrorCode, UsualError>> = catalogue

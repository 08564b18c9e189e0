/**
 * What goes wrong at the S3 door is a value: operations return it, and one place (`error-answer.ts`) makes an answer of
 * it. It carries the fields that the code has in AWS's documents besides code and message.
 */
import { S3_ERRORS, type S3ErrorCode } from './error-catalogue.ts'

export interface S3Error {
  readonly kind: 's3_error'
  readonly code: S3ErrorCode
  readonly message: string
  readonly status: number
  /** Elements of the XML besides code, message, resource and ids, in their order: `BucketName`, `ArgumentValue`… */
  readonly extra: Readonly<Record<string, string>>
  /** Headers of the answer besides the usual ones; lower-case. */
  readonly headers: Readonly<Record<string, string>>
}

interface ErrorDetails {
  /** Instead of the usual message of the code. */
  readonly message?: string | undefined
  readonly extra?: Readonly<Record<string, string>> | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Where an operation documents another status than the list of codes. */
  readonly status?: number | undefined
}

const NOTHING: Readonly<Record<string, string>> = {}

/** An error of this code, with its usual status and message unless the details say otherwise. */
export function s3Error(code: S3ErrorCode, details: ErrorDetails = {}): S3Error {
  const usual = S3_ERRORS[code]
  return {
    kind: 's3_error',
    code,
    message: details.message ?? usual.message,
    status: details.status ?? usual.status,
    extra: details.extra ?? NOTHING,
    headers: details.headers ?? NOTHING,
  }
}

/** An argument of the request, a header or a parameter, that cannot be; AWS names it and its value. */
export function invalidArgument(name: string, value: string, message: string): S3Error {
  return s3Error('InvalidArgument', { message, extra: { ArgumentName: name, ArgumentValue: value } })
}

/** Whether an operation's result is an error. */
export function isS3Error(result: object | undefined): result is S3Error {
  return result !== undefined && 'kind' in result && result.kind === 's3_error'
}

/** What goes wrong at the security token service, in its own terms ("Common Errors", AWS STS API reference). */
import type { Refusal, RefusalCode } from '#auth/s3/refusal.ts'

const STATUSES = {
  AccessDenied: 403,
  ExpiredTokenException: 403,
  IncompleteSignature: 400,
  InternalFailure: 500,
  InvalidAction: 400,
  InvalidClientTokenId: 403,
  InvalidIdentityToken: 400,
  MalformedPolicyDocument: 400,
  MissingAction: 400,
  MissingAuthenticationToken: 403,
  PackedPolicyTooLarge: 400,
  RequestEntityTooLarge: 413,
  ServiceUnavailable: 503,
  SignatureDoesNotMatch: 403,
  ValidationError: 400,
} as const satisfies Readonly<Record<string, number>>

export type StsErrorCode = keyof typeof STATUSES

export interface StsError {
  readonly kind: 'sts_error'
  readonly code: StsErrorCode
  readonly message: string
  readonly status: number
}

export function stsError(code: StsErrorCode, message: string): StsError {
  return { kind: 'sts_error', code, message, status: STATUSES[code] }
}

const INVALID_TOKEN = 'The security token included in the request is invalid.'

/** What the refusal of a signature is called here; those that are left out are all of one kind. */
const CODES: Readonly<Partial<Record<RefusalCode, readonly [StsErrorCode, string?]>>> = {
  AccessDenied: ['AccessDenied'],
  ExpiredToken: ['ExpiredTokenException', 'The security token included in the request is expired'],
  InvalidAccessKeyId: ['InvalidClientTokenId', INVALID_TOKEN],
  InvalidToken: ['InvalidClientTokenId', INVALID_TOKEN],
  RequestTimeTooSkewed: [
    'SignatureDoesNotMatch',
    'Signature expired: the request was signed too long ago, or in the future.',
  ],
  ServiceUnavailable: ['ServiceUnavailable'],
  SignatureDoesNotMatch: [
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. ' +
      'Check your AWS Secret Access Key and signing method.',
  ],
}

export function stsErrorOf({ code, message }: Refusal): StsError {
  const [own, text] = CODES[code] ?? ['IncompleteSignature']
  return stsError(own ?? 'IncompleteSignature', text ?? message ?? 'The request could not be authenticated.')
}

/**
 * Why a signed request is not let in, in the terms of S3: a code of AWS's list, and where AWS says more than the code's
 * usual message, the message and the further elements of the error's XML. The door knows statuses and usual messages.
 */

export type RefusalCode =
  | 'AccessDenied'
  | 'AuthorizationHeaderMalformed'
  | 'AuthorizationQueryParametersError'
  | 'ExpiredToken'
  | 'InvalidAccessKeyId'
  | 'InvalidArgument'
  | 'InvalidPolicyDocument'
  | 'InvalidRequest'
  | 'InvalidToken'
  | 'MissingSecurityHeader'
  | 'NotImplemented'
  | 'RequestTimeTooSkewed'
  | 'ServiceUnavailable'
  | 'SignatureDoesNotMatch'

export interface Refusal {
  readonly kind: 'refused'
  readonly code: RefusalCode
  /** Instead of the usual message of the code. */
  readonly message?: string | undefined
  /** Elements of the XML besides code and message, in their order. */
  readonly extra?: Readonly<Record<string, string>> | undefined
}

export function refuse(
  code: RefusalCode,
  message?: string,
  extra?: Readonly<Record<string, string>>,
): Refusal {
  return { kind: 'refused', code, message, extra }
}

export function isRefused(result: object): result is Refusal {
  return 'kind' in result && result.kind === 'refused'
}

/** An argument that cannot be; AWS names it and its value. */
export function refuseArgument(name: string, value: string, message: string): Refusal {
  return refuse('InvalidArgument', message, { ArgumentName: name, ArgumentValue: value })
}

/**
 * The signature of an upload form ("Browser-Based Uploads Using POST"): what is signed is the field `policy` as it stands,
 * by Version 4 or, with `AWSAccessKeyId` and `signature`, by Version 2. A form with neither is anonymous.
 */
import { createHmac } from 'node:crypto'
import { sameInConstantTime } from '../request-signature.ts'
import { parseAmzDate } from './amz-date.ts'
import type { FormValues } from './post-policy.ts'
import { isRefused, type Refusal, refuse, refuseArgument } from './refusal.ts'
import { hexBytes } from './signed-request.ts'
import type { SigningKeys } from './signing-keys.ts'
import { v2Signature } from './v2.ts'
import { parseCredential, V4_ALGORITHM, type V4Place, type V4Scope } from './v4-claim.ts'

export interface FormClaim {
  readonly accessKey: string
  readonly signature: string
  readonly securityToken: string | undefined
  readonly policy: string
  /** Of Version 4. */
  readonly scope: V4Scope | undefined
}

/** What the fields claim; `undefined` when nobody signed the form. */
export function formClaim(fields: FormValues, place: V4Place): FormClaim | undefined | Refusal {
  const signature = fields.get('x-amz-signature')
  const oldKey = fields.get('awsaccesskeyid')
  const policy = fields.get('policy')
  if (signature === undefined && oldKey === undefined) {
    return policy === undefined ? undefined : missing('AWSAccessKeyId')
  }
  if (policy === undefined) return missing('policy')
  const securityToken = fields.get('x-amz-security-token')
  if (signature !== undefined) return v4Claim(fields, { signature, policy, securityToken }, place)
  const oldSignature = fields.get('signature')
  if (oldSignature === undefined || oldKey === undefined) return missing('signature')
  return { accessKey: oldKey, signature: oldSignature, securityToken, policy, scope: undefined }
}

function v4Claim(
  fields: FormValues,
  claim: Pick<FormClaim, 'signature' | 'policy' | 'securityToken'>,
  place: V4Place,
): FormClaim | Refusal {
  for (const field of ['x-amz-algorithm', 'x-amz-credential', 'x-amz-date']) {
    if (!fields.has(field)) return missing(field)
  }
  const algorithm = fields.get('x-amz-algorithm') ?? ''
  if (algorithm !== V4_ALGORITHM) {
    return refuseArgument('x-amz-algorithm', algorithm, `x-amz-algorithm only supports "${V4_ALGORITHM}"`)
  }
  const credential = parseCredential(fields.get('x-amz-credential') ?? '', place, 'query')
  if (isRefused(credential)) return credential
  const date = fields.get('x-amz-date') ?? ''
  if (parseAmzDate(date) === undefined || !date.startsWith(credential.scope.date)) {
    return refuseArgument('x-amz-date', date, 'x-amz-date must be that of the credential')
  }
  return { ...claim, ...credential }
}

function missing(field: string): Refusal {
  const message = `Bucket POST must contain a field named '${field}'.  If it is specified, please check the order of the fields.`
  return refuseArgument(field, '', message)
}

/** `undefined`: the form is the key holder's. */
export function checkForm(claim: FormClaim, secret: string, keys: SigningKeys): Refusal | undefined {
  const { policy, scope, signature, accessKey } = claim
  const expected =
    scope === undefined
      ? v2Signature(policy, secret)
      : createHmac('sha256', keys.find(secret, scope)).update(policy).digest('hex')
  if (sameInConstantTime(expected, signature)) return undefined
  return refuse('SignatureDoesNotMatch', undefined, {
    AWSAccessKeyId: accessKey,
    StringToSign: policy,
    SignatureProvided: signature,
    StringToSignBytes: hexBytes(policy),
  })
}

/** The parameters of an action, checked as the API reference of AWS STS has them. */
import { parsePolicy } from '#auth/s3/policy/bucket-policy.ts'
import { type StsError, stsError } from './sts-error.ts'

export type StsParameters = ReadonlyMap<string, string>

/** Longest session policy, characters (`Policy`). */
const POLICY_CHARACTERS_MAX = 2048
const LEAST_LIFE_SECONDS = 900

/** The life of credentials, seconds. */
export function durationIn(
  parameters: StsParameters,
  { usual, most }: { readonly usual: number; readonly most: number },
): number | StsError {
  const written = parameters.get('DurationSeconds')
  if (written === undefined) return usual
  const seconds = /^\d{1,9}$/.test(written) ? Number(written) : Number.NaN
  if (seconds >= LEAST_LIFE_SECONDS && seconds <= most) return seconds
  return invalid(
    'durationSeconds',
    written,
    `Member must have value between ${LEAST_LIFE_SECONDS} and ${most}`,
  )
}

/** A parameter that must be there and look like this. */
export function textIn(parameters: StsParameters, name: string, form: RegExp): string | StsError {
  const value = parameters.get(name) ?? ''
  if (form.test(value)) return value
  const member = name.charAt(0).toLowerCase() + name.slice(1)
  return invalid(member, value, `Member must satisfy regular expression pattern: ${form.source}`)
}

/** The policy that limits the session; `undefined` when none is given. */
export function policyIn(parameters: StsParameters): { readonly policy: string | undefined } | StsError {
  for (const name of parameters.keys()) {
    if (name.startsWith('PolicyArns.')) {
      return stsError('ValidationError', 'There are no managed policies here; give the session a Policy.')
    }
  }
  const policy = parameters.get('Policy')
  if (policy === undefined) return { policy: undefined }
  if (policy.length > POLICY_CHARACTERS_MAX) {
    return invalid('policy', '…', `Member must have length less than or equal to ${POLICY_CHARACTERS_MAX}`)
  }
  const parsed = parsePolicy(policy, { kind: 'session' })
  return parsed.kind === 'policy' ? { policy } : stsError('MalformedPolicyDocument', parsed.message)
}

function invalid(member: string, value: string, constraint: string): StsError {
  const where = `Value '${value}' at '${member}' failed to satisfy constraint`
  return stsError('ValidationError', `1 validation error detected: ${where}: ${constraint}`)
}

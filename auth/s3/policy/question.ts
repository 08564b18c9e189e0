/** What a policy is asked: who wants to do what to what, and the circumstances. */
import type { AssumedRole } from '../../roles.ts'
import type { S3Action } from '../actions.ts'

/** Who asks, in the words of policies. */
export interface PolicyCaller {
  /** Canonical user id, which is the user's name (`test:tester`); `undefined` when nobody is known to ask. */
  readonly id: string | undefined
  /** All names of the caller's account: tenant (`test`), and with reseller prefix (`AUTH_test`). Empty for nobody. */
  readonly accounts: readonly string[]
  /** The part of the id after the tenant. */
  readonly name: string | undefined
  /** The role that they have taken on; then they have no name. */
  readonly role?: AssumedRole | undefined
  /** Nobody who asks, but the cluster itself for somebody's bucket. */
  readonly service?: ServiceCaller | undefined
}

/** What delivers access logs, by the name that policies know it by. */
export const LOG_DELIVERY_SERVICE = 'logging.s3.amazonaws.com'

export interface ServiceCaller {
  /** `logging.s3.amazonaws.com`. */
  readonly name: string
  /** For whose sake: the bucket that it works for, and the tenant that this belongs to. */
  readonly source: { readonly arn: string; readonly account: string }
}

/**
 * The values of a condition key, by its name in lower case (`aws:sourceip`); `undefined` when the request has none. Most
 * keys have one value; those of sets (`s3:requestobjecttagkeys`) any number.
 */
export type ConditionValues = (key: string) => readonly string[] | undefined

export interface PolicyQuestion {
  readonly caller: PolicyCaller
  readonly action: S3Action
  /** `arn:aws:s3:::<bucket>` or `arn:aws:s3:::<bucket>/<key>`. */
  readonly resource: string
  readonly values: ConditionValues
}

/** `arn:aws:iam::test:user/tester`; of who has taken on a role, the role's; of nobody `undefined`. */
export function callerArn({ id, accounts, name, role }: PolicyCaller): string | undefined {
  const account = accounts[0]
  if (account === undefined) return undefined
  if (role !== undefined) return `arn:aws:iam::${account}:role/${role.name}`
  return id === undefined || name === undefined
    ? `arn:aws:iam::${account}:root`
    : `arn:aws:iam::${account}:user/${name}`
}

export function resourceArn(bucket: string, key: string | undefined): string {
  return key === undefined ? `arn:aws:s3:::${bucket}` : `arn:aws:s3:::${bucket}/${key}`
}

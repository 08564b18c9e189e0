/**
 * Whether a policy opens a bucket to the public (Amazon S3 User Guide, "Blocking public access: The meaning of public"):
 * it allows something to everyone, and no condition narrows everyone down to a fixed set.
 */
import type { BucketPolicy, Statement } from './bucket-policy.ts'
import type { Condition } from './conditions.ts'

/** Keys whose fixed values name somebody; lower case. */
const NARROWING_KEYS: ReadonlySet<string> = new Set([
  'aws:principalaccount',
  'aws:principalarn',
  'aws:principalorgid',
  'aws:sourceaccount',
  'aws:sourcearn',
  'aws:sourceowner',
  'aws:sourcevpc',
  'aws:sourcevpce',
  'aws:userid',
  'aws:username',
  's3:dataaccesspointaccount',
  's3:dataaccesspointarn',
  's3:x-amz-server-side-encryption-aws-kms-key-id',
])

const NARROWING_OPERATORS: ReadonlySet<string> = new Set([
  'stringequals',
  'stringequalsignorecase',
  'stringlike',
  'arnequals',
  'arnlike',
])

/** A range of addresses that holds more than this is as good as everyone: bits of the prefix. */
const PREFIX_BITS_MIN = { v4: 8, v6: 32 } as const

export function isPublicPolicy({ statements }: BucketPolicy): boolean {
  return statements.some((statement) => isPublic(statement))
}

function isPublic({ effect, principals, conditions }: Statement): boolean {
  if (effect !== 'Allow') return false
  const isForEveryone = principals.of === 'all_but' || principals.items.some(({ kind }) => kind === 'anyone')
  return isForEveryone && !conditions.some((condition) => narrows(condition))
}

function narrows({ operator, key, wanted, missing }: Condition): boolean {
  // A condition that a request fulfils by leaving the key out narrows nothing.
  if (missing === 'holds') return false
  if (key === 'aws:sourceip') return operator === 'ipaddress' && wanted.every((range) => isNarrow(range))
  if (!NARROWING_KEYS.has(key) || !NARROWING_OPERATORS.has(operator)) return false
  return wanted.every((value) => !/[*?]|\$\{/.test(value))
}

function isNarrow(range: string): boolean {
  const [address = '', length] = range.split('/')
  if (length === undefined) return true
  const bitsMin = address.includes(':') ? PREFIX_BITS_MIN.v6 : PREFIX_BITS_MIN.v4
  return Number(length) >= bitsMin
}

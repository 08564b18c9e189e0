/**
 * The policy that whoever hands out an upload form signs ("POST Policy"): what the fields of the form must be, how long
 * the file, and until when. It is text that a client chose until its signature was verified; reading it is linear and never throws.
 */
import { isoSeconds } from './amz-date.ts'
import { isRefused, type Refusal, refuse } from './refusal.ts'

export interface PostPolicy {
  readonly expiresMs: number
  readonly conditions: readonly FieldCondition[]
  /** Of the file, bytes; every bound that is given must hold. */
  readonly sizes: readonly SizeRange[]
}

export interface SizeRange {
  readonly leastBytes: number
  readonly mostBytes: number
}

interface FieldCondition {
  readonly kind: 'eq' | 'starts-with'
  /** Lower-case. */
  readonly field: string
  readonly value: string
  /** As it is told when it fails. */
  readonly written: string
}

/** Fields by lower-case name, variables in them replaced; `bucket` is that of the address. */
export type FormValues = ReadonlyMap<string, string>

function invalid(problem: string): Refusal {
  return refuse('InvalidPolicyDocument', `Invalid Policy: ${problem}`)
}

/** Reads the field `policy`: JSON in base64. */
export function parsePostPolicy(base64: string): PostPolicy | Refusal {
  const document = objectIn(Buffer.from(base64, 'base64').toString('utf8'))
  if (document === undefined) return invalid('Invalid JSON.')
  const expiration = document['expiration']
  const conditions = document['conditions']
  if (typeof expiration !== 'string') return invalid('Policy missing expiration.')
  if (!Array.isArray(conditions)) return invalid('Policy missing conditions.')
  const expiresMs = expiryOf(expiration)
  if (expiresMs === undefined) return invalid(`Invalid 'expiration' value: '${expiration}'`)
  const fields: FieldCondition[] = []
  const sizes: SizeRange[] = []
  for (const written of conditions as readonly unknown[]) {
    const condition = conditionOf(written)
    if (isRefused(condition)) return condition
    if ('mostBytes' in condition) sizes.push(condition)
    else fields.push(condition)
  }
  return { expiresMs, conditions: fields, sizes }
}

const EXPIRATION = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)$/

function expiryOf(written: string): number | undefined {
  const timeMs = EXPIRATION.test(written) ? Date.parse(written) : Number.NaN
  return Number.isNaN(timeMs) ? undefined : timeMs
}

const ONE_PROPERTY = 'Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.'

function conditionOf(written: unknown): FieldCondition | SizeRange | Refusal {
  if (Array.isArray(written)) return listedCondition(written as readonly unknown[])
  if (typeof written !== 'object' || written === null)
    return invalid('Invalid condition: it is no object or list.')
  const entries = Object.entries(written)
  const [only] = entries
  if (only === undefined || entries.length > 1) return invalid(ONE_PROPERTY)
  const [field, value] = only as [string, unknown]
  if (typeof value !== 'string') return invalid('Invalid Simple-Condition: value must be a string.')
  return fieldCondition('eq', field, value)
}

function listedCondition([operator, second, third, ...more]: readonly unknown[]):
  | FieldCondition
  | SizeRange
  | Refusal {
  if (typeof operator !== 'string' || third === undefined || more.length > 0) {
    return invalid('Invalid condition: a list has an operator and two arguments.')
  }
  const kind = operator.toLowerCase()
  if (kind === 'content-length-range') return sizeRange(second, third)
  if (kind !== 'eq' && kind !== 'starts-with')
    return invalid(`Invalid condition: unknown operator '${operator}'.`)
  if (typeof second !== 'string' || typeof third !== 'string' || !second.startsWith('$')) {
    return invalid(`Invalid condition: '${kind}' takes a field, which begins with $, and a text.`)
  }
  return fieldCondition(kind, second.slice(1), third)
}

function fieldCondition(kind: FieldCondition['kind'], field: string, value: string): FieldCondition {
  return { kind, field: field.toLowerCase(), value, written: JSON.stringify([kind, `$${field}`, value]) }
}

function sizeRange(least: unknown, most: unknown): SizeRange | Refusal {
  const [leastBytes, mostBytes] = [wholeNumber(least), wholeNumber(most)]
  if (leastBytes === undefined || mostBytes === undefined || leastBytes > mostBytes) {
    return invalid('Invalid content-length-range: it takes two numbers, the smaller one first.')
  }
  return { leastBytes, mostBytes }
}

function wholeNumber(written: unknown): number | undefined {
  const text = typeof written === 'number' ? String(written) : written
  return typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
    return isObject ? (parsed as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** Fields that are the policy, its signature, or the file, and so need no condition; the bucket does. */
const WITHOUT_CONDITION: ReadonlySet<string> = new Set([
  'awsaccesskeyid',
  'file',
  'policy',
  'signature',
  'x-amz-signature',
])

function broken(problem: string): Refusal {
  return refuse('AccessDenied', `Invalid according to Policy: ${problem}`)
}

/** The refusal of a form that is not what the policy says, or `undefined`. */
export function checkPolicy(policy: PostPolicy, values: FormValues, nowMs: number): Refusal | undefined {
  if (policy.expiresMs <= nowMs) return broken(`Policy expired at ${isoSeconds(policy.expiresMs)}.`)
  for (const condition of policy.conditions) {
    if (!holds(condition, values.get(condition.field) ?? '')) {
      return broken(`Policy Condition failed: ${condition.written}`)
    }
  }
  const named = new Set(policy.conditions.map(({ field }) => field))
  for (const field of values.keys()) {
    const needsNone = WITHOUT_CONDITION.has(field) || field.startsWith('x-ignore-')
    if (!needsNone && !named.has(field)) return broken(`Extra input fields: ${field}`)
  }
  return undefined
}

function holds({ kind, field, value }: FieldCondition, given: string): boolean {
  if (kind === 'eq') return given === value
  // A list of types is allowed if each of them is.
  const each = field === 'content-type' ? given.split(',').map((one) => one.trim()) : [given]
  return each.every((one) => one.startsWith(value))
}

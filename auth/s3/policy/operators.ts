/**
 * The operators of conditions (IAM User Guide, "IAM JSON policy elements: Condition operators"): each compares one value
 * of the request with one value of the policy. Negations, sets and what a missing key means are in `conditions.ts`.
 */
import { isInIpRange } from '../../ip-range.ts'
import type { ConditionValues } from './question.ts'
import { compileText, type VariablesOf } from './text-pattern.ts'
import { compilePattern, matchesPattern } from './wildcard.ts'

/** Whether a value of the request is what the policy asks for. */
export type Comparison = (given: string, values: ConditionValues) => boolean

export interface Operator {
  /** `undefined` when the policy's value is not one of the operator's kind. */
  readonly compile: (wanted: string, variables: VariablesOf) => Comparison | undefined
  /** `negative`: holds when no value of the policy compares. */
  readonly sense: 'positive' | 'negative'
}

type Compile = Operator['compile']

const positive = (compile: Compile): Operator => ({ compile, sense: 'positive' })
const negative = (compile: Compile): Operator => ({ compile, sense: 'negative' })

/** By name, lower case; `null` is not among them. */
export const OPERATORS: ReadonlyMap<string, Operator> = new Map([
  ['stringequals', positive(equalText)],
  ['stringnotequals', negative(equalText)],
  ['stringequalsignorecase', positive(equalIgnoringCase)],
  ['stringnotequalsignorecase', negative(equalIgnoringCase)],
  ['stringlike', positive(likeText)],
  ['stringnotlike', negative(likeText)],
  ['numericequals', positive(ordered(parseNumber, (difference) => difference === 0))],
  ['numericnotequals', negative(ordered(parseNumber, (difference) => difference === 0))],
  ['numericlessthan', positive(ordered(parseNumber, (difference) => difference < 0))],
  ['numericlessthanequals', positive(ordered(parseNumber, (difference) => difference <= 0))],
  ['numericgreaterthan', positive(ordered(parseNumber, (difference) => difference > 0))],
  ['numericgreaterthanequals', positive(ordered(parseNumber, (difference) => difference >= 0))],
  ['dateequals', positive(ordered(parseDate, (difference) => difference === 0))],
  ['datenotequals', negative(ordered(parseDate, (difference) => difference === 0))],
  ['datelessthan', positive(ordered(parseDate, (difference) => difference < 0))],
  ['datelessthanequals', positive(ordered(parseDate, (difference) => difference <= 0))],
  ['dategreaterthan', positive(ordered(parseDate, (difference) => difference > 0))],
  ['dategreaterthanequals', positive(ordered(parseDate, (difference) => difference >= 0))],
  ['bool', positive(equalTruth)],
  ['binaryequals', positive(equalBytes)],
  ['ipaddress', positive(inRange)],
  ['notipaddress', negative(inRange)],
  ['arnequals', positive(likeArn)],
  ['arnlike', positive(likeArn)],
  ['arnnotequals', negative(likeArn)],
  ['arnnotlike', negative(likeArn)],
])

function equalText(wanted: string, variables: VariablesOf): Comparison | undefined {
  const text = compileText(wanted, variables)
  return text && ((given, values) => text(values)?.text === given)
}

function equalIgnoringCase(wanted: string, variables: VariablesOf): Comparison | undefined {
  const text = compileText(wanted, variables)
  return text && ((given, values) => text(values)?.text.toLowerCase() === given.toLowerCase())
}

function likeText(wanted: string, variables: VariablesOf): Comparison | undefined {
  const text = compileText(wanted, variables)
  if (text === undefined) return undefined
  return (given, values) => {
    const filled = text(values)
    return filled !== undefined && matchesPattern(filled.pattern, given)
  }
}

function ordered(
  parse: (text: string) => number | undefined,
  accepts: (difference: number) => boolean,
): Compile {
  return (wanted) => {
    const limit = parse(wanted)
    if (limit === undefined) return undefined
    return (given) => {
      const value = parse(given)
      return value !== undefined && accepts(value - limit)
    }
  }
}

function parseNumber(text: string): number | undefined {
  return /^[+-]?\d{1,18}(?:\.\d{1,18})?$/.test(text.trim()) ? Number(text) : undefined
}

/** W3C dates (`2026-11-21T19:00:00Z`, `2026-11-21`) and seconds since 1970; as milliseconds since 1970. */
function parseDate(text: string): number | undefined {
  if (/^\d{5,12}(?:\.\d{1,9})?$/.test(text)) return Number(text) * 1000
  if (!/^\d{4}(?:-\d\d(?:-\d\d(?:T[\d:.]{4,18}(?:Z|[+-]\d\d:\d\d))?)?)?$/.test(text)) return undefined
  const milliseconds = Date.parse(text)
  return Number.isNaN(milliseconds) ? undefined : milliseconds
}

function equalTruth(wanted: string): Comparison | undefined {
  const truth = wanted.toLowerCase()
  return truth === 'true' || truth === 'false' ? (given) => given.toLowerCase() === truth : undefined
}

function equalBytes(wanted: string): Comparison | undefined {
  const isBase64 = /^[A-Za-z0-9+/]*={0,2}$/.test(wanted)
  return isBase64 ? (given) => Buffer.from(given, 'base64').equals(Buffer.from(wanted, 'base64')) : undefined
}

function inRange(wanted: string): Comparison | undefined {
  const network = wanted.split('/')[0] ?? ''
  // A network is in itself, if it is one. Host bits behind the prefix are let pass, as Amazon does.
  if (!isInIpRange(network, network)) return undefined
  const range = withoutHostBits(wanted)
  return range === undefined ? undefined : (given) => isInIpRange(given, range)
}

/** `192.0.2.7/24` as `192.0.2.0/24`; `undefined` when it is no range. */
function withoutHostBits(range: string): string | undefined {
  const [address = '', length] = range.split('/')
  if (length === undefined || isInIpRange(address, range)) return range
  if (!/^\d{1,2}$/.test(length) || Number(length) > IPV4_BITS || !address.includes('.')) return undefined
  const bits = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  const step = 2 ** (IPV4_BITS - Number(length))
  const base = Math.floor(bits / step) * step
  const parts = [24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256)
  return `${parts.join('.')}/${length}`
}

const IPV4_BITS = 32
const ARN_PARTS = 6

/** Each of the six parts of an ARN by itself, so that a star does not reach over a colon. */
function likeArn(wanted: string, variables: VariablesOf): Comparison | undefined {
  const text = compileText(wanted, variables)
  if (text === undefined) return undefined
  return (given, values) => {
    const filled = text(values)
    if (filled === undefined) return false
    const patterns = arnParts(filled.marked)
    const parts = arnParts(given)
    if (patterns.length !== ARN_PARTS || parts.length !== ARN_PARTS) return filled.text === given
    return patterns.every((pattern, index) => matchesPattern(compilePattern(pattern), parts[index] ?? ''))
  }
}

function arnParts(arn: string): readonly string[] {
  const parts = arn.split(':')
  return parts.length <= ARN_PARTS
    ? parts
    : [...parts.slice(0, ARN_PARTS - 1), parts.slice(ARN_PARTS - 1).join(':')]
}

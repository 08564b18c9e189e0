/**
 * The `Condition` of a statement: every operator and every key in it must hold (IAM User Guide, "Condition policy
 * element"). Of several values in the policy one is enough, for negated operators none may match. A key that the request
 * lacks fails a positive operator and fulfils a negated one, `…IfExists`, `ForAllValues:` and `Null`.
 */
import { isConditionKey } from './condition-keys.ts'
import { type Comparison, OPERATORS, type Operator } from './operators.ts'
import type { ConditionValues } from './question.ts'
import type { VariablesOf } from './text-pattern.ts'

export interface Condition {
  /** Lower case, as `stringequals`, without set and `IfExists`. */
  readonly operator: string
  /** Lower case. */
  readonly key: string
  /** As the policy has them. */
  readonly wanted: readonly string[]
  /** What a request comes to that lacks the key. */
  readonly missing: 'holds' | 'as_operator'
  readonly holds: (values: ConditionValues) => boolean
}

export type ParsedConditions =
  | { readonly kind: 'conditions'; readonly conditions: readonly Condition[] }
  /** `message` is Amazon's. */
  | { readonly kind: 'malformed'; readonly message: string; readonly detail?: string | undefined }

const SETS = { 'forallvalues:': 'all', 'foranyvalue:': 'any' } as const
const IF_EXISTS = 'ifexists'

type SetQualifier = 'all' | 'any' | 'none'

interface OperatorName {
  readonly name: string
  readonly set: SetQualifier
  readonly missing: Condition['missing']
}

export function parseConditions(written: unknown, variables: VariablesOf): ParsedConditions {
  const blocks = membersOf(written)
  if (blocks === undefined) return malformed('Invalid policy syntax.')
  const conditions: Condition[] = []
  for (const [operator, keys] of blocks) {
    const members = membersOf(keys)
    if (members === undefined) return malformed('Invalid policy syntax.')
    for (const [key, wanted] of members) {
      const parsed = parseCondition(operator, key, wanted, variables)
      if ('kind' in parsed) return parsed
      conditions.push(parsed)
    }
  }
  return { kind: 'conditions', conditions }
}

function membersOf(value: unknown): readonly (readonly [string, unknown])[] | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return Object.entries(value)
}

type Malformed = Extract<ParsedConditions, { readonly kind: 'malformed' }>

function malformed(message: string, detail?: string): Malformed {
  return { kind: 'malformed', message, detail }
}

function parseCondition(
  operator: string,
  writtenKey: string,
  writtenValues: unknown,
  variables: VariablesOf,
): Condition | Malformed {
  const { name, set, missing } = operatorName(operator)
  const key = writtenKey.toLowerCase()
  const known = OPERATORS.get(name)
  // There is no `NullIfExists`.
  const isNull = name === 'null' && missing === 'as_operator'
  if (known === undefined && !isNull) return malformed(`Invalid Condition type : ${operator}`)
  if (!isConditionKey(key)) return malformed('Policy has an invalid condition key', writtenKey)
  const wanted = textsOf(writtenValues)
  if (wanted === undefined) return malformed('Invalid policy syntax.')
  const holds =
    known === undefined ? absence(key, wanted) : compile(known, { key, wanted, set, missing, variables })
  if (holds === undefined) return malformed('Policy has an invalid value in a condition', writtenKey)
  return { operator: name, key, wanted, missing: set === 'all' ? 'holds' : missing, holds }
}

function operatorName(written: string): OperatorName {
  let name = written.toLowerCase()
  let set: SetQualifier = 'none'
  for (const [prefix, qualifier] of Object.entries(SETS)) {
    if (!name.startsWith(prefix)) continue
    name = name.slice(prefix.length)
    set = qualifier
  }
  if (!name.endsWith(IF_EXISTS)) return { name, set, missing: 'as_operator' }
  return { name: name.slice(0, -IF_EXISTS.length), set, missing: 'holds' }
}

/** Strings, numbers and booleans, one or a list. */
function textsOf(written: unknown): readonly string[] | undefined {
  const listed: readonly unknown[] = Array.isArray(written) ? written : [written]
  const texts = listed.map((value) => {
    const isText = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    return isText ? String(value) : undefined
  })
  return texts.every((text) => text !== undefined) ? texts : undefined
}

/** `Null`: `true` wants the key to be missing, `false` wants it there. */
function absence(key: string, wanted: readonly string[]): Condition['holds'] | undefined {
  const wishes: readonly string[] = wanted.map((value) => value.toLowerCase())
  if (wishes.some((value) => value !== 'true' && value !== 'false')) return undefined
  return (values) => wishes.includes(String(isMissing(values(key))))
}

function isMissing(given: readonly string[] | undefined): boolean {
  return given === undefined || given.length === 0
}

interface Compiled {
  readonly key: string
  readonly wanted: readonly string[]
  readonly set: SetQualifier
  readonly missing: Condition['missing']
  readonly variables: VariablesOf
}

function compile(operator: Operator, condition: Compiled): Condition['holds'] | undefined {
  const { key, wanted, set, missing, variables } = condition
  const comparisons = wanted.map((value) => operator.compile(value, variables))
  if (!comparisons.every((comparison) => comparison !== undefined)) return undefined
  const isNegative = operator.sense === 'negative'
  const fits = (value: string, values: ConditionValues): boolean =>
    comparesWithSome(comparisons, value, values) !== isNegative
  return (values) => {
    const given = values(key)
    if (given === undefined || given.length === 0) {
      return missing === 'holds' || set === 'all' || (isNegative && set === 'none')
    }
    // Without a set qualifier, one of several values is enough; for a negated operator it takes all.
    const takesAll = set === 'all' || (set === 'none' && isNegative)
    return takesAll ? given.every((value) => fits(value, values)) : given.some((value) => fits(value, values))
  }
}

function comparesWithSome(
  comparisons: readonly Comparison[],
  value: string,
  values: ConditionValues,
): boolean {
  return comparisons.some((comparison) => comparison(value, values))
}

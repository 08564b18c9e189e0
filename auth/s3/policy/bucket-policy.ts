/**
 * Bucket policies: the document that a client sends, checked and compiled. What is refused is refused with Amazon's
 * message, which clients show to people; nothing is stored that could not be evaluated.
 *
 * The size is limited before anything is parsed, and every pattern is compiled once (`wildcard.ts`).
 */
import { POLICY_ACTIONS } from '../actions.ts'
import { type Condition, parseConditions } from './conditions.ts'
import { type PrincipalPattern, parsePrincipals } from './principals.ts'
import { compileText, type PolicyText, type VariablesOf } from './text-pattern.ts'
import { compilePattern, matchesPattern, type Pattern } from './wildcard.ts'

/** 20 KB (Amazon S3 User Guide, "Bucket policies"). */
export const POLICY_BYTES_MAX = 20 * 1024

/** `but`: all except these (`NotPrincipal`, `NotAction`, `NotResource`). */
export interface Selection<Item> {
  readonly of: 'these' | 'all_but'
  readonly items: readonly Item[]
}

export interface Statement {
  readonly sid: string | undefined
  readonly effect: 'Allow' | 'Deny'
  readonly principals: Selection<PrincipalPattern>
  /** Patterns of lower-case action names. */
  readonly actions: Selection<Pattern>
  readonly resources: Selection<PolicyText>
  readonly conditions: readonly Condition[]
}

export interface BucketPolicy {
  readonly statements: readonly Statement[]
  /** Whether the tags of the object that is asked for may matter (`s3:ExistingObjectTag/…`). */
  readonly objectTags: 'matter' | 'unasked'
}

export type ParsedPolicy =
  | { readonly kind: 'policy'; readonly policy: BucketPolicy }
  /** `message` is Amazon's; `detail` names what was not understood. */
  | { readonly kind: 'malformed'; readonly message: string; readonly detail?: string | undefined }

type Malformed = Extract<ParsedPolicy, { readonly kind: 'malformed' }>
type Members = Readonly<Record<string, unknown>>

const VERSIONS: ReadonlyMap<unknown, VariablesOf> = new Map([
  ['2012-10-17', 'resolved'],
  ['2008-10-17', 'plain'],
])
const DOCUMENT_FIELDS: readonly string[] = ['Version', 'Id', 'Statement']
const STATEMENT_FIELDS: readonly string[] = [
  'Sid',
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
]

/** Whose policy is read: a bucket's, whose resources must lie in it, or a session's, which names no principals. */
export type PolicyScope = { readonly kind: 'bucket'; readonly bucket: string } | { readonly kind: 'session' }

/** Reads the policy of a bucket. Never throws. */
export function parseBucketPolicy(text: string, bucket: string): ParsedPolicy {
  return parsePolicy(text, { kind: 'bucket', bucket })
}

/** Reads a policy of either scope. Never throws. */
export function parsePolicy(text: string, scope: PolicyScope): ParsedPolicy {
  if (Buffer.byteLength(text) > POLICY_BYTES_MAX) {
    return malformed('Policy exceeds the maximum allowed document size.')
  }
  if (!text.startsWith('{')) {
    return malformed("Policies must be valid JSON and the first byte must be '{'")
  }
  const document = parseJson(text)
  if (document === undefined) return malformed('This policy contains invalid Json')
  const objectTags = text.toLowerCase().includes('s3:existingobjecttag/') ? 'matter' : 'unasked'
  const parsed = parseDocument(document, scope)
  return 'message' in parsed ? parsed : { kind: 'policy', policy: { statements: parsed, objectTags } }
}

function malformed(message: string, detail?: string): Malformed {
  return { kind: 'malformed', message, detail }
}

function parseJson(text: string): Members | undefined {
  try {
    return JSON.parse(text) as Members
  } catch {
    return undefined
  }
}

function parseDocument(document: Members, scope: PolicyScope): readonly Statement[] | Malformed {
  const unknown = Object.keys(document).find((field) => !DOCUMENT_FIELDS.includes(field))
  if (unknown !== undefined) return malformed(`Unknown field ${unknown}`)
  const variables = VERSIONS.get(document['Version'] ?? '2008-10-17')
  if (variables === undefined) return malformed('The policy must contain a valid version string')
  const { Statement: written } = document
  if (written === undefined) return malformed('Missing required field Statement')
  const listed: readonly unknown[] = Array.isArray(written) ? written : [written]
  if (listed.length === 0) return malformed('Could not parse the policy: Statement is empty!')
  return parseStatements(listed, { scope, variables })
}

interface Reading {
  readonly scope: PolicyScope
  readonly variables: VariablesOf
}

function parseStatements(listed: readonly unknown[], reading: Reading): readonly Statement[] | Malformed {
  const statements: Statement[] = []
  for (const item of listed) {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) {
      return malformed('Invalid policy syntax.')
    }
    const statement = parseStatement(item as Members, reading)
    if ('kind' in statement) return statement
    if (statement.sid !== undefined && statements.some(({ sid }) => sid === statement.sid)) {
      return malformed('Statement IDs (SID) in a single policy must be unique.', statement.sid)
    }
    statements.push(statement)
  }
  return statements
}

function parseStatement(members: Members, reading: Reading): Statement | Malformed {
  const unknown = Object.keys(members).find((field) => !STATEMENT_FIELDS.includes(field))
  if (unknown !== undefined) return malformed(`Unknown field ${unknown}`)
  const { Sid: sid, Effect: effect } = members
  if (sid !== undefined && typeof sid !== 'string') return malformed('Invalid policy syntax.')
  if (effect === undefined) return malformed('Missing required field Effect')
  if (effect !== 'Allow' && effect !== 'Deny') return malformed(`Invalid effect: ${shown(effect)}`)
  const principals = principalsOf(members, reading.scope)
  if ('kind' in principals) return principals
  const actions = actionsOf(members)
  if ('kind' in actions) return actions
  const resources = resourcesOf(members, reading)
  if ('kind' in resources) return resources
  if (!applies(members, reading.scope)) {
    return malformed('Action does not apply to any resource(s) in statement')
  }
  const conditions = parseConditions(members['Condition'] ?? {}, reading.variables)
  if (conditions.kind === 'malformed') return conditions
  return { sid, effect, principals, actions, resources, conditions: conditions.conditions }
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** The values of a field or of its negation, of which there must be just one. */
function selected(members: Members, field: string): Selection<unknown> | Malformed {
  const negated = `Not${field}`
  const has = members[field] !== undefined
  if (has && members[negated] !== undefined) return malformed('Invalid policy syntax.')
  const written = has ? members[field] : members[negated]
  if (written === undefined) return malformed(`Missing required field ${field}`)
  return { of: has ? 'these' : 'all_but', items: Array.isArray(written) ? written : [written] }
}

function principalsOf(members: Members, scope: PolicyScope): Selection<PrincipalPattern> | Malformed {
  if (scope.kind === 'session') {
    const named = members['Principal'] ?? members['NotPrincipal']
    return named === undefined
      ? { of: 'all_but', items: [] }
      : malformed('Policy document should not specify a principal.')
  }
  const found = selected(members, 'Principal')
  if ('kind' in found) return found
  const parsed = parsePrincipals(found.of === 'these' ? members['Principal'] : members['NotPrincipal'])
  if (parsed.kind === 'invalid') return malformed('Invalid principal in policy', parsed.value)
  return { of: found.of, items: parsed.patterns }
}

function actionsOf(members: Members): Selection<Pattern> | Malformed {
  const found = selected(members, 'Action')
  if ('kind' in found) return found
  const patterns: Pattern[] = []
  for (const item of found.items) {
    if (typeof item !== 'string' || levelsOf(item).size === 0) return malformed('Policy has invalid action')
    patterns.push(compilePattern(item.toLowerCase()))
  }
  return patterns.length === 0
    ? malformed('Missing required field Action')
    : { of: found.of, items: patterns }
}

/** To what the actions that a pattern names are done; empty when it names none. */
function levelsOf(action: string): ReadonlySet<string> {
  const pattern = compilePattern(action.toLowerCase())
  const levels = new Set<string>()
  for (const [name, level] of POLICY_ACTIONS) if (matchesPattern(pattern, name)) levels.add(level)
  return levels
}

function resourcesOf(members: Members, { scope, variables }: Reading): Selection<PolicyText> | Malformed {
  const found = selected(members, 'Resource')
  if ('kind' in found) return found
  const texts: PolicyText[] = []
  for (const item of found.items) {
    const text = typeof item === 'string' ? compileText(item, variables) : undefined
    if (typeof item !== 'string' || text === undefined || !liesIn(item, scope)) {
      return malformed('Policy has invalid resource', shown(item))
    }
    texts.push(text)
  }
  return texts.length === 0 ? malformed('Missing required field Resource') : { of: found.of, items: texts }
}

const RESOURCE_ARN = /^arn:aws[a-z-]*:s3:::(?<bucket>[^/]+)(?<key>\/.*)?$/s

/** A bucket's policy may name that bucket and its objects only. */
function liesIn(resource: string, scope: PolicyScope): boolean {
  if (scope.kind === 'session' || resource === '*') return true
  const { bucket } = RESOURCE_ARN.exec(resource)?.groups ?? {}
  return bucket !== undefined && matchesPattern(compilePattern(bucket), scope.bucket)
}

/** Whether every action has a resource in the statement that it can be done to. */
function applies(members: Members, scope: PolicyScope): boolean {
  const { Action: actions, Resource: resources } = members
  if (scope.kind === 'session' || actions === undefined || resources === undefined) return true
  const levels = new Set(listOf(resources).flatMap((resource) => resourceLevels(resource)))
  return listOf(actions).every((action) => [...levelsOf(action)].some((level) => levels.has(level)))
}

function listOf(written: unknown): readonly string[] {
  return (Array.isArray(written) ? written : [written]).filter((item) => typeof item === 'string')
}

function resourceLevels(resource: string): readonly string[] {
  const { bucket, key } = RESOURCE_ARN.exec(resource)?.groups ?? {}
  if (key !== undefined) return ['object']
  // A star at the end reaches over the slash.
  return resource === '*' || bucket?.includes('*') === true ? ['bucket', 'object'] : ['bucket']
}

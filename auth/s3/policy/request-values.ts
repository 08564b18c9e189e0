/**
 * What a request says to the condition keys of policies. A door gives the facts in the words of S3, whatever its own words
 * are; a key without a value here is missing from every request.
 */
import { type ConditionValues, callerArn, type PolicyCaller } from './question.ts'

export interface RequestFacts {
  readonly caller: PolicyCaller
  /** Address of the client. */
  readonly remoteAddress: string | undefined
  readonly secure: boolean
  /** By name in lower case; those that stand in the query of a presigned address are among them. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** Value of a query parameter as S3 calls it (`prefix`, `versionId`). */
  readonly query: (name: string) => string | undefined
  /** Wall clock, milliseconds since 1970. */
  readonly nowMs: number
  /** How the request was signed, if it was. */
  readonly signature?: RequestSignature | undefined
  /** Tenant that the bucket belongs to. */
  readonly bucketAccount: string
  readonly region?: string | undefined
  /** Tags of the object that is asked for, where they matter. */
  readonly objectTags?: ReadonlyMap<string, string> | undefined
}

export interface RequestSignature {
  readonly version: 'AWS4-HMAC-SHA256' | 'AWS'
  readonly where: 'REST-HEADER' | 'REST-QUERY-STRING' | 'POST'
  /** Milliseconds since it was signed. */
  readonly ageMs?: number | undefined
}

const DAY_MS = 24 * 60 * 60 * 1000

/** Keys with one value, computed from the facts. */
const SINGLE: ReadonlyMap<string, (facts: RequestFacts) => string | undefined> = new Map([
  ['aws:sourceip', ({ remoteAddress }) => ipOf(remoteAddress)],
  ['aws:securetransport', ({ secure }) => String(secure)],
  ['aws:referer', (facts) => header(facts, 'referer')],
  ['aws:useragent', (facts) => header(facts, 'user-agent')],
  ['aws:currenttime', ({ nowMs }) => new Date(nowMs).toISOString()],
  ['aws:epochtime', ({ nowMs }) => String(Math.floor(nowMs / 1000))],
  ['aws:principalarn', ({ caller }) => callerArn(caller)],
  ['aws:principalaccount', ({ caller }) => caller.accounts[0]],
  ['aws:principaltype', ({ caller }) => principalType(caller)],
  ['aws:userid', ({ caller }) => userIdOf(caller)],
  ['aws:username', ({ caller }) => caller.name],
  ['aws:principalisawsservice', ({ caller }) => String(caller.service !== undefined)],
  ['aws:principalservicename', ({ caller }) => caller.service?.name],
  ['aws:sourcearn', ({ caller }) => caller.service?.source.arn],
  ['aws:sourceaccount', ({ caller }) => caller.service?.source.account],
  ['aws:resourceaccount', ({ bucketAccount }) => bucketAccount],
  ['aws:requestedregion', ({ region }) => region],
  ['s3:resourceaccount', ({ bucketAccount }) => bucketAccount],
  ['s3:prefix', ({ query }) => query('prefix')],
  ['s3:delimiter', ({ query }) => query('delimiter')],
  ['s3:max-keys', ({ query }) => query('max-keys')],
  ['s3:versionid', ({ query }) => query('versionId')],
  ['s3:if-match', (facts) => header(facts, 'if-match')],
  ['s3:if-none-match', (facts) => header(facts, 'if-none-match')],
  ['s3:object-lock-mode', (facts) => header(facts, 'x-amz-object-lock-mode')],
  ['s3:object-lock-legal-hold', (facts) => header(facts, 'x-amz-object-lock-legal-hold')],
  ['s3:object-lock-retain-until-date', (facts) => header(facts, 'x-amz-object-lock-retain-until-date')],
  ['s3:object-lock-remaining-retention-days', (facts) => remainingDays(facts)],
  ['s3:authtype', ({ signature }) => signature?.where],
  ['s3:signatureversion', ({ signature }) => signature?.version],
  ['s3:signatureage', ({ signature }) => signature?.ageMs?.toString()],
])

const HEADER_KEY = 's3:x-amz-'
const EXISTING_TAG = 's3:existingobjecttag/'
const REQUEST_TAG = 's3:requestobjecttag/'

export function requestValues(facts: RequestFacts): ConditionValues {
  return (key) => {
    const single = SINGLE.get(key)
    if (single !== undefined) return one(single(facts))
    if (key.startsWith(HEADER_KEY)) return one(header(facts, key.slice('s3:'.length)))
    if (key.startsWith(EXISTING_TAG)) return one(tag(facts.objectTags, key.slice(EXISTING_TAG.length)))
    if (key.startsWith(REQUEST_TAG)) return one(tag(givenTags(facts), key.slice(REQUEST_TAG.length)))
    if (key === 's3:requestobjecttagkeys') return keysOf(givenTags(facts))
    return undefined
  }
}

function one(value: string | undefined): readonly string[] | undefined {
  return value === undefined ? undefined : [value]
}

function keysOf(tags: ReadonlyMap<string, string> | undefined): readonly string[] | undefined {
  return tags === undefined ? undefined : [...tags.keys()]
}

function header({ headers }: RequestFacts, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : value?.join(',')
}

/** An IPv4 address that came over an IPv6 socket is that IPv4 address. */
function ipOf(address: string | undefined): string | undefined {
  return address?.replace(/^::ffff:(?=\d+\.)/i, '')
}

/** Of a role, Amazon's has the id of the role and the name of the session. */
function userIdOf({ id, role }: PolicyCaller): string | undefined {
  return role === undefined ? id : `${role.name}:${role.session}`
}

function principalType({ id, accounts, role }: PolicyCaller): string {
  if (role !== undefined) return 'AssumedRole'
  if (id !== undefined) return 'User'
  return accounts.length === 0 ? 'Anonymous' : 'Account'
}

function remainingDays(facts: RequestFacts): string | undefined {
  const until = Date.parse(header(facts, 'x-amz-object-lock-retain-until-date') ?? '')
  return Number.isNaN(until) ? undefined : String(Math.ceil((until - facts.nowMs) / DAY_MS))
}

/** Keys of tags count without case in conditions. */
function tag(tags: ReadonlyMap<string, string> | undefined, key: string): string | undefined {
  for (const [name, value] of tags ?? []) if (name.toLowerCase() === key) return value
  return undefined
}

function givenTags(facts: RequestFacts): ReadonlyMap<string, string> | undefined {
  const written = header(facts, 'x-amz-tagging')
  return written === undefined ? undefined : new Map(new URLSearchParams(written))
}

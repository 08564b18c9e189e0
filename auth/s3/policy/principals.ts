/**
 * The `Principal` of a statement: everyone, accounts, users by ARN or by canonical id, roles and sessions of them, services
 * of the cluster's own (`question.ts`), and principals of Amazon's that nobody here can be (federations, other services).
 *
 * Here a canonical user id is a user's name (`test:tester`), and an account a tenant (`test`, or `AUTH_test`). An account
 * (`arn:aws:iam::test:root`, or the bare name) means everybody in it, as it does in a Swift list.
 */
import type { PolicyCaller } from './question.ts'

export type PrincipalPattern =
  | { readonly kind: 'anyone' }
  | { readonly kind: 'account'; readonly account: string }
  | { readonly kind: 'user'; readonly account: string; readonly name: string }
  | { readonly kind: 'id'; readonly id: string }
  /** Whoever has taken on the role; in this one session of theirs only, where it is named. */
  | {
      readonly kind: 'role'
      readonly account: string
      readonly name: string
      readonly session: string | undefined
    }
  | { readonly kind: 'service'; readonly name: string }
  /** A federation of Amazon's: nobody here. */
  | { readonly kind: 'nobody' }

const ANYONE: PrincipalPattern = { kind: 'anyone' }
const NOBODY: PrincipalPattern = { kind: 'nobody' }

const IAM_ARN = /^arn:aws[a-z-]*:(?<service>iam|sts)::(?<account>[^:*?\s]*):(?<resource>[^*?\s]+)$/
/** A user (`account:name`), an account, or an id of Keystone's. */
const NAME = /^[^*?\s/]+$/

export type ParsedPrincipals =
  | { readonly kind: 'principals'; readonly patterns: readonly PrincipalPattern[] }
  /** `value`: what was not understood. */
  | { readonly kind: 'invalid'; readonly value: string }

/** Reads `"*"`, `{"AWS": …}`, `{"CanonicalUser": …}` and the others. */
export function parsePrincipals(written: unknown): ParsedPrincipals {
  if (written === '*') return { kind: 'principals', patterns: [ANYONE] }
  if (typeof written !== 'object' || written === null || Array.isArray(written)) {
    return { kind: 'invalid', value: String(written) }
  }
  const patterns: PrincipalPattern[] = []
  for (const [type, values] of Object.entries(written as Readonly<Record<string, unknown>>)) {
    const listed: readonly unknown[] = Array.isArray(values) ? values : [values]
    if (listed.length === 0) return { kind: 'invalid', value: type }
    for (const value of listed) {
      const pattern = typeof value === 'string' ? parsePrincipal(type, value) : undefined
      if (pattern === undefined) return { kind: 'invalid', value: String(value) }
      patterns.push(pattern)
    }
  }
  return patterns.length === 0 ? { kind: 'invalid', value: '{}' } : { kind: 'principals', patterns }
}

function parsePrincipal(type: string, value: string): PrincipalPattern | undefined {
  switch (type) {
    case 'AWS':
      return value === '*' ? ANYONE : (fromArn(value) ?? fromName(value))
    case 'CanonicalUser':
      return NAME.test(value) ? { kind: 'id', id: value } : undefined
    case 'Service':
      return value === '' ? undefined : { kind: 'service', name: value }
    case 'Federated':
      return value === '' ? undefined : NOBODY
    default:
      return undefined
  }
}

function fromName(value: string): PrincipalPattern | undefined {
  if (!NAME.test(value) || value.startsWith('arn:')) return undefined
  return value.includes(':') ? { kind: 'id', id: value } : { kind: 'account', account: value }
}

function fromArn(value: string): PrincipalPattern | undefined {
  const { service, account = '', resource = '' } = IAM_ARN.exec(value)?.groups ?? {}
  if (service === undefined) return undefined
  if (service === 'sts') return fromSessionArn(account, resource)
  if (resource === 'root') return account === '' ? undefined : { kind: 'account', account }
  const [type, ...path] = resource.split('/')
  const name = path.at(-1) ?? ''
  if (name === '') return undefined
  if (type === 'role') return account === '' ? undefined : { kind: 'role', account, name, session: undefined }
  if (type !== 'user') return undefined
  // Without an account, the name is the whole canonical id.
  return account === '' ? { kind: 'id', id: name } : { kind: 'user', account, name }
}

function fromSessionArn(account: string, resource: string): PrincipalPattern | undefined {
  const [type, name = '', session = ''] = resource.split('/')
  if (type !== 'assumed-role') return NOBODY
  return name === '' || session === '' ? undefined : { kind: 'role', account, name, session }
}

/** Whether the caller is one of them. */
export function matchesPrincipal(patterns: readonly PrincipalPattern[], caller: PolicyCaller): boolean {
  return patterns.some((pattern) => isOne(pattern, caller))
}

function isOne(pattern: PrincipalPattern, { id, accounts, name, role, service }: PolicyCaller): boolean {
  switch (pattern.kind) {
    case 'anyone':
      return true
    case 'account':
      return accounts.includes(pattern.account)
    case 'role':
      return (
        accounts.includes(pattern.account) &&
        role?.name === pattern.name &&
        (pattern.session === undefined || role.session === pattern.session)
      )
    case 'user':
      return (
        accounts.includes(pattern.account) &&
        role === undefined &&
        (name === pattern.name || id === pattern.name)
      )
    case 'id':
      return id === pattern.id
    case 'service':
      return service?.name === pattern.name
    case 'nobody':
      return false
  }
}

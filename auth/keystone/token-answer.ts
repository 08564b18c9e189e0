/**
 * What Keystone says of a token: the parts of its answer that decisions need (OpenStack Identity API v3, "Validate and
 * show information for token"). An answer without them is nobody's; nothing is guessed.
 */

import type { AccessRule } from '../access-rules.ts'

export interface KeystoneToken {
  readonly user: { readonly id: string; readonly name: string; readonly domainId: string }
  /** `undefined`: the token is for the whole system, for a domain, or for nothing. */
  readonly project: { readonly id: string; readonly name: string; readonly domainId: string } | undefined
  /** Names in lower case: Keystone's do not tell cases apart. */
  readonly roles: readonly string[]
  /** Wall clock, milliseconds since the epoch. */
  readonly expiresAtMs: number
  /** Of an application credential: one of these each request must obey; `undefined`: every request is let in. */
  readonly accessRules?: readonly AccessRule[] | undefined
}

type Members = Readonly<Record<string, unknown>>

/** Reads the body of the answer; `undefined` when it is not one. Never throws. */
export function parseTokenAnswer(body: Buffer): KeystoneToken | undefined {
  const token = objectIn(objectFrom(body.toString('utf8')), 'token')
  const user = namedIn(token, 'user')
  const expiresAtMs = instantOf(token?.['expires_at'])
  if (token === undefined || user === undefined || expiresAtMs === undefined) return undefined
  const project = namedIn(token, 'project')
  if (token['project'] !== undefined && project === undefined) return undefined
  const roles = rolesIn(token)
  const rules = accessRulesIn(objectIn(token, 'application_credential'))
  if (roles === undefined || rules === 'unreadable') return undefined
  return { user, project, roles, expiresAtMs, ...(rules === undefined ? {} : { accessRules: rules }) }
}

/** When a token that was just given out expires, wall clock milliseconds; `undefined` when the answer does not say. */
export function parseExpiry(body: Buffer): number | undefined {
  return instantOf(objectIn(objectFrom(body.toString('utf8')), 'token')?.['expires_at'])
}

/** The secret of an EC2 credential; `undefined` when the answer has none. */
export function parseEc2Secret(body: Buffer): string | undefined {
  return textIn(objectIn(objectFrom(body.toString('utf8')), 'credential'), 'secret')
}

function accessRulesIn(credential: Members | undefined): readonly AccessRule[] | undefined | 'unreadable' {
  const written = credential?.['access_rules'] ?? undefined
  if (written === undefined) return undefined
  if (!Array.isArray(written)) return 'unreadable'
  const rules = written.map((rule: unknown) => {
    const members = asObject(rule)
    const [service, method, path] = [
      textIn(members, 'service'),
      textIn(members, 'method'),
      textIn(members, 'path'),
    ]
    return service !== undefined && method !== undefined && path !== undefined
      ? { service, method, path }
      : undefined
  })
  return rules.every((rule) => rule !== undefined) ? rules : 'unreadable'
}

function rolesIn(token: Members): readonly string[] | undefined {
  const roles = token['roles'] ?? []
  if (!Array.isArray(roles)) return undefined
  const names = roles.map((role: unknown) => textIn(asObject(role), 'name')?.toLowerCase())
  return names.every((name) => name !== undefined) ? names : undefined
}

function namedIn(token: Members | undefined, member: string): KeystoneToken['user'] | undefined {
  const named = objectIn(token, member)
  const id = textIn(named, 'id')
  const name = textIn(named, 'name')
  const domainId = textIn(objectIn(named, 'domain'), 'id')
  return id === undefined || name === undefined || domainId === undefined ? undefined : { id, name, domainId }
}

function instantOf(written: unknown): number | undefined {
  const instantMs = typeof written === 'string' ? Date.parse(written) : Number.NaN
  return Number.isNaN(instantMs) ? undefined : instantMs
}

function textIn(members: Members | undefined, name: string): string | undefined {
  const value = members?.[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

function objectIn(members: Members | undefined, name: string): Members | undefined {
  return asObject(members?.[name])
}

function asObject(value: unknown): Members | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : undefined
}

function objectFrom(text: string): Members | undefined {
  try {
    return asObject(JSON.parse(text))
  } catch {
    return undefined
  }
}

/**
 * Users. Whatever must change together with a user, or go with it, is in the one record: its roles, its application
 * credentials, the tokens that were revoked. So no change is half made, and nothing is left of a user that is removed.
 */
import type { RecordKind } from '#store/records/contract.ts'
import { type AccessRules, accessRulesIn, type RuleIds, ruleIdsIn } from './access-rules.ts'
import { type Grant, grantsIn } from './grants.ts'
import { DEFAULT_DOMAIN_ID } from './ids.ts'
import { optionsIn } from './options.ts'
import { itemsIn, type Members, membersIn, textOr, textOrNone, textsIn } from './written.ts'

/** Signs in to one project with some of the user's roles, and cannot do more than the user. */
export interface ApplicationCredential extends RuleIds {
  readonly id: string
  readonly name: string
  readonly description: string
  /** Hashed (`auth/user-key.ts`). */
  readonly secretHash: string
  readonly projectId: string
  readonly roleIds: readonly string[]
  /** Wall clock, milliseconds; `undefined`: it does not expire. */
  readonly expiresAtMs: number | undefined
  /** May make and remove application credentials itself. */
  readonly unrestricted: boolean
}

export type Password =
  | {
      readonly kind: 'hashed'
      readonly hash: string
      /** When it was set, wall clock milliseconds; not known of the oldest. */
      readonly setAtMs?: number | undefined
    }
  /** The key in the configuration. */
  | { readonly kind: 'configured' }
  | { readonly kind: 'none' }

/** A token that was revoked by itself; kept until it expires. */
export interface RevokedToken {
  readonly auditId: string
  readonly expiresAtSeconds: number
}

export interface User extends AccessRules {
  readonly name: string
  readonly domainId: string
  readonly enabled: boolean
  readonly password: Password
  /** Tokens of an earlier generation are void. */
  readonly generation: number
  readonly revoked: readonly RevokedToken[]
  readonly grants: readonly Grant[]
  /** Groups that the user is in. */
  readonly groupIds: readonly string[]
  readonly applicationCredentials: readonly ApplicationCredential[]
  readonly defaultProjectId: string | undefined
  readonly description: string | null | undefined
  readonly email: string | null | undefined
  readonly options?: Members | undefined
  /** What else clients keep with it. */
  readonly extra: Members
  /** `removed`: the configuration still has it, or what hung on it is being removed. */
  readonly state: 'present' | 'removed'
}

export const USER_RECORDS: RecordKind<User> = { name: 'users', version: 1, parse: parseUser }

export function newUser(name: string, domainId = DEFAULT_DOMAIN_ID): User {
  return {
    name,
    domainId,
    enabled: true,
    password: { kind: 'none' },
    generation: 0,
    revoked: [],
    grants: [],
    groupIds: [],
    applicationCredentials: [],
    defaultProjectId: undefined,
    description: undefined,
    email: undefined,
    extra: {},
    state: 'present',
  }
}

/** When the password of a user expires, wall clock milliseconds; `undefined` when it does not. */
export function passwordEndsAtMs(
  { password, options }: User,
  lifeMs: number | undefined,
): number | undefined {
  if (options?.['ignore_password_expiry'] === true) return undefined
  if (lifeMs === undefined || password.kind !== 'hashed' || password.setAtMs === undefined) return undefined
  return password.setAtMs + lifeMs
}

/**
 * Whether somebody who proved to be this user by these methods has proved it well enough: by all methods of one of the user's
 * rules, if there are any (Identity API v3, "Multi-Factor Authentication"). Whoever has a token has done so before.
 */
export function haveProved({ options = {} }: User, methods: readonly string[]): boolean {
  const { multi_factor_auth_rules: rules, multi_factor_auth_enabled: isAsked } = options
  if (isAsked === false || !Array.isArray(rules) || rules.length === 0) return true
  if (methods.includes('token')) return true
  return rules.some((rule) => textsIn(rule).every((method) => methods.includes(method)))
}

function parseUser(written: unknown): User | undefined {
  const members = membersIn(written)
  const { name, enabled, generation, state } = members
  if (typeof name !== 'string' || typeof generation !== 'number') return undefined
  return {
    name,
    domainId: textOr(members['domainId'], DEFAULT_DOMAIN_ID),
    enabled: enabled !== false,
    password: passwordIn(members['password']),
    generation,
    revoked: itemsIn(members['revoked']).map((one) => ({
      auditId: textOr(one['auditId'], ''),
      expiresAtSeconds: Number(one['expiresAtSeconds']),
    })),
    grants: grantsIn(members['grants']),
    groupIds: textsIn(members['groupIds']),
    applicationCredentials: itemsIn(members['applicationCredentials']).map(applicationCredentialIn),
    ...accessRulesIn(members['accessRules']),
    defaultProjectId: textOr(members['defaultProjectId'], undefined),
    description: textOrNone(members['description']),
    email: textOrNone(members['email']),
    ...optionsIn(members['options']),
    extra: membersIn(members['extra']),
    state: state === 'removed' ? 'removed' : 'present',
  }
}

/** What is not understood lets nobody in. */
function passwordIn(written: unknown): Password {
  const { kind, hash, setAtMs } = membersIn(written)
  if (kind === 'hashed' && typeof hash === 'string') {
    return typeof setAtMs === 'number' ? { kind, hash, setAtMs } : { kind, hash }
  }
  return kind === 'configured' ? { kind } : { kind: 'none' }
}

function applicationCredentialIn(one: Members): ApplicationCredential {
  return {
    id: textOr(one['id'], ''),
    name: textOr(one['name'], ''),
    description: textOr(one['description'], ''),
    secretHash: textOr(one['secretHash'], ''),
    projectId: textOr(one['projectId'], ''),
    roleIds: textsIn(one['roleIds']),
    expiresAtMs: typeof one['expiresAtMs'] === 'number' ? one['expiresAtMs'] : undefined,
    unrestricted: one['unrestricted'] === true,
    ...ruleIdsIn(one['accessRuleIds']),
  }
}

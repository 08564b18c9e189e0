/**
 * Users. Whatever must change together with a user, or go with it, is in the one record: its roles, its application
 * credentials, the tokens that were revoked. So no change is half made, and nothing is left of a user that is removed.
 */
import type { RecordKind } from '#store/records/contract.ts'
import { itemsIn, type Members, membersIn, textOr, textsIn } from './written.ts'

/** Roles on a project, on the domain, or on the whole system. */
export interface Grant {
  readonly scope: 'project' | 'domain' | 'system'
  /** Of the project or domain; `all` of the system. */
  readonly id: string
  readonly roleIds: readonly string[]
}

/** Signs in to one project with some of the user's roles, and cannot do more than the user. */
export interface ApplicationCredential {
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
  | { readonly kind: 'hashed'; readonly hash: string }
  /** The key in the configuration. */
  | { readonly kind: 'configured' }
  | { readonly kind: 'none' }

/** A token that was revoked by itself; kept until it expires. */
export interface RevokedToken {
  readonly auditId: string
  readonly expiresAtSeconds: number
}

export interface User {
  readonly name: string
  readonly enabled: boolean
  readonly password: Password
  /** Tokens of an earlier generation are void. */
  readonly generation: number
  readonly revoked: readonly RevokedToken[]
  readonly grants: readonly Grant[]
  readonly applicationCredentials: readonly ApplicationCredential[]
  readonly defaultProjectId: string | undefined
  readonly description: string | undefined
  readonly email: string | undefined
  /** What else clients keep with it. */
  readonly extra: Members
  /** `removed`: the configuration still has it. */
  readonly state: 'present' | 'removed'
}

export const USER_RECORDS: RecordKind<User> = { name: 'users', version: 1, parse: parseUser }

export function newUser(name: string): User {
  return {
    name,
    enabled: true,
    password: { kind: 'none' },
    generation: 0,
    revoked: [],
    grants: [],
    applicationCredentials: [],
    defaultProjectId: undefined,
    description: undefined,
    email: undefined,
    extra: {},
    state: 'present',
  }
}

function parseUser(written: unknown): User | undefined {
  const members = membersIn(written)
  const { name, enabled, generation, state } = members
  if (typeof name !== 'string' || typeof generation !== 'number') return undefined
  return {
    name,
    enabled: enabled !== false,
    password: passwordIn(members['password']),
    generation,
    revoked: itemsIn(members['revoked']).map((one) => ({
      auditId: textOr(one['auditId'], ''),
      expiresAtSeconds: Number(one['expiresAtSeconds']),
    })),
    grants: itemsIn(members['grants']).flatMap(grantIn),
    applicationCredentials: itemsIn(members['applicationCredentials']).map(applicationCredentialIn),
    defaultProjectId: textOr(members['defaultProjectId'], undefined),
    description: textOr(members['description'], undefined),
    email: textOr(members['email'], undefined),
    extra: membersIn(members['extra']),
    state: state === 'removed' ? 'removed' : 'present',
  }
}

/** What is not understood lets nobody in. */
function passwordIn(written: unknown): Password {
  const { kind, hash } = membersIn(written)
  if (kind === 'hashed' && typeof hash === 'string') return { kind, hash }
  return kind === 'configured' ? { kind } : { kind: 'none' }
}

function grantIn({ scope, id, roleIds }: Members): readonly Grant[] {
  const isKnown = scope === 'project' || scope === 'domain' || scope === 'system'
  return isKnown && typeof id === 'string' ? [{ scope, id, roleIds: textsIn(roleIds) }] : []
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
  }
}

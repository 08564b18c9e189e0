/**
 * The users of configuration and records as the doors see them: signing in as Swift's first version has it, and whose a token
 * is, whichever way it was got.
 *
 * Whoever is in the configuration and in no record is known without asking anybody, and gets a token that carries all that
 * decisions need (`auth/token-seal.ts`). As soon as there is a record of them, it decides.
 */
import { hash } from 'node:crypto'
import type { AuthContext, Directory, SignedIn, SignIn } from '#auth/directory.ts'
import type { Principal } from '#auth/principal.ts'
import type { OpenedToken, TokenSeal } from '#auth/token-seal.ts'
import type { Entry } from './entries.ts'
import { type Identified, identify, identifyUser } from './identified.ts'
import { identityPrincipal, type PrincipalOptions } from './identity-principal.ts'
import type { IdentityTokens } from './identity-tokens.ts'
import { haveProved, type User } from './model/user.ts'
import { configuredUserId, isConfigured } from './people.ts'
import { provePassword, type SignInParts } from './sign-in.ts'

export interface IdentityDirectoryOptions extends PrincipalOptions, SignInParts {
  /** Tokens of users of the configuration. */
  readonly seal: TokenSeal
  readonly tokens: IdentityTokens
  /** `AUTH_` */
  readonly resellerPrefix: string
  readonly lifeSeconds: number
}

/** A token of the first version has no audit id; this stands for it. */
export function auditIdOfSealed(token: string): string {
  return hash('sha256', token, 'base64url').slice(0, AUDIT_ID_CHARACTERS)
}

const AUDIT_ID_CHARACTERS = 22
const REFUSED: SignedIn = { kind: 'refused' }
const REVOKED: OpenedToken = { kind: 'refused', why: 'revoked' }
const UNAVAILABLE = { kind: 'unavailable' } as const

export class IdentityDirectory implements Directory {
  readonly isEmpty = false
  readonly #options: IdentityDirectoryOptions
  /** By what they were made of, which is another object as soon as anything has changed. */
  readonly #principals = new WeakMap<User, { readonly of: Identified; readonly principal: Principal }>()
  /** A token that comes again has the same principal: its user's id is a hash, and no need to work it out each time. */
  readonly #configuredIds = new WeakMap<Principal, string>()

  constructor(options: IdentityDirectoryOptions) {
    this.#options = options
  }

  async signIn(context: AuthContext, { user, key, remoteAddress }: SignIn): Promise<SignedIn> {
    const { people, users, seal } = this.#options
    const colon = user.indexOf(':')
    const [project, name] = [user.slice(0, colon), user.slice(colon + 1)]
    const id = configuredUserId(user)
    const configured = people.configured.has(id) ? await people.users.find(context, id) : undefined
    // Of somebody whom the configuration had and who was removed, nothing is known any more.
    const reference = configured?.kind === 'found' ? { id } : { name }
    const proven = await provePassword(this.#options, context, reference, key, remoteAddress)
    if (proven.kind !== 'proven') return proven.kind === 'expired' ? REFUSED : proven
    if (!haveProved(proven.user.value, ['password'])) return REFUSED
    const known = isConfigured(proven.user) ? users.find(user) : undefined
    if (known !== undefined) {
      return { kind: 'signed_in', ...seal.issue(known.principal), storageUrl: known.storageUrl }
    }
    return await this.#signInByRecord(context, project, proven.user)
  }

  async open(context: AuthContext, token: string): Promise<OpenedToken> {
    const { tokens } = this.#options
    if (!tokens.isOurs(token)) return await this.#openSealed(context, token)
    const opened = await tokens.open(context, token)
    if (opened.kind !== 'valid') return opened
    const { identified, claims } = opened
    const principal = this.#principalOf(identified)
    return { kind: 'valid', principal, expiresAtSeconds: claims.expiresAtSeconds }
  }

  async #signInByRecord(context: AuthContext, project: string, user: Entry<User>): Promise<SignedIn> {
    const { people, tokens, clock, resellerPrefix, lifeSeconds } = this.#options
    const byId = await people.projects.find(context, project)
    const found = byId.kind === 'absent' ? await people.projects.findByName(context, { name: project }) : byId
    if (found.kind !== 'found') return found.kind === 'absent' ? REFUSED : UNAVAILABLE
    const identification = await identifyUser(context, people, user, {
      userId: user.id,
      scope: { kind: 'project', projectId: found.id },
      nowMs: clock.wallMs(),
    })
    if (identification.kind === 'nobody') return REFUSED
    if (identification.kind !== 'identified') return UNAVAILABLE
    const { token } = tokens.issue({ identified: identification.identified, methods: ['password'] })
    const storageUrl = `$HOST/v1/${resellerPrefix}${encodeURIComponent(found.id)}`
    return { kind: 'signed_in', token, expiresInSeconds: lifeSeconds, storageUrl }
  }

  async #openSealed(context: AuthContext, token: string): Promise<OpenedToken> {
    const { seal, people, clock } = this.#options
    const opened = seal.open(token)
    if (opened.kind !== 'valid') return opened
    const id = this.#configuredIdOf(opened.principal)
    const user = await people.users.find(context, id)
    if (user.kind === 'found' && isConfigured(user)) return opened
    if (user.kind !== 'found') return user.kind === 'absent' ? REVOKED : UNAVAILABLE
    // The record was made after the token.
    const isVoid =
      user.value.generation > 0 ||
      user.value.revoked.some(({ auditId }) => auditId === auditIdOfSealed(token))
    if (isVoid) return REVOKED
    const scope = { kind: 'project', projectId: opened.principal.tenant } as const
    const now = await identify(context, people, { userId: id, scope, nowMs: clock.wallMs() })
    if (now.kind === 'nobody') return REVOKED
    if (now.kind !== 'identified') return UNAVAILABLE
    return { ...opened, principal: this.#principalOf(now.identified) }
  }

  #configuredIdOf(principal: Principal): string {
    const known = this.#configuredIds.get(principal)
    if (known !== undefined) return known
    const id = configuredUserId(principal.user)
    this.#configuredIds.set(principal, id)
    return id
  }

  #principalOf(identified: Identified): Principal {
    const { value } = identified.user
    const known = this.#principals.get(value)
    if (known !== undefined && isSame(known.of, identified)) return known.principal
    const principal = identityPrincipal(identified, this.#options)
    this.#principals.set(value, { of: identified, principal })
    return principal
  }
}

function isSame(one: Identified, other: Identified): boolean {
  const [roles, others] = [one.roles, other.roles]
  return (
    one.project?.value === other.project?.value &&
    one.user.source === other.user.source &&
    one.applicationCredential?.accessRuleIds === other.applicationCredential?.accessRuleIds &&
    roles.length === others.length &&
    roles.every(({ id, name }, at) => id === others[at]?.id && name === others[at].name)
  )
}

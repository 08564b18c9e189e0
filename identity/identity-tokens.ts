/**
 * Tokens of the identity service: sealed, so that every process reads them without asking anybody, and no more than ids, so
 * that they are worth what their user is worth at the moment (`identified.ts`). Those who made a token void raised the
 * user's generation, or noted the token's audit id with the user.
 */
import type { KeyRing } from '#auth/key-ring.ts'
import { openText, sealText } from '#auth/sealed-text.ts'
import { AgingLru } from '#base/aging-lru.ts'
import type { Clock, Random } from '#base/environment.ts'
import type { OperationContext } from '#store/operation.ts'
import {
  bearerOf,
  generationOf,
  type Identification,
  type Identified,
  identify,
  type Scope,
} from './identified.ts'
import { DEFAULT_DOMAIN_ID } from './model/ids.ts'
import type { People } from './people.ts'

/** How somebody proved to be who they are (`methods` of a token). */
export type Method = 'password' | 'token' | 'application_credential' | 'ec2credential'

export interface Claims {
  /** Who signed in. */
  readonly userId: string
  readonly scope: Scope
  readonly methods: readonly string[]
  /** Its own, and that of the token it came from. */
  readonly auditIds: readonly string[]
  readonly issuedAtMs: number
  readonly expiresAtSeconds: number
  readonly generation: number
  readonly applicationCredentialId: string | undefined
}

export type OpenedIdentity =
  | { readonly kind: 'valid'; readonly claims: Claims; readonly identified: Identified }
  | { readonly kind: 'refused'; readonly why: 'not_a_token' | 'expired' | 'revoked' }
  | { readonly kind: 'unavailable' }

export interface IdentityTokensOptions {
  readonly clock: Clock
  readonly random: Random
  readonly keys: KeyRing
  readonly people: People
  /** `AUTH_`: what clients expect a token to begin with. */
  readonly resellerPrefix: string
  readonly lifeSeconds: number
}

/** What is asked of a new token. */
export interface Wanted {
  readonly identified: Identified
  readonly methods: readonly Method[]
  /** The token that it is got with: it lives no longer, and both are one chain. */
  readonly parent?: Claims | undefined
}

export interface Issued {
  readonly token: string
  readonly claims: Claims
}

const PREFIX_END = 'ik'
const AUDIT_ID_BYTES = 16
/** Opened tokens remembered per process: about 1 KiB each. */
const REMEMBERED_TOKENS = 4096
const REMEMBERED_MS = 3_600_000
/** A service may carry on a request so long after the user's token expired (Keystone, `allow_expired_window`). */
const EXPIRED_WINDOW_SECONDS = 172_800

const REVOKED: OpenedIdentity = { kind: 'refused', why: 'revoked' }

export class IdentityTokens {
  readonly #options: IdentityTokensOptions
  readonly #prefix: string
  readonly #remembered: AgingLru<Claims>

  constructor(options: IdentityTokensOptions) {
    this.#options = options
    this.#prefix = options.resellerPrefix + PREFIX_END
    this.#remembered = new AgingLru(options.clock, REMEMBERED_TOKENS)
  }

  /** Whether it is one by its looks. */
  isOurs(token: string): boolean {
    return token.startsWith(this.#prefix)
  }

  issue({ identified, methods, parent }: Wanted): Issued {
    const { clock, random, keys, lifeSeconds } = this.#options
    const { scope, applicationCredential: credential, trust } = identified
    const nowMs = clock.wallMs()
    const ends = [
      Math.floor(nowMs / 1000) + lifeSeconds,
      parent?.expiresAtSeconds ?? Infinity,
      Math.floor((credential?.expiresAtMs ?? trust?.expiresAtMs ?? Infinity) / 1000),
    ]
    const auditId = random.bytes(AUDIT_ID_BYTES).toString('base64url')
    const claims: Claims = {
      userId: bearerOf(identified).id,
      scope,
      methods: [...new Set([...methods, ...(parent?.methods ?? [])])],
      auditIds: parent === undefined ? [auditId] : [auditId, parent.auditIds.at(-1) ?? auditId],
      issuedAtMs: Math.floor(nowMs),
      expiresAtSeconds: Math.min(...ends),
      generation: generationOf(identified),
      applicationCredentialId: credential?.id,
    }
    return { token: sealText(keys, random, this.#prefix, written(claims)), claims }
  }

  /** Never throws, whatever the text. */
  async open(
    context: OperationContext,
    token: string,
    expired: 'refused' | 'accepted' = 'refused',
  ): Promise<OpenedIdentity> {
    const claims = this.#claimsOf(token)
    if (claims === undefined) return { kind: 'refused', why: 'not_a_token' }
    const { clock, people } = this.#options
    const nowMs = clock.wallMs()
    const graceSeconds = expired === 'accepted' ? EXPIRED_WINDOW_SECONDS : 0
    if ((claims.expiresAtSeconds + graceSeconds) * 1000 <= nowMs) return { kind: 'refused', why: 'expired' }
    return openedFrom(claims, await identify(context, people, { ...claims, nowMs }))
  }

  #claimsOf(token: string): Claims | undefined {
    const known = this.#remembered.get(token)
    if (known !== undefined) return known
    const plain = openText(this.#options.keys, this.#prefix, token)
    const claims = plain === undefined ? undefined : parseClaims(plain)
    if (claims !== undefined) this.#remembered.set(token, claims, REMEMBERED_MS)
    return claims
  }
}

function openedFrom(claims: Claims, identification: Identification): OpenedIdentity {
  switch (identification.kind) {
    case 'identified':
      return isVoid(claims, identification.identified)
        ? REVOKED
        : { kind: 'valid', claims, identified: identification.identified }
    case 'nobody':
      return REVOKED
    case 'unavailable':
    case 'undecided':
    case 'unreadable':
      return { kind: 'unavailable' }
  }
}

function isVoid({ generation, auditIds }: Claims, identified: Identified): boolean {
  const { revoked } = bearerOf(identified).value
  return generationOf(identified) > generation || revoked.some(({ auditId }) => auditId === auditIds[0])
}

/** As short as may be: some clients and services bound the length of tokens. */
type Written = readonly [
  userId: string,
  scope: string,
  methods: readonly string[],
  auditIds: readonly string[],
  issuedAtMs: number,
  expiresAtSeconds: number,
  generation: number,
  applicationCredentialId?: string,
]

const PROJECT_MARK = 'p'
const DOMAIN_MARK = 'd'
const TRUST_MARK = 't'
const SCOPE_MARKS: Readonly<Record<Scope['kind'], string>> = {
  unscoped: 'u',
  project: PROJECT_MARK,
  domain: DOMAIN_MARK,
  system: 's',
  trust: TRUST_MARK,
}

function written(claims: Claims): string {
  const { scope } = claims
  const mark = SCOPE_MARKS[scope.kind] + scopeIdOf(scope)
  const { userId, methods, auditIds, issuedAtMs, expiresAtSeconds, generation } = claims
  const { applicationCredentialId: credential } = claims
  const parts: Written = [userId, mark, methods, auditIds, issuedAtMs, expiresAtSeconds, generation]
  return JSON.stringify(credential === undefined ? parts : [...parts, credential])
}

function scopeIdOf(scope: Scope): string {
  if (scope.kind === 'project') return scope.projectId
  if (scope.kind === 'trust') return scope.trustId
  return scope.kind === 'domain' ? scope.domainId : ''
}

/** What was sealed under our own key has this shape: anything else is our bug and throws. */
function parseClaims(plain: string): Claims {
  const parts = JSON.parse(plain) as Written
  const [userId, mark, methods, auditIds, issuedAtMs, expiresAtSeconds, generation, credential] = parts
  return {
    userId,
    scope: scopeOf(mark),
    methods,
    auditIds,
    issuedAtMs,
    expiresAtSeconds,
    generation,
    applicationCredentialId: credential,
  }
}

function scopeOf(mark: string): Scope {
  if (mark.startsWith(PROJECT_MARK)) return { kind: 'project', projectId: mark.slice(1) }
  // While there was one domain its id was not written.
  if (mark.startsWith(DOMAIN_MARK)) return { kind: 'domain', domainId: mark.slice(1) || DEFAULT_DOMAIN_ID }
  if (mark.startsWith(TRUST_MARK)) return { kind: 'trust', trustId: mark.slice(1) }
  return mark === SCOPE_MARKS.system ? { kind: 'system' } : { kind: 'unscoped' }
}

/**
 * Sealed tokens: whoever holds the key ring can say whose a token is, with no lookup and no shared memory, so that no
 * token fails because a process or a cache died, and none is forged or changed.
 *
 *     AUTH_tk + base64url( version 1 | key id 1 | nonce 12 | AES-256-GCM ciphertext | tag 16 )
 *
 * The plaintext is JSON, `[user, tenant, groups, expiresAtSeconds, generation]`; the prefix, version and key id are
 * authenticated with it. A token is refused once its user's generation is higher than its own (revocation) or its user
 * is gone. Verified tokens are remembered, so that a hot one costs no cryptography; expiry and generation are looked at
 * every time.
 */
import type { Clock, Random } from '#base/environment.ts'
import type { KeyRing } from './key-ring.ts'
import type { Principal } from './principal.ts'
import { openText, sealText } from './sealed-text.ts'

const PREFIX_END = 'tk'
/** Verified tokens remembered per process: about 1 KiB each. */
const REMEMBERED_TOKENS = 4096

export type OpenedToken =
  | { readonly kind: 'valid'; readonly principal: Principal; readonly expiresAtSeconds: number }
  | { readonly kind: 'refused'; readonly why: 'not_a_token' | 'expired' | 'revoked' }
  /** Whether it is good cannot be found out now. */
  | { readonly kind: 'unavailable' }

export interface TokenSealOptions {
  readonly clock: Clock
  readonly random: Random
  readonly keys: KeyRing
  /** `AUTH_`: what clients expect a token to begin with. */
  readonly resellerPrefix: string
  readonly lifeSeconds: number
  /** The user's generation; `undefined` when there is no such user (any more). */
  readonly generationOf: (user: string) => number | undefined
}

export interface IssuedToken {
  readonly token: string
  readonly expiresInSeconds: number
}

interface Claims {
  readonly principal: Principal
  readonly expiresAtSeconds: number
  readonly generation: number
}

const NOT_A_TOKEN: OpenedToken = { kind: 'refused', why: 'not_a_token' }
const EXPIRED: OpenedToken = { kind: 'refused', why: 'expired' }
const REVOKED: OpenedToken = { kind: 'refused', why: 'revoked' }

export class TokenSeal {
  readonly #options: TokenSealOptions
  readonly #prefix: string
  readonly #remembered = new Map<string, Claims & { readonly opened: OpenedToken }>()

  constructor(options: TokenSealOptions) {
    this.#options = options
    this.#prefix = options.resellerPrefix + PREFIX_END
  }

  /** A new token for a user that has just proved to be one. */
  issue(principal: Principal): IssuedToken {
    const { clock, lifeSeconds, generationOf } = this.#options
    const claims: Claims = {
      principal,
      expiresAtSeconds: Math.floor(clock.wallMs() / 1000) + lifeSeconds,
      generation: generationOf(principal.user) ?? 0,
    }
    return { token: this.#seal(claims), expiresInSeconds: lifeSeconds }
  }

  /** Whose token this is, or why it is refused. Never throws, whatever the text. */
  open(token: string): OpenedToken {
    const claims = this.#remembered.get(token) ?? this.#verify(token)
    if (claims === undefined) return NOT_A_TOKEN
    if (claims.expiresAtSeconds * 1000 <= this.#options.clock.wallMs()) return this.#forget(token, EXPIRED)
    const generation = this.#options.generationOf(claims.principal.user)
    if (generation === undefined || generation > claims.generation) return this.#forget(token, REVOKED)
    return claims.opened
  }

  #seal(claims: Claims): string {
    const { keys, random } = this.#options
    const { user, tenant, groups } = claims.principal
    const plain = JSON.stringify([user, tenant, groups, claims.expiresAtSeconds, claims.generation])
    return sealText(keys, random, this.#prefix, plain)
  }

  #verify(token: string): (Claims & { readonly opened: OpenedToken }) | undefined {
    const plain = openText(this.#options.keys, this.#prefix, token)
    if (plain === undefined) return undefined
    const claims = claimsFrom(plain)
    const { principal, expiresAtSeconds } = claims
    const verified = { ...claims, opened: { kind: 'valid', principal, expiresAtSeconds } as const }
    if (this.#remembered.size >= REMEMBERED_TOKENS) this.#forgetOldest()
    this.#remembered.set(token, verified)
    return verified
  }

  #forget(token: string, answer: OpenedToken): OpenedToken {
    this.#remembered.delete(token)
    return answer
  }

  #forgetOldest(): void {
    const [oldest] = this.#remembered.keys()
    if (oldest !== undefined) this.#remembered.delete(oldest)
  }
}

/** What was sealed under our own key has this shape: anything else is our bug and throws. */
function claimsFrom(plain: string): Claims {
  const [user, tenant, groups, expiresAtSeconds, generation] = JSON.parse(plain) as [
    string,
    string,
    string[],
    number,
    number,
  ]
  return { principal: { user, tenant, groups }, expiresAtSeconds, generation }
}

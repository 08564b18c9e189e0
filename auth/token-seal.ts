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
import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { Clock, Random } from '#base/environment.ts'
import type { KeyRing } from './key-ring.ts'
import type { Principal } from './principal.ts'

const VERSION = 1
const NONCE_BYTES = 12
const TAG_BYTES = 16
const HEAD_BYTES = 2
const PREFIX_END = 'tk'
const CIPHER = 'aes-256-gcm'
/** Longer tokens than a header line can carry are refused unread. */
const TOKEN_CHARACTERS_MAX = 8192
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
    const key = keys.current()
    const head = Buffer.from([VERSION, key.id])
    const nonce = random.bytes(NONCE_BYTES)
    const cipher = createCipheriv(CIPHER, key.secret, nonce).setAAD(this.#authenticated(head))
    const { user, tenant, groups } = claims.principal
    const plain = JSON.stringify([user, tenant, groups, claims.expiresAtSeconds, claims.generation])
    const sealed = Buffer.concat([
      head,
      nonce,
      cipher.update(plain, 'utf8'),
      cipher.final(),
      cipher.getAuthTag(),
    ])
    return this.#prefix + sealed.toString('base64url')
  }

  #verify(token: string): (Claims & { readonly opened: OpenedToken }) | undefined {
    const claims = this.#unseal(token)
    if (claims === undefined) return undefined
    const { principal, expiresAtSeconds } = claims
    const verified = { ...claims, opened: { kind: 'valid', principal, expiresAtSeconds } as const }
    if (this.#remembered.size >= REMEMBERED_TOKENS) this.#forgetOldest()
    this.#remembered.set(token, verified)
    return verified
  }

  #unseal(token: string): Claims | undefined {
    if (!token.startsWith(this.#prefix) || token.length > TOKEN_CHARACTERS_MAX) return undefined
    const sealed = Buffer.from(token.slice(this.#prefix.length), 'base64url')
    if (sealed.length <= HEAD_BYTES + NONCE_BYTES + TAG_BYTES || sealed[0] !== VERSION) return undefined
    const key = this.#options.keys.find(sealed[1] as number)
    if (key === undefined) return undefined
    const nonceEnd = HEAD_BYTES + NONCE_BYTES
    const decipher = createDecipheriv(CIPHER, key.secret, sealed.subarray(HEAD_BYTES, nonceEnd), {
      authTagLength: TAG_BYTES,
    })
    decipher.setAAD(this.#authenticated(sealed.subarray(0, HEAD_BYTES)))
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
    try {
      const plain = decipher.update(sealed.subarray(nonceEnd, -TAG_BYTES), undefined, 'utf8')
      return claimsFrom(plain + decipher.final('utf8'))
    } catch {
      return undefined
    }
  }

  #authenticated(head: Buffer): Buffer {
    return Buffer.concat([Buffer.from(this.#prefix), head])
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

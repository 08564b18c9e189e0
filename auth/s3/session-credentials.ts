/**
 * Temporary credentials: an access key, a secret, and a session token in which both are sealed together with the lasting key
 * that they came of, until when they are good, and what they may do at most. Any process opens them, and nothing is stored. Whose they
 * are is who holds the lasting key now: they end when their time is up, and at once when that key is gone or its holder's tokens are made
 * void (the generation).
 */
import { hash } from 'node:crypto'
import { AgingLru } from '#base/aging-lru.ts'
import type { Clock, Random } from '#base/environment.ts'
import type { KeyRing } from '../key-ring.ts'
import { inRole } from '../roles.ts'
import { openText, sealText } from '../sealed-text.ts'
import type { AccessKeys, KeyHolder } from './access-keys.ts'
import { isRefused, type Refusal, refuse } from './refusal.ts'

export interface Session {
  /** What the holder calls it; of AssumeRole and GetFederationToken. */
  readonly name: string
  /** What it may do at most, a policy document; all that its holder may when `undefined`. */
  readonly policy: string | undefined
  /** The role that its holder has taken on (`roles.ts`); what it may do is what the role may. */
  readonly role?: string | undefined
}

/** Who is given a session, and by which lasting key they have just proved who they are. */
export interface SessionParent {
  readonly accessKey: string
  readonly holder: KeyHolder
}

export interface SessionCredentials {
  readonly accessKey: string
  readonly secret: string
  readonly parent: SessionParent
  readonly session: Session
  readonly expiresAtMs: number
}

export interface IssuedSession extends SessionCredentials {
  readonly sessionToken: string
}

export interface SessionsOptions {
  readonly clock: Clock
  readonly random: Random
  readonly keys: KeyRing
  readonly accessKeys: AccessKeys
}

const TOKEN_PREFIX = 'MSES'
/** What the access keys of AWS's sessions begin with. */
const ACCESS_KEY_PREFIX = 'ASIA'
const ACCESS_KEY_CHARACTERS = 16
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
/** 40 characters of base64. */
const SECRET_BYTES = 30
/** About 2 KiB each. */
const REMEMBERED_MAX = 4096
const REMEMBERED_MS = 600_000

export class Sessions {
  readonly #options: SessionsOptions
  readonly #remembered: AgingLru<SessionCredentials>

  constructor(options: SessionsOptions) {
    this.#options = options
    this.#remembered = new AgingLru(options.clock, REMEMBERED_MAX)
  }

  /** New credentials for somebody who has just proved to be the holder. */
  issue(parent: SessionParent, session: Session, lifeSeconds: number): IssuedSession {
    const { clock, random, keys } = this.#options
    const claims: SessionCredentials = {
      accessKey: ACCESS_KEY_PREFIX + lettersOf(random),
      secret: random.bytes(SECRET_BYTES).toString('base64'),
      parent,
      session,
      expiresAtMs: (Math.floor(clock.wallMs() / 1000) + lifeSeconds) * 1000,
    }
    return { ...claims, sessionToken: sealText(keys, random, TOKEN_PREFIX, JSON.stringify(claims)) }
  }

  /** The credentials in a token that somebody brings together with the access key, and who holds the key they came of now. */
  async open(token: string, accessKey: string): Promise<SessionCredentials | Refusal> {
    const claims = this.#claimsIn(token)
    if (isRefused(claims)) return claims
    if (claims.accessKey !== accessKey) return invalid(token)
    const { clock, accessKeys } = this.#options
    if (claims.expiresAtMs <= clock.wallMs()) return refuse('ExpiredToken', undefined, { 'Token-0': token })
    const found = await accessKeys.find(claims.parent.accessKey)
    switch (found.kind) {
      case 'secret': {
        const isVoid = (found.holder.generation ?? 0) > (claims.parent.holder.generation ?? 0)
        return isVoid ? invalid(token) : heldBy(claims, found.holder, token)
      }
      // Who keeps it could say no more than whether a signature is right; such a session lives for its time.
      case 'elsewhere':
        return heldBy(claims, claims.parent.holder, token)
      case 'unavailable':
        return refuse('ServiceUnavailable')
      case 'unknown':
        return invalid(token)
    }
  }

  #claimsIn(token: string): SessionCredentials | Refusal {
    const name = hash('sha256', token, 'base64')
    const known = this.#remembered.get(name)
    if (known !== undefined) return known
    const plain = openText(this.#options.keys, TOKEN_PREFIX, token)
    if (plain === undefined) return invalid(token)
    // What was sealed under our own key has this shape: anything else is our bug and throws.
    const claims = JSON.parse(plain) as SessionCredentials
    this.#remembered.set(name, claims, REMEMBERED_MS)
    return claims
  }
}

/** Who has a role no more has lost what it gave. */
function heldBy(claims: SessionCredentials, holder: KeyHolder, token: string): SessionCredentials | Refusal {
  const { session, parent } = claims
  if (session.role === undefined) return { ...claims, parent: { ...parent, holder } }
  const role = { name: session.role, session: session.name }
  const principal = inRole(holder.principal, holder.account, role)
  if (principal === undefined) return invalid(token)
  const { user } = principal
  return { ...claims, parent: { ...parent, holder: { ...holder, user, displayName: user, principal } } }
}

function invalid(token: string): Refusal {
  return refuse('InvalidToken', undefined, { 'Token-0': token })
}

function lettersOf(random: Random): string {
  return [...random.bytes(ACCESS_KEY_CHARACTERS)].map((byte) => ALPHABET[byte % ALPHABET.length]).join('')
}

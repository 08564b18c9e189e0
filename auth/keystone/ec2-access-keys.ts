/**
 * Access keys that users keep at Keystone (its EC2 credentials). Keystone verifies a signature without telling the secret
 * (`POST /v3/s3tokens`); where it lets us see the secret, too, signatures are verified here for a while, chunk by chunk as well. That while
 * is how long a key may still be good after it was taken away, and no longer.
 *
 * A signature that Keystone does not confirm is not remembered: somebody else's bad signature must not shut the holder out.
 */
import { AgingLru } from '#base/aging-lru.ts'
import type { Logger } from '#base/log.ts'
import type { AccessKeys, Confirmation, FoundKey, KeyHolder, SignedText } from '../s3/access-keys.ts'
import { exchange, type KeystoneAnswer, type KeystoneExchangeOptions } from './keystone-exchange.ts'
import { type KeystoneRules, keystonePrincipal } from './keystone-rules.ts'
import { type KeystoneCredentials, OwnToken } from './own-token.ts'
import { type KeystoneToken, parseEc2Secret, parseTokenAnswer } from './token-answer.ts'

export interface Ec2AccessKeysOptions extends KeystoneExchangeOptions {
  readonly log: Logger
  readonly credentials: KeystoneCredentials
  readonly rules: KeystoneRules
  /** How long a secret is believed to be good, milliseconds. */
  readonly cacheMs: number
}

const REMEMBERED_MAX = 10_000
/** Confirmations under way at the same time; a Keystone that hangs must not hold memory without bound. */
const UNDER_WAY_MAX = 256
/** 401 may mean that our own token is refused; a new one is taken out for that no more often than this. */
const OWN_TOKEN_PAUSE_MS = 10_000
/** Keystone makes 32 hex digits; users may bring their own. */
const ACCESS_KEY = /^[\x21-\x7e]{1,255}$/

const UNKNOWN: FoundKey = { kind: 'unknown' }
const UNAVAILABLE: Confirmation = { kind: 'unavailable' }
const DENIED: Confirmation = { kind: 'denied' }
const NO_SUCH_KEY: Confirmation = { kind: 'unknown' }

export class Ec2AccessKeys implements AccessKeys {
  readonly #options: Ec2AccessKeysOptions
  readonly #own: OwnToken
  readonly #remembered: AgingLru<Extract<FoundKey, { readonly kind: 'secret' }>>
  #underWay = 0
  #renewedAtMs = Number.NEGATIVE_INFINITY
  #secrets: 'shown' | 'kept' = 'shown'

  constructor(options: Ec2AccessKeysOptions) {
    this.#options = options
    this.#own = new OwnToken(options, options.credentials)
    this.#remembered = new AgingLru(options.clock, REMEMBERED_MAX)
  }

  async find(accessKey: string): Promise<FoundKey> {
    if (!ACCESS_KEY.test(accessKey)) return UNKNOWN
    const known = this.#remembered.get(accessKey)
    return known ?? { kind: 'elsewhere', confirm: (signed) => this.#confirm(signed) }
  }

  async #confirm(signed: SignedText): Promise<Confirmation> {
    if (this.#underWay >= UNDER_WAY_MAX) return UNAVAILABLE
    this.#underWay += 1
    try {
      return await this.#ask(signed)
    } finally {
      this.#underWay -= 1
    }
  }

  async #ask(signed: SignedText): Promise<Confirmation> {
    const answer = await this.#withOwnToken((token) => this.#sendSignature(signed, token))
    if (answer.kind === 'unavailable') return this.#failing(answer.reason)
    if (answer.status === 404) return NO_SUCH_KEY
    if (answer.status === 401 || answer.status === 403) return DENIED
    const token = answer.status === 200 ? parseTokenAnswer(answer.body) : undefined
    if (token === undefined) return this.#failing(`a signature was answered ${answer.status}`)
    const holder = holderOf(token, this.#options.rules)
    if (holder === undefined) return DENIED
    const secret = await this.#secretOf(token.user.id, signed.accessKey)
    if (secret !== undefined) {
      this.#remembered.set(signed.accessKey, { kind: 'secret', secret, holder }, this.#options.cacheMs)
    }
    return { kind: 'confirmed', holder, secret }
  }

  #sendSignature({ accessKey, stringToSign, signature }: SignedText, own: string): Promise<KeystoneAnswer> {
    const token = Buffer.from(stringToSign, 'latin1').toString('base64url')
    // Python's decoder wants the padding.
    const padded = token.padEnd(Math.ceil(token.length / 4) * 4, '=')
    const body = { credentials: { access: accessKey, token: padded, signature } }
    return exchange(this.#options, {
      method: 'POST',
      target: '/s3tokens',
      headers: { 'content-type': 'application/json', 'x-auth-token': own },
      body: Buffer.from(JSON.stringify(body)),
    })
  }

  /** `undefined` where Keystone does not show it to us. */
  async #secretOf(userId: string, accessKey: string): Promise<string | undefined> {
    const target =
      `/users/${encodeURIComponent(userId)}/credentials/OS-EC2/${encodeURIComponent(accessKey)}` as const
    const answer = await this.#withOwnToken((token) =>
      exchange(this.#options, { method: 'GET', target, headers: { 'x-auth-token': token } }),
    )
    const secret = answer.kind === 'answer' && answer.status === 200 ? parseEc2Secret(answer.body) : undefined
    const state = secret === undefined ? 'kept' : 'shown'
    if (state === 'kept' && this.#secrets === 'shown') {
      const status = answer.kind === 'answer' ? answer.status : answer.reason
      this.#options.log.warn(
        { status },
        'Keystone does not show secrets of EC2 credentials: it is asked at every request, and bodies in signed chunks are refused',
      )
    }
    this.#secrets = state
    return secret
  }

  /** 401 says that the signature is bad, or that our own token is not accepted (any more): a new one is tried, now and then. */
  async #withOwnToken(ask: (token: string) => Promise<KeystoneAnswer>): Promise<KeystoneAnswer> {
    const first = await this.#own.get()
    if (first.kind === 'unavailable') return first
    const answer = await ask(first.token)
    const nowMs = this.#options.clock.monotonicMs()
    const isRefused = answer.kind === 'answer' && answer.status === 401
    if (!isRefused || nowMs - this.#renewedAtMs < OWN_TOKEN_PAUSE_MS) return answer
    this.#renewedAtMs = nowMs
    this.#own.forget(first.token)
    const second = await this.#own.get()
    return second.kind === 'unavailable' ? second : await ask(second.token)
  }

  #failing(reason: string): Confirmation {
    this.#options.log.warn({ reason }, 'Keystone cannot be asked about an access key')
    return UNAVAILABLE
  }
}

/** `undefined`: the credentials are for no project, and so own nothing here. */
function holderOf(token: KeystoneToken, rules: KeystoneRules): KeyHolder | undefined {
  const principal = keystonePrincipal(token, undefined, rules)
  const account = principal.keystone?.projectAccounts[0]
  if (account === undefined) return undefined
  return { user: principal.user, displayName: token.user.name, principal, account }
}

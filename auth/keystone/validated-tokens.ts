/**
 * Tokens whose validation is remembered, so that Keystone is asked once per token, process and `cacheMs`, not once per
 * request. That is also how long a token may still be good after it was revoked, and no longer: what was not validated
 * within `cacheMs` is not believed, also while Keystone is down. The expiry of a token is looked at every time.
 *
 * Refusals are remembered for a few seconds and apart from the others, so that bad tokens neither reach Keystone in
 * numbers nor drive out good ones. That Keystone could not be asked is never remembered. Tokens are kept as digests.
 */
import { hash } from 'node:crypto'
import { AgingLru } from '#base/aging-lru.ts'
import type { Clock } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import type { BoundCounter, Metrics } from '#base/metrics.ts'
import type { ExpiredTokens, TokenValidator, Validation } from './keystone-client.ts'
import type { KeystoneToken } from './token-answer.ts'

export interface ValidatedTokensOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
  readonly validator: TokenValidator
  /** How long a validation is believed, milliseconds. */
  readonly cacheMs: number
}

/** About 1 KiB each. */
const REMEMBERED_MAX = 10_000
const REFUSED_MAX = 10_000
const REFUSED_MS = 10_000
/** Validations under way at the same time; a Keystone that hangs must not hold memory without bound. */
const UNDER_WAY_MAX = 512
/** Longer ones than a header line can carry are no tokens. */
const TOKEN_CHARACTERS_MAX = 8192
const TOKEN_CHARACTERS = /^[\x21-\x7e]+$/

const INVALID: Validation = { kind: 'invalid' }
const CROWDED: Validation = { kind: 'unavailable', reason: `${UNDER_WAY_MAX} validations are under way` }

type Outcome = Validation['kind'] | 'remembered'

export class ValidatedTokens implements TokenValidator {
  readonly #options: ValidatedTokensOptions
  readonly #remembered: AgingLru<KeystoneToken>
  readonly #refused: AgingLru<true>
  readonly #underWay = new Map<string, Promise<Validation>>()
  readonly #counters: Readonly<Record<Outcome, BoundCounter>>
  #keystone: 'well' | 'failing' = 'well'

  constructor(options: ValidatedTokensOptions) {
    this.#options = options
    this.#remembered = new AgingLru(options.clock, REMEMBERED_MAX)
    this.#refused = new AgingLru(options.clock, REFUSED_MAX)
    const family = options.metrics.counter<'outcome'>({
      name: 'martlet_keystone_validations_total',
      help: 'Tokens of Keystone that requests brought, by what was known or learnt of them.',
      labels: ['outcome'],
    })
    const counter = (outcome: Outcome): BoundCounter => family.with({ outcome })
    this.#counters = {
      valid: counter('valid'),
      invalid: counter('invalid'),
      unavailable: counter('unavailable'),
      remembered: counter('remembered'),
    }
  }

  async validate(token: string, expired: ExpiredTokens): Promise<Validation> {
    if (token.length > TOKEN_CHARACTERS_MAX || !TOKEN_CHARACTERS.test(token)) return INVALID
    const key = `${expired} ${hash('sha256', token, 'base64')}`
    const known = this.#known(key, expired)
    if (known !== undefined) {
      this.#counters.remembered.add()
      return known
    }
    const validation = await this.#ask(key, token, expired)
    this.#counters[validation.kind].add()
    return validation
  }

  #known(key: string, expired: ExpiredTokens): Validation | undefined {
    if (this.#refused.get(key) === true) return INVALID
    const token = this.#remembered.get(key)
    if (token === undefined) return undefined
    return this.#judged(token, expired)
  }

  /** A token that expired since it was validated is not good any more. */
  #judged(token: KeystoneToken, expired: ExpiredTokens): Validation {
    const isOver = expired === 'refused' && token.expiresAtMs <= this.#options.clock.wallMs()
    return isOver ? INVALID : { kind: 'valid', token }
  }

  #ask(key: string, token: string, expired: ExpiredTokens): Promise<Validation> {
    const already = this.#underWay.get(key)
    if (already !== undefined) return already
    if (this.#underWay.size >= UNDER_WAY_MAX) return Promise.resolve(CROWDED)
    const asked = this.#askKeystone(key, token, expired).finally(() => this.#underWay.delete(key))
    this.#underWay.set(key, asked)
    return asked
  }

  async #askKeystone(key: string, token: string, expired: ExpiredTokens): Promise<Validation> {
    const beganMs = this.#options.clock.monotonicMs()
    const validation = await this.#options.validator.validate(token, expired)
    this.#noteState(validation)
    if (validation.kind === 'unavailable') return validation
    if (validation.kind === 'invalid') {
      this.#refused.set(key, true, REFUSED_MS)
      return validation
    }
    // It was so when Keystone answered, at the earliest when we asked.
    const tookMs = this.#options.clock.monotonicMs() - beganMs
    this.#remembered.set(key, validation.token, this.#options.cacheMs - tookMs)
    return this.#judged(validation.token, expired)
  }

  #noteState(validation: Validation): void {
    const { log } = this.#options
    if (validation.kind === 'unavailable') {
      if (this.#keystone === 'well') log.warn({ reason: validation.reason }, 'Keystone cannot be asked')
      this.#keystone = 'failing'
    } else {
      if (this.#keystone === 'failing') log.info({}, 'Keystone answers again')
      this.#keystone = 'well'
    }
  }
}

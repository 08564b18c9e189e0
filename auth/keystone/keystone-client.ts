/**
 * Asks Keystone whose a token is (OpenStack Identity API v3, `GET /v3/auth/tokens`). Only Keystone's own 404 makes a token
 * invalid; whatever else is not a plain yes leaves it open, and an open question lets nobody in.
 */
import { RULES_HEADER, RULES_VERSION } from '../access-rules.ts'
import {
  exchange,
  type KeystoneAnswer,
  type KeystoneExchangeOptions,
  type Unavailable,
} from './keystone-exchange.ts'
import { type KeystoneCredentials, OwnToken } from './own-token.ts'
import { type KeystoneToken, parseTokenAnswer } from './token-answer.ts'

export type Validation =
  | { readonly kind: 'valid'; readonly token: KeystoneToken }
  | { readonly kind: 'invalid' }
  | Unavailable

/**
 * Whether a token that has expired is good: `accepted` within the time that Keystone allows (`allow_expired_window`), for
 * requests of a user that a service carries on.
 */
export type ExpiredTokens = 'refused' | 'accepted'

/** What answers validations: Keystone, or a twin in tests. */
export interface TokenValidator {
  validate(token: string, expired: ExpiredTokens): Promise<Validation>
}

export interface KeystoneClientOptions extends KeystoneExchangeOptions {
  readonly credentials: KeystoneCredentials
}

const INVALID: Validation = { kind: 'invalid' }

export class KeystoneClient implements TokenValidator {
  readonly #options: KeystoneExchangeOptions
  readonly #own: OwnToken

  constructor({ credentials, ...options }: KeystoneClientOptions) {
    this.#options = options
    this.#own = new OwnToken(options, credentials)
  }

  /** Takes at most twice the time of one exchange. */
  async validate(token: string, expired: ExpiredTokens): Promise<Validation> {
    const { clock, timeoutMs } = this.#options
    const deadlineMs = clock.monotonicMs() + 2 * timeoutMs
    const first = await this.#ask(token, expired, deadlineMs)
    if (first !== 'own_token_refused') return first
    const second = await this.#ask(token, expired, deadlineMs)
    return second === 'own_token_refused' ? unavailable('our own token is refused') : second
  }

  async #ask(
    token: string,
    expired: ExpiredTokens,
    deadlineMs: number,
  ): Promise<Validation | 'own_token_refused'> {
    const own = await this.#own.get()
    if (own.kind === 'unavailable') return own
    const answer = await exchange(
      this.#options,
      {
        method: 'GET',
        target: expired === 'accepted' ? '/auth/tokens?nocatalog&allow_expired=1' : '/auth/tokens?nocatalog',
        headers: {
          'x-auth-token': own.token,
          'x-subject-token': token,
          [RULES_HEADER]: String(RULES_VERSION),
        },
      },
      deadlineMs - this.#options.clock.monotonicMs(),
    )
    if (answer.kind !== 'answer' || answer.status !== 401) return validationOf(answer)
    this.#own.forget(own.token)
    return 'own_token_refused'
  }
}

function validationOf(answer: KeystoneAnswer): Validation {
  if (answer.kind === 'unavailable') return answer
  if (answer.status === 404) return INVALID
  if (answer.status !== 200) return unavailable(`a validation was answered ${answer.status}`)
  const token = parseTokenAnswer(answer.body)
  return token === undefined ? unavailable('a validation cannot be understood') : { kind: 'valid', token }
}

function unavailable(reason: string): Unavailable {
  return { kind: 'unavailable', reason }
}

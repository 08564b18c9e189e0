/**
 * The token under which we ask Keystone about other tokens: taken out when it is first needed, kept until shortly before
 * it expires, taken out anew when Keystone does not accept it any more. Whoever needs it at the same moment shares one
 * sign-in, and a sign-in that failed is not tried again at once.
 */
import { exchange, type KeystoneExchangeOptions, type Unavailable } from './keystone-exchange.ts'
import { parseExpiry } from './token-answer.ts'

/** Who we are towards Keystone. */
export type KeystoneCredentials =
  | {
      readonly kind: 'password'
      readonly user: string
      /** Name of the domain. */
      readonly userDomain: string
      readonly password: string
      readonly project: string
      readonly projectDomain: string
    }
  | { readonly kind: 'application_credential'; readonly id: string; readonly secret: string }

export type OwnTokenOutcome = { readonly kind: 'token'; readonly token: string } | Unavailable

/** A token is not used in its last minute: it may expire on the way. */
const SPARED_MS = 60_000
/** After a sign-in that failed. */
const PAUSE_MS = 1_000

export class OwnToken {
  readonly #options: KeystoneExchangeOptions
  readonly #credentials: KeystoneCredentials
  #held: { readonly token: string; readonly untilMs: number } | undefined
  #signingIn: Promise<OwnTokenOutcome> | undefined
  #failure: { readonly outcome: Unavailable; readonly untilMs: number } | undefined

  constructor(options: KeystoneExchangeOptions, credentials: KeystoneCredentials) {
    this.#options = options
    this.#credentials = credentials
  }

  /** Never rejects, save for our own bugs. */
  async get(): Promise<OwnTokenOutcome> {
    const { clock } = this.#options
    if (this.#held !== undefined && clock.wallMs() < this.#held.untilMs) {
      return { kind: 'token', token: this.#held.token }
    }
    if (this.#failure !== undefined && clock.monotonicMs() < this.#failure.untilMs)
      return this.#failure.outcome
    this.#signingIn ??= this.#signIn().finally(() => {
      this.#signingIn = undefined
    })
    return await this.#signingIn
  }

  /** Keystone did not accept this one. */
  forget(token: string): void {
    if (this.#held?.token === token) this.#held = undefined
  }

  async #signIn(): Promise<OwnTokenOutcome> {
    const outcome = await this.#askForToken()
    this.#failure =
      outcome.kind === 'token'
        ? undefined
        : { outcome, untilMs: this.#options.clock.monotonicMs() + PAUSE_MS }
    return outcome
  }

  async #askForToken(): Promise<OwnTokenOutcome> {
    const answer = await exchange(this.#options, {
      method: 'POST',
      target: '/auth/tokens?nocatalog',
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify(signInBody(this.#credentials))),
    })
    if (answer.kind === 'unavailable') return answer
    const { status, subjectToken, body } = answer
    if (status !== 201 || subjectToken === undefined) {
      return { kind: 'unavailable', reason: `our sign-in was answered ${status}` }
    }
    const expiresAtMs = parseExpiry(body)
    if (expiresAtMs === undefined) return { kind: 'unavailable', reason: 'our sign-in has no expiry' }
    this.#held = { token: subjectToken, untilMs: expiresAtMs - SPARED_MS }
    return { kind: 'token', token: subjectToken }
  }
}

/** The body of `POST /v3/auth/tokens`. */
export function signInBody(credentials: KeystoneCredentials): unknown {
  if (credentials.kind === 'application_credential') {
    const { id, secret } = credentials
    return {
      auth: { identity: { methods: ['application_credential'], application_credential: { id, secret } } },
    }
  }
  const { user, userDomain, password, project, projectDomain } = credentials
  return {
    auth: {
      identity: {
        methods: ['password'],
        password: { user: { name: user, domain: { name: userDomain }, password } },
      },
      scope: { project: { name: project, domain: { name: projectDomain } } },
    },
  }
}

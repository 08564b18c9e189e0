/**
 * Signs in at a Swift of another installation: by Swift's own first scheme (`GET` of the address with user and key), or at
 * a Keystone, whose catalogue tells where the object store is. What was given out is kept until shortly before it expires,
 * and whoever needs it at the same moment shares one sign-in.
 */
import { exchange, type KeystoneAddress, keystoneAddress } from '#auth/keystone/keystone-exchange.ts'
import { type KeystoneCredentials, signInBody } from '#auth/keystone/own-token.ts'
import { parseExpiry } from '#auth/keystone/token-answer.ts'
import type { Clock } from '#base/environment.ts'
import { isObject } from '../model/json-schema.ts'
import { type RemoteNetwork, Site, type Unreachable } from './site.ts'

export interface Session {
  readonly kind: 'session'
  readonly token: string
  /** Where the service is. */
  readonly url: URL
  /** Wall clock milliseconds; `undefined` when nobody said. */
  readonly expiresAtMs: number | undefined
}

export type SignIn = () => Promise<Session | Unreachable>

/** A session is not used in its last minute: a long upload may begin in it. */
const SPARED_MS = 60_000
/** One of which nobody said when it ends, milliseconds; half the life of a token of Swift's. */
const PRESUMED_LIFE_MS = 43_200_000

export class HeldSession {
  readonly #clock: Clock
  readonly #signIn: SignIn
  #held: { readonly session: Session; readonly untilMs: number } | undefined
  #signingIn: Promise<Session | Unreachable> | undefined

  constructor(clock: Clock, signIn: SignIn) {
    this.#clock = clock
    this.#signIn = signIn
  }

  async get(): Promise<Session | Unreachable> {
    if (this.#held !== undefined && this.#clock.wallMs() < this.#held.untilMs) return this.#held.session
    this.#signingIn ??= this.#signInNow().finally(() => {
      this.#signingIn = undefined
    })
    return await this.#signingIn
  }

  /** The other side did not accept this one. */
  forget(session: Session): void {
    if (this.#held?.session === session) this.#held = undefined
  }

  async #signInNow(): Promise<Session | Unreachable> {
    const session = await this.#signIn()
    if (session.kind === 'session') {
      const { expiresAtMs = this.#clock.wallMs() + PRESUMED_LIFE_MS } = session
      this.#held = { session, untilMs: expiresAtMs - SPARED_MS }
    }
    return session
  }
}

export interface FirstCredentials {
  readonly authUrl: string
  readonly user: string
  readonly key: string
}

/** Swift's first scheme. OpenStack Glance asks with a slash at the end of the address; every server takes it without. */
export function firstSignIn(network: RemoteNetwork, credentials: FirstCredentials): SignIn {
  const { authUrl, user, key } = credentials
  const site = new Site(network, new URL(authUrl))
  return async () => {
    const headers = { 'x-auth-user': user, 'x-auth-key': key }
    const answer = await site.ask(() => ({ method: 'GET', path: '', headers }))
    if (answer.kind === 'unreachable') return answer
    const [token, url] = [answer.header('x-auth-token'), answer.header('x-storage-url')]
    if (answer.status >= 300 || token === undefined || url === undefined || !URL.canParse(url)) {
      return { kind: 'unreachable', reason: `our sign-in was answered ${answer.status}` }
    }
    const lifeSeconds = Number(answer.header('x-auth-token-expires') ?? Number.NaN)
    const expiresAtMs = Number.isFinite(lifeSeconds) ? network.clock.wallMs() + lifeSeconds * 1000 : undefined
    return { kind: 'session', token, url: new URL(url), expiresAtMs }
  }
}

export interface KeystoneSignIn {
  readonly authUrl: string
  readonly credentials: KeystoneCredentials
  /** Type of the service in the catalogue. */
  readonly service: 'object-store' | 'image'
  readonly region?: string | undefined
  readonly interface: 'public' | 'internal' | 'admin'
}

/** Version 3 of the Identity API. */
export function keystoneSignIn(network: RemoteNetwork, wanted: KeystoneSignIn): SignIn {
  const address: KeystoneAddress = keystoneAddress(wanted.authUrl)
  const { clock, transport, responseTimeoutMs } = network
  const options = { clock, transport: transport(address.secure), address, timeoutMs: responseTimeoutMs }
  const body = Buffer.from(JSON.stringify(signInBody(wanted.credentials)))
  return async () => {
    const headers = { 'content-type': 'application/json' }
    const answer = await exchange(options, { method: 'POST', target: '/auth/tokens', headers, body })
    if (answer.kind === 'unavailable') return { kind: 'unreachable', reason: answer.reason }
    const { status, subjectToken } = answer
    if (status !== 201 || subjectToken === undefined) {
      return { kind: 'unreachable', reason: `our sign-in was answered ${status}` }
    }
    const url = endpointIn(answer.body, wanted)
    if (url === undefined) return { kind: 'unreachable', reason: `the catalogue names no ${wanted.service}` }
    return { kind: 'session', token: subjectToken, url, expiresAtMs: parseExpiry(answer.body) }
  }
}

type Members = Readonly<Record<string, unknown>>

/** Where the catalogue of a token says that a service is; regions are compared without case, as OpenStack Glance does. */
function endpointIn(body: Buffer, { service, region, interface: face }: KeystoneSignIn): URL | undefined {
  const { token } = parsed(body)
  const services = listIn(isObject(token) ? token['catalog'] : undefined)
  const endpoints = services
    .filter(({ type }) => type === service)
    .flatMap(({ endpoints: all }) => listIn(all))
  const fitting = endpoints.find((endpoint) => {
    const its = String(endpoint['region_id'] ?? endpoint['region'] ?? '').toLowerCase()
    return endpoint['interface'] === face && (region === undefined || its === region.toLowerCase())
  })
  return URL.parse(String(fitting?.['url'] ?? '')) ?? undefined
}

function listIn(value: unknown): readonly Members[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

function parsed(body: Buffer): Members {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return isObject(value) ? value : {}
  } catch {
    return {}
  }
}
